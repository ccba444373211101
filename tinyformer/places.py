"""Where may one write, what stands there already, and what comes through the standard input?

A place is refused before any work is done, and a check leaves nothing behind.
"""

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tinyformer.errors import InputError

MODEL = "config.json"                         # stands in every folder of a model
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}               # what a system says where there is no room
END = "Ctrl-Z and Enter" if os.name == "nt" else "Ctrl-D"      # what ends an input at a terminal


class NoRoom(InputError):
    """The disk is full, or a file may not become so large; the message says what is needed (exit status 1)."""


def say(line: str) -> None:
    """A remark on the way: on the standard error, so that what is asked for stands alone on the output."""
    if sys.stderr is None:                                     # the caller closed it, as `2>&-` does
        return
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:                                            # nobody listens, and the work is worth going on with
        _speak_to_nobody(sys.stderr)


def show(line: str) -> None:
    """What a long work leads to: on the output, unless nobody listens there any more, as behind `| head`."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        _speak_to_nobody(sys.stdout)


def _speak_to_nobody(output) -> None:
    """From now on whatever is written there is lost without a word."""
    with suppress(OSError):                                    # of no file, where a test or a notebook has replaced it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, output.fileno())
        os.close(nowhere)


# ---- where to write --------------------------------------------------------------------------------------------------


def check_folder(out: str | Path) -> Path:
    """The folder, which need not be there yet; InputError where nothing can be written into it."""
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file, and a folder is needed; choose another --out")
    _check_above(folder)
    return folder


def check_figures(out: str | Path) -> Path:
    """A folder for figures; InputError where a model has its own, or where nothing can be written."""
    folder = check_folder(out)
    if (folder / MODEL).exists():
        raise InputError(f"{folder} holds a model whose own figures stand there; --out takes another folder")
    return folder


def check_file(out: str | Path, overwrite: bool = False) -> Path:
    """The file, which need not be there yet; InputError where it cannot be written, or is there and may be lost."""
    file = Path(out)
    if file.is_dir():
        raise InputError(f"{file} is a folder, and a file is to be written; choose another --out")
    if file.is_file() and not overwrite:
        raise InputError(f"{file} is there already; choose another --out, or replace it (--overwrite)")
    _check_above(file)
    return file


def make_folder(out: str | Path) -> Path:
    """Make the folder, and try it with a file that is gone at once; InputError where nothing can be written."""
    folder = check_folder(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom(f"{folder}: cannot be written ({error.strerror}); make room, or choose another "
                         "--out") from None
        raise _refused(folder, error.strerror) from None


def refuse_used(folder: Path, names: Iterable[str], what: str, go_on: str = "") -> None:
    """InputError where one of these stands in the folder already; `go_on` says how to go on with it, if one can."""
    used = [name for name in names if (folder / name).exists()]
    if used:
        raise InputError(f"{folder} holds {what} already ({', '.join(used[:3])}); {go_on}choose another --out, or "
                         "replace it (overwrite=True, --overwrite)")


@contextmanager
def room_for(path: Path, size: int) -> Iterator[None]:
    """Write so many bytes to `path` in this block; NoRoom that says so where there is no room for them."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise NoRoom(f"{path}: cannot be written ({error.strerror}); it takes {size:,} bytes: make room") from error


def _check_above(path: Path) -> None:
    """Hold the nearest of `path` and the folders above it that is there to what writing needs."""
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    if there != path and not there.is_dir():
        raise _refused(path, f"{there} is a file")
    if not os.access(there, os.W_OK):
        raise _refused(path, f"{there}: Permission denied")


def _refused(path: Path, reason: str | None) -> InputError:
    return InputError(f"{path}: cannot be written ({reason}); choose another --out")


# ---- what comes in ---------------------------------------------------------------------------------------------------


def special_file(path: str | os.PathLike) -> str | None:
    """What stands at a path if it is no regular file, such as "a FIFO (named pipe)"; OSError where nothing does."""
    mode = os.stat(path).st_mode
    kinds = [(stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO (named pipe)"), (stat.S_ISSOCK, "a socket"),
             (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device")]
    return None if stat.S_ISREG(mode) else next((name for test, name in kinds if test(mode)), "a special file")


def file_bytes(path: Path, needed: str) -> bytes:
    """What stands in a file; InputError, which says what is `needed`, such as "a WAV file", where none can be read."""
    try:
        if (kind := special_file(path)) is not None:           # opening a FIFO would wait for ever
            raise InputError(f"{path} is {kind}, and {needed} is needed")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def read_text() -> str:
    """What comes through the standard input, without its last line break; '' where that is a terminal or closed."""
    return "".join(_input()).removesuffix("\n") if _is_piped() else ""


def read_lines(missing: str, typed: bool = True) -> Iterator[str]:
    """The lines of the standard input that hold something, each as soon as it comes.

    InputError with the words of `missing` where there is none, and, if not `typed`, where they would have to be typed
    at a terminal.
    """
    if sys.stdin is None or not (typed or _is_piped()):
        raise InputError(missing)
    if not _is_piped():
        say(f"one text a line; {END} ends")
    found = False
    for line in _input():
        if line.strip():
            found = True
            yield line.rstrip("\r\n")
    if not found:
        raise InputError(missing)


def _is_piped() -> bool:
    return sys.stdin is not None and not sys.stdin.isatty()


def _input() -> Iterator[str]:
    """The lines of the standard input as UTF-8, whatever the locale: a byte that is no text is an error everywhere."""
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    try:
        yield from sys.stdin
    except UnicodeDecodeError as error:
        raise InputError(f"the standard input is not UTF-8 (byte 0x{error.object[error.start]:02x}: {error.reason}); "
                         "convert it first, for instance: iconv -f WINDOWS-1252 -t UTF-8") from None

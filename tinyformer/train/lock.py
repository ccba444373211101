"""Who works in this folder?  One run at a time, which says so in a file: a second one is refused, and told who it is.

The file is locked while the run lives, and the system lets go of it whatever the run dies of.  So a file that nobody
holds was left by a run that was killed, and is taken over, if that was on this machine: of a lock on another one the
system here may not hear.  Where a file system knows no locks, the number of the process decides whether it lives.
"""

import errno
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tinyformer.errors import InputError
from tinyformer.places import room_for

LOCK = "run.lock"
TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}            # by somebody else; any other error: there are no locks
BEYOND = 1 << 30                                               # the byte that Windows locks, behind all that is read


@contextmanager
def only_run(folder: Path) -> Iterator[str]:
    """Be the only run in the folder until the end of the block; yields what there is to say about it, mostly nothing.

    InputError names the process and the machine of the run that is at work there.
    """
    path = folder / LOCK
    file, is_ours = _take(path)
    try:
        owner = json.dumps({"process": os.getpid(), "host": platform.node()}).encode()
        with room_for(path, len(owner)):
            file.truncate(0)
            file.write(owner)
            file.flush()
        yield "" if is_ours else (f"the file system of {folder} knows no locks: a second run there is told by the "
                                  "number of this process, and on another machine asked to make sure")
    finally:
        with suppress(OSError):
            if os.name == "nt":                                # Windows removes no file that is open
                file.close()
                path.unlink()
            elif _is_at(file, path):                           # and not that of a run that began here since
                path.unlink()
        with suppress(OSError):                                # what a full disk did not take is tried once more
            file.close()


def refuse_locked(folder: Path) -> None:
    """InputError where a run is at work in the folder; changes nothing."""
    with suppress(FileNotFoundError, NotADirectoryError), (folder / LOCK).open("r+b") as file:
        _refuse_owner(folder / LOCK, file, _lock(file))


def _take(path: Path) -> tuple[IO, bool | None]:
    """The open file, and whether it is locked: None where that cannot be."""
    while True:
        file = path.open("a+b")
        try:
            locked = _lock(file)
            _refuse_owner(path, file, locked)
            if _is_at(file, path):
                return file, locked
        except BaseException:
            file.close()
            raise
        file.close()                                           # whoever had it has removed it just now: once more


def _is_at(file: IO, path: Path) -> bool:
    """Whether the open file is still the one that has this name."""
    return path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())


def _refuse_owner(path: Path, file: IO, locked: bool | None) -> None:
    """InputError where the run that the file names lives, or may live on another machine."""
    try:
        file.seek(0)
        owner = dict(json.loads(file.read() or b"{}"))
    except (ValueError, TypeError):                            # cut short
        owner = {}
    process, host = owner.get("process"), owner.get("host")
    who = f"process {process} on {host}" if owner else "another process"
    if locked is False or locked is None and host == platform.node() and _lives(process):
        raise InputError(f"{path.parent}: a run is at work there, {who}; wait until it is done, end it, or choose "
                         "another --out")
    if owner and host != platform.node():
        raise InputError(f"{path.parent}: {who} works there, or was ended before it could say that it no longer does; "
                         f"if it runs no more, remove {path}")


def _lock(file: IO) -> bool | None:
    """Try to lock an open file: False where somebody else has, None where the file system knows no locks."""
    try:
        if os.name == "nt":
            import msvcrt
            file.seek(BEYOND)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError as error:
        return False if error.errno in TAKEN else None


def _lives(process) -> bool:
    """Is there a process of this number on this machine, other than this one?"""
    if not isinstance(process, int) or process == os.getpid():
        return False
    if os.name == "nt":
        return True                                            # to ask there is to end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:                                            # somebody else's
        pass
    return True

"""Is this file text, and what does it say?  Read piece by piece, so that it may be larger than memory.

Strictly: where it is no text, an InputError says what it is, or line and byte of the first fault.  Nothing but line
ends and the byte order mark is changed.
"""

import codecs
import gzip
import os
import re
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import IO

from tinyformer.errors import InputError
from tinyformer.places import special_file

PIECE = 1 << 20                                  # bytes that are read at a time
# What a file that is no text begins with, and what its owner should do.
NOT_TEXT = [
    (b"version https://git-lfs", "is a Git LFS pointer, not the text itself; fetch it with: git lfs pull"),
    (b"PK\x03\x04", "is a zip archive; unpack it and give the text inside"),
    (b"BZh", "is a bzip2 archive; unpack it and give the text inside"),
    (b"\xfd7zXZ\x00", "is an xz archive; unpack it and give the text inside"),
    (b"%PDF", "is a PDF; export it as plain text"),
    (b"\xff\xfe", "is UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    (b"\xfe\xff", "is UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    (b"\x7fELF", "is a program, not text"),
    (b"\x89PNG", "is a picture, not text"),
    (b"\x80\x04", "is a pickle, not text"),
]
HTML = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<(!doctype\s+html|html[\s>])", re.I | re.S)


def read_text(path: str | os.PathLike) -> str:
    """The text of one UTF-8 file, unpacked if it is gzipped, without byte order mark, line ends as \\n.

    Raises InputError for a file that is missing, unreadable, no regular file, binary, or not valid UTF-8.
    """
    return "".join(read_pieces(path))


def read_pieces(path: str | os.PathLike, size: int = PIECE) -> Iterator[str]:
    """The same in pieces of about `size` bytes, cut anywhere between two characters."""
    try:
        if (kind := special_file(path)) is not None:             # opening a FIFO would wait for ever
            raise InputError(f"{path} is {kind}, not a regular file; give a plain-text file")
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield from _without_returns(_decoded(_blocks(file, packed, path, size), path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {remedy(error)}") from None


def _blocks(file: IO[bytes], packed: bool, path, size: int) -> Iterator[bytes]:
    """The bytes of the file, unpacked if it is gzipped."""
    if not packed:
        yield from iter(lambda: file.read(size), b"")
        return
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield from iter(lambda: unpacked.read(size), b"")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: damaged gzip file ({error}); fetch or pack it again") from None


def _decoded(blocks: Iterator[bytes], path) -> Iterator[str]:
    """UTF-8 bytes as text, or an InputError that names the first byte that is wrong."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, line, mark = 0, 1, "\ufeff"                          # of the next byte; the mark of order goes once
    for data in chain(_first(blocks, path), blocks):
        text, offset, line = _one(decoder, data, offset, line, path)
        yield text.removeprefix(mark)
        mark = "" if text else mark
    _one(decoder, b"", offset, line, path, final=True)


def _first(blocks: Iterator[bytes], path) -> Iterator[bytes]:
    """The first block, if there is one; InputError where it shows that the file is no text."""
    data = next(blocks, b"")
    for start, what in NOT_TEXT:
        if data.startswith(start):
            raise InputError(f"{path} {what} ({os.stat(path).st_size:,} bytes)")
    if HTML.match(data[:2000]):
        raise InputError(f"{path} is an HTML page; save the text alone (is it from a failed download?)")
    if data:
        yield data


def _one(decoder, data: bytes, offset: int, line: int, path, final: bool = False) -> tuple[str, int, int]:
    """The text of one block, and where in the file the next one begins."""
    begun = decoder.getstate()[0]                                # bytes of a character that the last block began
    try:
        text = decoder.decode(data, final)
    except UnicodeDecodeError as error:
        place = line + error.object.count(b"\n", 0, error.start)
        raise InputError(
            f"{path}, line {place}, byte offset {offset - len(begun) + error.start}: byte "
            f"0x{error.object[error.start]:02x} is not UTF-8 ({error.reason}); if the file is in an older encoding, "
            "convert it, for instance: iconv -f WINDOWS-1252 -t UTF-8") from None
    nul = data.find(b"\0")
    if nul >= 0:
        place = line + data.count(b"\n", 0, nul)
        raise InputError(f"{path}, line {place}, byte offset {offset + nul}: a NUL byte; the file is binary, damaged "
                         "or UTF-16, so save it as UTF-8 text")
    return text, offset + len(data), line + data.count(b"\n")


def _without_returns(pieces: Iterator[str]) -> Iterator[str]:
    """Line ends as \\n; one that is cut between its two characters is put together again."""
    held = ""
    for piece in pieces:
        text = held + piece
        held = "\r" if text.endswith("\r") else ""
        if text := text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n"):
            yield text
    if held:
        yield "\n"


def remedy(error: OSError) -> str:
    """What whoever gets this error should do."""
    if isinstance(error, FileNotFoundError):
        return "check the path, or use 'pydocs', the text that comes with Python"
    if isinstance(error, PermissionError):
        return "give yourself the right to read it (chmod u+r)"
    return "check the path and the disk"

"""How does text on a disk become documents?  Strictly: where a file is not text, say what is wrong.

A corpus is a list of documents, a document is a string.  Nothing but line ends and the byte order mark is
changed, so that a character model sees the text as its author left it.
"""

import gzip
import os
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

from tinyformer.data.sentences import sentences
from tinyformer.errors import InputError
from tinyformer.places import special_file

__all__ = ["read_documents", "read_text", "sentences", "split_documents"]

TEXT_SUFFIXES = (".txt", ".text", ".md", ".rst")

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
BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


def read_documents(source: str | os.PathLike, documents: str = "file") -> list[str]:
    """The documents of a corpus, in an order that depends on names alone.

    `source` is "pydocs" (the English that every Python installation carries), a plain-text file, or a folder,
    read recursively (.txt, .text, .md, .rst, each also as .gz).  With `documents="file"` each file is one
    document; with "blank-lines" blank lines separate documents.  Empty documents are left out.
    Raises InputError, naming file, line and byte, for whatever is not UTF-8 text.
    """
    if documents not in ("file", "blank-lines"):
        raise InputError(f"documents is {documents!r}; it must be 'file' or 'blank-lines'")
    if source == "":                                             # which would be the folder one stands in
        raise InputError("the corpus is named '', which is no path; give a text file, a folder, or 'pydocs'")
    if source == "pydocs":
        from tinyformer.data.pydocs import pydocs
        return pydocs()

    texts = [read_text(path) for path in _text_files(Path(source))]
    if documents == "blank-lines":
        texts = [part.strip("\n") + "\n" for text in texts for part in BLANK_LINES.split(text)]
    texts = [text for text in texts if text.strip()]
    if not texts:
        raise InputError(f"{source}: no text in it (empty, or blank lines only); give a file with some text")
    return texts


def read_text(path: str | os.PathLike) -> str:
    """The text of one UTF-8 file, unpacked if it is gzipped, without byte order mark, line ends as \\n.

    Raises InputError for a file that is missing, unreadable, no regular file, binary, or not valid UTF-8.
    """
    try:
        if (kind := special_file(path)) is not None:             # opening a FIFO would wait for ever
            raise InputError(f"{path} is {kind}, not a regular file; give a plain-text file")
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {_remedy(error)}") from None
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path}: damaged gzip file ({error}); fetch or pack it again") from None
    return _decode(data, path)


def split_documents(documents: Iterable[str], validation: float = 0.1) -> tuple[list[str], list[str]]:
    """Cut the corpus in two: the first part of its characters for training, the last part for validation.

    The cut is at character int(N (1 - validation)) of all N, as in nanoGPT, so it may go through a document.
    Nothing is shuffled: neighbouring text shares names and phrases, and would leak them across a random cut.
    """
    documents = list(documents)
    if not 0 <= validation < 1:
        raise InputError(f"validation is {validation}; it is a fraction of the text, from 0 to below 1")
    left = int(sum(map(len, documents)) * (1 - validation))
    training, held_out = [], []
    for document in documents:
        training.append(document[:left])
        held_out.append(document[left:])
        left = max(0, left - len(document))
    return [text for text in training if text], [text for text in held_out if text]


def _text_files(source: Path) -> list[Path]:
    """The file itself, or every text file below the folder, sorted by path."""
    if not source.is_dir():
        return [source]
    found, others = [], 0
    for folder, folders, names in os.walk(source, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if name.startswith("."):
                continue
            if name.lower().removesuffix(".gz").endswith(TEXT_SUFFIXES):
                found.append(Path(folder, name))
            else:
                others += 1
    if not found:
        raise InputError(f"{source}: no text file among the {others} files of this folder; "
                         f"text files end in {', '.join(TEXT_SUFFIXES)} (or these with .gz)")
    return sorted(found, key=lambda path: path.relative_to(source).as_posix())


def _decode(data: bytes, path) -> str:
    """UTF-8 bytes to text, or an InputError that names the first byte that is wrong."""
    for start, what in NOT_TEXT:
        if data.startswith(start):
            raise InputError(f"{path} {what} ({len(data):,} bytes)")
    if HTML.match(data[:2000]):
        raise InputError(f"{path} is an HTML page; save the text alone (is it from a failed download?)")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}, line {_line(data, error.start)}, byte offset {error.start}: byte "
            f"0x{data[error.start]:02x} is not UTF-8 ({error.reason}); if the file is in an older encoding, "
            "convert it, for instance: iconv -f WINDOWS-1252 -t UTF-8") from None
    nul = data.find(b"\0")
    if nul >= 0:
        raise InputError(f"{path}, line {_line(data, nul)}, byte offset {nul}: a NUL byte; the file is "
                         "binary, damaged or UTF-16, so save it as UTF-8 text")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _remedy(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "check the path, or use 'pydocs', the text that comes with Python"
    if isinstance(error, PermissionError):
        return "give yourself the right to read it (chmod u+r)"
    return "check the path and the disk"


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: cannot be read ({error.strerror}); {_remedy(error)}")

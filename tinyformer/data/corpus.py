"""How does text on a disk become documents?  Strictly: where a file is not text, say what is wrong.

A corpus is a list of documents, a document is a string.  Nothing but line ends and the byte order mark is
changed, so that a character model sees the text as its author left it.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from tinyformer.data.sentences import sentences
from tinyformer.data.text_file import read_text, remedy
from tinyformer.errors import InputError

__all__ = ["read_documents", "read_text", "sentences", "split_documents"]

TEXT_SUFFIXES = (".txt", ".text", ".md", ".rst")

BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


def read_documents(source: str | os.PathLike, documents: str = "file") -> list[str]:
    """The documents of a corpus, in an order that depends on names alone.

    `source` is "pydocs" (the English that every Python installation carries), a plain-text file, or a folder,
    read recursively (.txt, .text, .md, .rst, each also as .gz).  With `documents="file"` each file is one
    document; with "blank-lines" blank lines separate documents.  Empty documents are left out.
    Raises InputError, naming file, line and byte, for whatever is not UTF-8 text.
    """
    check_source(source, documents)
    if source == "pydocs":
        from tinyformer.data.pydocs import pydocs
        return pydocs()

    texts = [read_text(path) for path in text_files(Path(source))]
    if documents == "blank-lines":
        texts = [part.strip("\n") + "\n" for text in texts for part in BLANK_LINES.split(text)]
    texts = [text for text in texts if text.strip()]
    if not texts:
        raise no_text(source)
    return texts


def check_source(source: str | os.PathLike, documents: str) -> None:
    """InputError for what names no corpus, or no way to find the documents in it."""
    if documents not in ("file", "blank-lines"):
        raise InputError(f"documents is {documents!r}; it must be 'file' or 'blank-lines'")
    if source == "":                                             # which would be the folder one stands in
        raise InputError("the corpus is named '', which is no path; give a text file, a folder, or 'pydocs'")


def no_text(source: str | os.PathLike) -> InputError:
    """What to say of a corpus without a document."""
    return InputError(f"{source}: no text in it (empty, or blank lines only); give a file with some text")


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


def text_files(source: Path) -> list[Path]:
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


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: cannot be read ({error.strerror}); {remedy(error)}")

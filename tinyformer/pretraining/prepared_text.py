"""Where do the ids lie of a text that is larger than memory?  In a file that is mapped, of which what is read is there.

    folder/   corpus.json                       what was prepared, and how
              training.ids, held-out.ids        the ids, each in two bytes, or four where the vocabulary is large
              vocab.json, ...                   the vocabulary they belong to
              MANIFEST.json                     sizes and hashes of the other files, written last

The system keeps of a mapped file what there is room for and forgets it when memory is asked for elsewhere, so a run
takes the memory of its model and of one batch, however long the text.  The folder appears whole or not at all.
"""

import json
import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyformer.data.encode import ids_of_pieces
from tinyformer.data.text_in_pieces import TextInPieces
from tinyformer.errors import InputError
from tinyformer.text import Tokenizer, load_tokenizer
from tinyformer.train import durable

CORPUS = "corpus.json"
FORMAT = 1
FILES = {"training": "training.ids", "held out": "held-out.ids"}
FIXED = ("documents", "tokenizer", "vocabulary", "validation", "held_out")     # settings that were settled with the ids
AT_ONCE = 1 << 22                             # ids that are looked at at a time when a folder is opened


@dataclass(frozen=True, eq=False)
class PreparedText:
    """One part of a prepared corpus: its ids (N,) in a mapped file, and what they were made of."""

    ids: np.ndarray
    documents: int
    characters: int
    sha256: str                               # of the ids
    folder: Path

    def __len__(self) -> int:
        return self.documents

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that the ids belong to."""
        return load_tokenizer(self.folder)


def write(folder: Path, settings: dict[str, Any], parts: dict[str, TextInPieces], tokenizer: Tokenizer) -> dict:
    """Encode the parts into a folder that must not be there yet; what its corpus.json says.

    What a killed process leaves is a folder whose name begins with `.unfinished-`.
    """
    dtype = np.dtype("<u2" if len(tokenizer) <= 1 << 16 else "<u4")
    said: dict[str, Any] = {"format": FORMAT, "type": dtype.str, "ids": len(tokenizer), "settings": settings}
    with durable.new_folder(folder) as building:
        tokenizer.save(building)
        for name, text in parts.items():
            documents, characters = text.counted()
            count = 0
            with (building / FILES[name]).open("wb") as file:
                for ids in ids_of_pieces(_uncut(text.pieces(), tokenizer), tokenizer):
                    np.array(ids, dtype).tofile(file)
                    count += len(ids)
            said[name] = {"documents": documents, "characters": characters, "tokens": count}
        durable.write_json(building / CORPUS, said)
    return said


def _uncut(pieces: Iterable[tuple[bool, str]], tokenizer: Tokenizer) -> Iterable[tuple[bool, str]]:
    """The pieces, or whole documents where a token may reach over a space, or where a piece would begin with one."""
    reaching = any(token.rstrip or any(map(str.isspace, name)) for name, token in tokenizer.added.items())
    if not reaching and not tokenizer.begins_with_space:
        yield from pieces
        return
    document: list[str] = []
    for begins, text in pieces:
        if begins and document:
            yield True, "".join(document)
            document = []
        document.append(text)
    if document:
        yield True, "".join(document)


def described(corpus: str | None) -> dict[str, Any] | None:
    """What corpus.json says in a prepared folder; None for any other corpus.

    InputError where it is damaged, or of a version that is not known here.
    """
    path = Path(corpus or "") / CORPUS
    if corpus is None or not path.is_file():
        return None
    try:
        said = json.loads(path.read_bytes())
        fits = (said["format"] == FORMAT and said["type"] in ("<u2", "<u4") and {*said["settings"]} >= {"model", *FIXED}
                and all({*said[name]} >= {"documents", "characters", "tokens"} for name in FILES if name in said))
    except (ValueError, TypeError, KeyError) as error:
        why = f"{type(error).__name__}: {error}"
        raise InputError(f"{path}: cannot be read ({why}); prepare the corpus again") from None
    if not fits:
        raise InputError(f"{path}: was not written by this version of `prepare` (format {said.get('format')!r}, here "
                         f"{FORMAT}); prepare the corpus again")
    return said


def settled_with(corpus: str | None, model: str, asked: dict) -> dict[str, Any]:
    """The settings that a prepared corpus brings along, none for any other corpus.

    InputError where one is asked for otherwise, or where the corpus was prepared for another model.
    """
    if (said := described(corpus)) is None:
        return {}
    settings = said["settings"]
    if settings["model"] != model:
        raise InputError(f"{corpus} was prepared for {settings['model']}, and this is `pretrain {model}`; give it the "
                         "text itself")
    for name in FIXED:
        if asked.get(name, settings[name]) != settings[name]:
            raise InputError(f"--{name.replace('_', '-')} is {asked[name]}, and {corpus} was prepared with "
                             f"{settings[name]}; leave it out, or prepare the corpus again")
    return {name: settings[name] for name in FIXED}


def opened(corpus: str) -> tuple[PreparedText, PreparedText | list]:
    """(training, held out) of a prepared folder, of which every byte is held to its manifest; [] where nothing is.

    InputError that names every file that is missing, cut short or changed, and one with an id outside the vocabulary.
    """
    folder, said = Path(corpus), described(corpus) or {}
    if wrong := durable.faults(folder):
        raise InputError(f"{folder}: this prepared corpus is damaged\n  " + "\n  ".join(wrong) +
                         "\n  prepare it again, or fetch the folder again")
    files, found = durable.listed(folder), {}
    for name, file in FILES.items():
        if name not in said:
            continue
        size, dtype = said[name]["tokens"], np.dtype(said["type"])
        if file not in files or files[file]["bytes"] != size * dtype.itemsize:
            raise InputError(f"{folder / file}: has not the {size:,} tokens that {CORPUS} tells of; the files are not "
                             "of one corpus: prepare it again")
        if (largest := _largest(folder / file, dtype)) >= said["ids"]:
            raise InputError(f"{folder / file}: holds the id {largest}, and the vocabulary has {said['ids']:,} tokens; "
                             "prepare the corpus again")
        amounts = said[name]["documents"], said[name]["characters"]
        found[name] = PreparedText(_mapped(folder / file, dtype), *amounts, files[file]["sha256"], folder)
    return found["training"], found.get("held out", [])


def _largest(path: Path, dtype: np.dtype) -> int:
    """The largest number in a file; it is read, so that what is mapped stays what runs look at."""
    largest = 0
    with path.open("rb") as file:
        while (ids := np.fromfile(file, dtype, AT_ONCE)).size:
            largest = max(largest, int(ids.max()))
    return largest


def _mapped(path: Path, dtype: np.dtype) -> np.ndarray:
    """The numbers of a file, read when they are looked at; the system is told that this happens here and there."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if hasattr(mmap, "MADV_RANDOM"):
        mapped.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(mapped, dtype)

"""What may a user bring to an experiment?  The folder of a model, files of data, and only where they are asked for."""

import hashlib
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tinyformer.data.corpus import text_files
from tinyformer.data.readers.midi import midi_files
from tinyformer.errors import InputError
from tinyformer.phenomena import PHENOMENA
from tinyformer.places import MODEL, special_file

GIVEN = "given"                               # the arm of the jobs that look at what the user brought
TAKEN = {"model": "DIR", "data": "FILE"}      # what can be brought: the option, and what stands behind it
READ = ("*.json", "*.txt", "*.safetensors")   # what is read of a model's folder


@dataclass(frozen=True)
class Files:
    """What stood behind --model and --data, with the hash of what they hold; true where there is anything.

    The hash makes outcomes of other contents other outcomes: who goes on with a changed file begins with it anew.
    """

    model: str = ""
    data: tuple[str, ...] = ()
    sha256: str = ""

    def __bool__(self) -> bool:
        return bool(self.model or self.data)

    @classmethod
    def of(cls, name: str, model: str | None, data: tuple[str, ...]) -> Self:
        """The files for the experiment of this name.

        InputError where it takes no such file, where one that it takes is missing beside the other, and where one
        cannot be read.
        """
        files, takes = cls(model or "", data), PHENOMENA[name].takes
        brought = [each for each in TAKEN if getattr(files, each)]
        for each in brought:
            if each not in takes:
                others = [other for other, line in PHENOMENA.items() if each in line.takes]
                raise InputError(f"{name} takes no --{each}; leave it out"
                                 + f" (it goes with {', '.join(others)})" * bool(others))
        missing = [each for each in takes if each not in brought]
        if brought and missing:
            raise InputError(f"{name} looks at {' and '.join('--' + each for each in takes)} together, and "
                             f"--{missing[0]} is missing; give both, or neither")
        if model and not (Path(model) / MODEL).is_file():
            raise InputError(f"{model}: no {MODEL} in it; --model takes the folder of a model, ours or published")
        found = hashlib.sha256()
        folder = [path for ending in READ for path in sorted(Path(model).glob(ending))] if model else []
        inside = PHENOMENA[name].folders
        for path in [*folder, *(each for one in data for each in (_files_in(Path(one)) if inside else [Path(one)]))]:
            found.update(_digest(path))
        return cls(files.model, data, found.hexdigest()[:16]) if files else files

    @property
    def words(self) -> str:
        """How they are named on the command line, with a space before each option."""
        parts = [("--model", self.model)] * bool(self.model) + [("--data", path) for path in self.data]
        return "".join(f" {option} {shlex.quote(value)}" for option, value in parts)


NOTHING = Files()


def given_twice(paths: Sequence[str]) -> str | None:
    """The first path that leads where one before it leads, in whatever spelling; None where no two do."""
    seen = set()
    for path in paths:
        if (place := os.path.realpath(path)) in seen:
            return path
        seen.add(place)
    return None


def to_add(name: str, takes: Mapping[str, str]) -> str:
    """What a user could bring, in a sentence with the command and with what each file is; '' where nothing is taken."""
    if not takes:
        return ""
    options = "".join(f" --{each} {TAKEN[each]}" for each in takes)
    what = ", and ".join(f"{TAKEN[each]} is {words}" for each, words in takes.items())
    return f"It looks at files of yours as well, `python -m tinyformer reproduce {name}{options}`, where {what}."


def _files_in(folder: Path) -> list[Path]:
    """The files in a folder and below it; InputError where it is none."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder, and this experiment takes one with --data; give the folder that the "
                         "files are in")
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> bytes:
    """The hash of a file's bytes, of a folder of music or texts that of theirs; InputError where none can be read."""
    if path.is_dir():
        try:
            inside = midi_files(path) or text_files(path)
        except InputError:
            raise InputError(f"{path}: neither a MIDI file nor a text file in this folder; give a file, or for an "
                             "experiment that takes folders one with such files in it") from None
        return hashlib.sha256(b"".join(map(_digest, inside))).digest()
    try:
        if (kind := special_file(path)) is not None:           # opening a FIFO would wait for ever
            raise InputError(f"{path} is {kind}, and a file is needed")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None

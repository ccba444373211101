"""Which recordings lie in a folder, and what do their names say?  Any WAV files, or published spoken digits.

The layout of the Free Spoken Digit Dataset (Jackson et al. 2018): DIGIT_SPEAKER_TAKE.wav, such as 7_jackson_12.wav.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyformer.errors import InputError
from tinyformer.sound.wav import read_wav

NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_]+)_(?P<take>\d+)")


@dataclass(frozen=True, eq=False)
class Recording:
    """A sound, and where it comes from."""

    samples: np.ndarray                       # (N,) float32, from -1 to 1
    rate: int
    file: str
    digit: str = ""                           # of a spoken digit: which, by whom, and how many of it there were before
    speaker: str = ""
    take: int = 0


def read_folder(folder: str | Path, rate: int) -> list[Recording]:
    """Every WAV file in a folder and in those below it, in the order of their names, at this rate."""
    return [Recording(*read_wav(path, rate), str(path)) for path in wav_files(folder)]


def read_spoken_digits(folder: str | Path, rate: int = 8000) -> list[Recording]:
    """Spoken digits, the names of whose files say which; InputError for a name that does not."""
    paths = wav_files(folder)
    named = [NAME.fullmatch(path.stem) for path in paths]
    wrong = [path.name for path, found in zip(paths, named, strict=True) if found is None]
    if wrong:
        raise InputError(f"{folder}: {len(wrong)} of {len(paths)} names do not say which digit it is, such as "
                         f"{wrong[0]}; they are DIGIT_SPEAKER_TAKE.wav, as in 7_jackson_12.wav: rename the files, or "
                         "take them out of the folder")
    return [Recording(*read_wav(path, rate), str(path), said["digit"], said["speaker"], int(said["take"]))
            for path, said in zip(paths, named, strict=True) if said]


def wav_files(folder: str | Path) -> Sequence[Path]:
    """The WAV files in a folder and below it; InputError where there is no such folder, or none in it."""
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such folder"
        raise InputError(f"{folder}: {what}; give a folder with WAV files in it")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".wav")
    if not found:
        raise InputError(f"{folder}: there is no WAV file in it or in the folders below; other formats have to be "
                         "converted: ffmpeg -i IN.flac -c:a pcm_s16le OUT.wav")
    return found

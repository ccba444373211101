"""How do word vectors go from one program to another?  As text, in the form that word2vec writes and most others read.

    2 3                       how many words, and how many numbers each
    the 0.1 -0.25 0.5
    cat 1.5 0.75 -2
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyformer.data.readers.lines import file_lines
from tinyformer.errors import InputError
from tinyformer.places import room_for

HEADER = re.compile(r"([1-9][0-9]{0,8}) ([1-9][0-9]{0,8})")


def write_vectors(path: str | os.PathLike, words: Sequence[str], vectors: np.ndarray) -> None:
    """Write a vector for each word, vectors (V, C), each number with as many digits as its float32 needs.

    ValueError unless there are as many words as vectors; InputError for a word that is empty, stands there twice or
    has white space in it, which would end it.
    """
    if vectors.ndim != 2 or len(words) != len(vectors):
        raise ValueError(f"write_vectors: {len(words)} words and vectors {vectors.shape}; give one vector for each")
    wrong = next((word for word in words if word.split() != [word]), None)
    if wrong is not None or len({*words}) < len(words):
        reason = "a word stands there twice" if wrong is None else f"the word {wrong!r} is empty or has a space in it"
        raise InputError(f"{path}: {reason}, which the word2vec format cannot say; leave it out")
    rows = (" ".join([word, *map(str, row)]) for word, row in zip(words, vectors.astype(np.float32), strict=True))
    data = "\n".join([f"{len(words)} {vectors.shape[1]}", *rows, ""]).encode()
    with room_for(Path(path), len(data)):
        Path(path).write_bytes(data)


def read_vectors(path: str | os.PathLike) -> tuple[list[str], np.ndarray]:
    """(words, vectors (V, C) in float32) of a file in the word2vec text format, plain or gzipped.

    InputError, with file and line, for a header that is none, and a line that has another number of numbers, a word
    that was there before, or something that is no finite number.
    """
    header, *lines = file_lines(path)
    match = HEADER.fullmatch(header.strip())
    if match is None:
        raise InputError(f"{path}:1: {header[:60]!r} is no header; the word2vec text format begins with two whole "
                         "numbers, how many words there are and how many numbers each has (files of GloVe lack that "
                         "line: add it)")
    count, width = map(int, match.groups())
    if len(lines) != count:
        raise InputError(f"{path}:1: the header says {count:,} words and {len(lines):,} lines follow; get the file "
                         "again, or mend the header")
    places: dict[str, int] = {}
    vectors = np.empty((count, width), np.float32)
    for number, line in enumerate(lines, 2):
        word, *numbers = line.split() or [""]
        if len(numbers) != width:
            raise InputError(f"{path}:{number}: {len(numbers)} numbers behind the word {word[:40]!r}; the header says "
                             f"{width}")
        if word in places:
            raise InputError(f"{path}:{number}: the word {word[:40]!r} stands in line {places[word]} already; remove "
                             "one of the two")
        places[word] = number
        try:
            vectors[number - 2] = [float(each) for each in numbers]
        except (ValueError, OverflowError):
            vectors[number - 2] = np.nan
        if not np.isfinite(vectors[number - 2]).all():
            raise InputError(f"{path}:{number}: not all that stands behind the word {word[:40]!r} are finite numbers; "
                             "mend or remove the line")
    return list(places), vectors

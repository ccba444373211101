"""What vector has a word in its sentence?  Places in texts, what is true of them, and what each layer makes of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import no_grad
from tinyformer.models import Bert
from tinyformer.text import Tokenizer

BATCH = 64


@dataclass(frozen=True)
class Marked:
    """A word of a text, text[start:...], and what is true of it."""

    text: str
    start: int
    word: str
    label: str


def vectors(encoder: Bert, tokenizer: Tokenizer, marked: Sequence[Marked]) -> np.ndarray:
    """What enters the first layer at each place, and what leaves each one: (L + 1, N, C).

    A word of several pieces is read at its first.
    """
    found = []
    with no_grad():
        for ids, keep, places in rows_of(tokenizer, marked):
            rows = np.arange(len(ids))
            found.append(np.stack([to_host(state.data)[rows, places] for state in encoder.states(ids, keep=keep)]))
    return np.concatenate(found, axis=1)


def row(tokenizer: Tokenizer, one: Marked) -> tuple[list[int], int]:
    """(ids, place) of [CLS] text [SEP], in which the word's first piece stands at `place`."""
    ids, offsets = tokenizer.encode_with_offsets(one.text)
    place = next(at for at, (_, end) in enumerate(offsets) if end > one.start)
    return [tokenizer.cls_id, *ids, tokenizer.sep_id], place + 1


def padded(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[np.ndarray, np.ndarray]:
    """(ids, keep) of rows of different lengths, (B, T) each."""
    longest = max(map(len, rows))
    ids = np.array([[*each, *[pad_id] * (longest - len(each))] for each in rows])
    return ids, np.arange(longest) < np.array([len(each) for each in rows])[:, None]


def rows_of(tokenizer: Tokenizer, marked: Sequence[Marked]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(ids, keep, places) of so many at a time, in their order."""
    for first in range(0, len(marked), BATCH):
        rows, places = zip(*(row(tokenizer, one) for one in marked[first:first + BATCH]), strict=True)
        yield *padded(rows, tokenizer.pad_id), np.array(places)

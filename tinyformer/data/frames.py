"""What does a model that hears get at step 1,000?  Stretches of sounds, and of some of it is asked what stood there.

Frames next to one another are alike, so that a single one could be guessed without knowing anything: stretches of them
are hidden (Baevski et al. 2020, section 3.1), or the model is asked for one further on (Chung et al. 2019).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyformer.data.batches import Rows
from tinyformer.data.masking import IGNORED
from tinyformer.data.order import EpochOrder
from tinyformer.data.vectors import VectorBatch
from tinyformer.errors import InputError
from tinyformer.rng import stream


@dataclass(frozen=True, eq=False)
class UnitBatch(Rows):
    """Rows of vectors with stretches hidden, and of each hidden one the number of its cluster."""

    vectors: np.ndarray                          # (B, T, F) with zeros where they are hidden
    keep: np.ndarray                             # (B, T) bool, False at padding
    targets: np.ndarray                          # (B, T) the cluster where it is asked for, -100 elsewhere
    truth: np.ndarray                            # (B, T, F) what stood there, to be looked at

    @property
    def hidden(self) -> np.ndarray:
        """(B, T) bool, where the model is asked."""
        return self.targets != IGNORED

    @property
    def counts(self) -> dict[str, int]:
        """What the loss is divided by."""
        return {"units": int(self.hidden.sum())}


class Sounds:
    """Batches of sounds, vectors (T, F) each with, perhaps, labels (T,); `batch(step)` is pure in (seed, step).

    Each sound comes once in an epoch; of one that is longer than `length` vectors a stretch is drawn.  What is asked
    says ask(truth (B, T, F), keep (B, T), labels (B, T), generator) -> a batch.
    """

    def __init__(self, vectors: Sequence[np.ndarray], ask: Callable, *, batch_size: int, length: int, seed: int,
                 labels: Sequence[np.ndarray] | None = None):
        if not len(vectors):
            raise InputError("there is no sound to learn from; give a folder with WAV files in it")
        self.vectors, self.labels, self.ask = vectors, labels, ask
        self.batch_size, self.length, self.seed = batch_size, length, seed
        self.order = EpochOrder(len(vectors), seed)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which each sound comes once."""
        return -(-len(self.vectors) // self.batch_size)

    def batch(self, step: int) -> Any:
        """The sounds of a step."""
        rng = stream(self.seed, "sounds", step)
        rows = self.order.batch(step, self.batch_size)
        pieces = [(row, int(rng.integers(max(1, len(self.vectors[row]) - self.length + 1)))) for row in rows]
        return self._asked(pieces, rng)

    def in_order(self, batch_size: int | None = None) -> Iterator[Any]:
        """All sounds, piece by piece, always asked the same; the last batch may be short."""
        size = batch_size or self.batch_size
        pieces = [(row, first) for row, each in enumerate(self.vectors) for first in range(0, len(each), self.length)]
        for number, first in enumerate(range(0, len(pieces), size)):
            yield self._asked(pieces[first:first + size], stream(self.seed, "held-out sounds", number))

    def _asked(self, pieces: Sequence[tuple[int, int]], rng: np.random.Generator) -> Any:
        truth, keep = padded([self.vectors[row][first:first + self.length] for row, first in pieces])
        labels = None if self.labels is None else padded(
            [self.labels[row][first:first + self.length] for row, first in pieces])[0]
        return self.ask(truth, keep, labels, rng)


def padded(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Rows (T, ...) of several lengths as one array (B, T, ...) with zeros behind them, and keep (B, T)."""
    lengths = np.array([len(row) for row in rows])
    keep = np.arange(lengths.max()) < lengths[:, None]
    found = np.zeros((*keep.shape, *rows[0].shape[1:]), rows[0].dtype)
    found[keep] = np.concatenate(rows)
    return found, keep


def stretches(keep: np.ndarray, rate: float, length: int, rng: np.random.Generator) -> np.ndarray:
    """Which positions of keep (B, T) are hidden, (B, T) bool: stretches of `length`, of about `rate` of each row.

    So many begin anywhere that, were they apart, they would cover that share; each row has one at least, and one that
    would stand over the end of its row ends there.
    """
    real = keep.sum(-1)                                        # (B,)
    hidden = np.zeros_like(keep)
    for row, count in enumerate(real):
        begins = rng.integers(max(1, count - length + 1), size=max(1, round(rate * count / length)))
        for first in begins:
            hidden[row, first:first + length] = True
    return hidden & keep


def hide_stretches(truth: np.ndarray, keep: np.ndarray, rate: float, length: int,
                   rng: np.random.Generator) -> VectorBatch:
    """Rows with stretches hidden, of which the model is asked which vectors stood there."""
    hidden = stretches(keep, rate, length, rng)
    return VectorBatch(np.where(hidden[..., None], 0, truth), keep, hidden, truth)


def hide_units(truth: np.ndarray, keep: np.ndarray, units: np.ndarray, rate: float, length: int,
               rng: np.random.Generator) -> UnitBatch:
    """Rows with stretches hidden, of which the model is asked which cluster (B, T) stood there."""
    hidden = stretches(keep, rate, length, rng)
    return UnitBatch(np.where(hidden[..., None], 0, truth), keep, np.where(hidden, units, IGNORED), truth)


def further_on(truth: np.ndarray, keep: np.ndarray, places: int) -> VectorBatch:
    """Rows of which nothing is hidden, and at each position the vector so many `places` further on is asked for."""
    later, asked = np.zeros_like(truth), np.zeros_like(keep)
    later[:, :-places], asked[:, :-places] = truth[:, places:], keep[:, places:]
    return VectorBatch(truth, keep, asked, later)

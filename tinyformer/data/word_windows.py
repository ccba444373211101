"""What does word2vec see at step 1,000?  Words, how far each of them looks, and words that were drawn beside it.

    frequent words are left out     with the chance 1 - sqrt(t / f), f the share that a word has of the text
    how far a word looks            1 to `window` places to each side, drawn for each word, so that near ones count more
    words that were drawn           from the counts to the power of 3/4

Mikolov et al. 2013b, sections 2.2 and 2.3 (equation 5), 2013a, section 3.2.  What is left out is gone before one looks,
as in their code, so that a word sees further.  A batch depends on the seed and the step alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinyformer.data.batches import Rows
from tinyformer.data.counts import frequencies
from tinyformer.errors import InputError
from tinyformer.rng import stream

POWER = 0.75                                     # of the counts, in the distribution that negatives are drawn from


@dataclass(frozen=True, eq=False)
class WordBatch(Rows):
    """Stretches of text without those frequent words that were left out, padded at the right."""

    ids: np.ndarray                              # (B, T)
    reach: np.ndarray                            # (B, T) how many places each word looks to either side; 0 at padding
    drawn: np.ndarray                            # (B, T, K) words that were drawn beside each word

    @property
    def keep(self) -> np.ndarray:
        """(B, T) bool, False at padding."""
        return self.reach > 0

    @property
    def near(self) -> np.ndarray:
        """(B, T, T) bool: does the word at t look at the one at s?  Never at itself."""
        places = np.arange(self.ids.shape[1])
        apart = np.abs(places[:, None] - places)               # (T, T)
        return (apart > 0) & (apart <= self.reach[..., None]) & self.keep[:, None]

    @property
    def counts(self) -> dict[str, int]:
        """What the losses are divided by: words that see another one, and pairs of words."""
        near = self.near
        return {"centres": int(near.any(-1).sum()), "pairs": int(near.sum())}


class WordWindows:
    """Batches of words of one long text of ids (N,) from a vocabulary of `size`; `batch(step)` is pure in (seed, step).

    `passed_over` are ids that stand for no word, such as [UNK]: they are left out always, and never drawn.
    """

    def __init__(self, ids: np.ndarray, size: int, *, batch_size: int, length: int, window: int, negative: int,
                 sample: float, seed: int, passed_over: tuple[int, ...] = ()):
        self.ids = np.asarray(ids)[~np.isin(ids, passed_over)]
        if len(self.ids) <= length:
            raise InputError(f"the text has {len(self.ids)} words of the vocabulary, and a row takes {length}; give a "
                             "longer text or shorter rows (--max-length)")
        self.batch_size, self.length, self.seed = batch_size, length, seed
        self.window, self.negative = window, negative
        self.counts = frequencies(self.ids, size)
        shares = self.counts / self.counts.sum()
        with np.errstate(divide="ignore"):
            self.kept = np.minimum(1, np.sqrt(sample / shares)) if sample else np.ones(size)          # (V,)
        left = length * float(shares @ self.kept)
        if left < 2:
            raise InputError(f"--sample {sample:g} leaves words out so often that of {length} words in a row "
                             f"{left:.2g} are left; raise it, or leave none out: --sample 0")
        self.bounds = np.cumsum(self.counts ** POWER)          # a draw below the first bound is word 0, and so on

    @property
    def steps_per_epoch(self) -> int:
        """Steps that draw about as many words as the text has."""
        return -(-len(self.ids) // (self.batch_size * self.length))

    def batch(self, step: int) -> WordBatch:
        """Stretches that begin anywhere."""
        rng = stream(self.seed, "words", step)
        return self._at(rng.integers(len(self.ids) - self.length, size=self.batch_size), rng)

    def in_order(self, batch_size: int | None = None) -> Iterator[WordBatch]:
        """The whole text, stretch by stretch, always with the same chance; the last batch may be short."""
        count, size = len(self.ids) // self.length, batch_size or self.batch_size
        for number, first in enumerate(range(0, count, size)):
            starts = np.arange(first, min(first + size, count)) * self.length
            yield self._at(starts, stream(self.seed, "held-out words", number))

    def _at(self, starts: np.ndarray, rng: np.random.Generator) -> WordBatch:
        rows = self.ids[starts[:, None] + np.arange(self.length)].astype(np.int64)                 # (B, T)
        stays = rng.random(rows.shape) < self.kept[rows]
        first = np.argsort(~stays, axis=1, kind="stable")      # those that stay, in their order, and then the others
        longest = max(2, int(stays.sum(1).max()))
        rows = np.take_along_axis(rows, first, 1)[:, :longest]
        real = np.arange(longest) < stays.sum(1)[:, None]
        reach = np.where(real, rng.integers(1, self.window + 1, size=rows.shape), 0)
        drawn = np.searchsorted(self.bounds, rng.random((*rows.shape, self.negative)) * self.bounds[-1], side="right")
        return WordBatch(np.where(real, rows, 0), reach, drawn)

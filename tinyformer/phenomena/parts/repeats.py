"""On what does a model learn to copy, and not to count?  Twelve random letters, and then stretches of them again.

Every batch is fresh: there is nothing to know by heart.  Where a stretch begins, where it is taken from and how long it
is are drawn anew, so that the distance to what is repeated is never the same, and position alone does not help.
"""

import math
from dataclasses import dataclass
from string import ascii_letters

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.batches import TextBatch
from tinyformer.data.masking import IGNORED
from tinyformer.engine import no_grad
from tinyformer.models import GPT
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.phenomena.parts.attention_scores import named, prefix_sums, previous_sums
from tinyformer.rng import stream

LETTERS = ascii_letters                                        # 52
FIRST, LENGTH = 12, 25                                         # letters that are new, and letters of a row
STRETCH = (2, 6)                                               # letters of a stretch, both included


@dataclass(frozen=True, eq=False)
class RepeatBatch(TextBatch):
    """Rows of new letters, then stretches of them again; asked for are the letters after the first twelve."""

    repeated: np.ndarray                                       # (B, T) bool: the next letter follows from what was read

    def split(self, n: int) -> list["RepeatBatch"]:
        """At most n micro-batches of consecutive rows."""
        return [RepeatBatch(self.ids[a:b], self.targets[a:b], self.repeated[a:b]) for a, b in self._cuts(n)]


@dataclass(frozen=True)
class Repeats:
    """Batches of repeated random letters; `batch(step)` is pure in (seed, step).

    No letter stands among the first twelve twice, so that there is one place to look for.  With `whole` all twelve
    are said again in their order instead of stretches of them.
    """

    rows: int
    seed: int
    whole: bool = False

    def batch(self, step: int) -> RepeatBatch:
        """The batch of this step."""
        rng = stream(self.seed, "repeats", step)
        letters = rng.random((self.rows, len(LETTERS))).argsort(1)           # each row an order of all letters
        sources = np.array([self._sources(rng) for _ in range(self.rows)])         # (B, LENGTH)
        row = np.take_along_axis(letters, sources, 1)
        repeated = np.diff(sources, axis=1) == 1               # goes on where the letter before was taken from
        repeated[:, :FIRST] = False                            # ... the first time there is nothing to go on with
        targets = row[:, 1:].copy()
        targets[:, :FIRST - 1] = IGNORED
        return RepeatBatch(row[:, :-1], targets, repeated)

    def _sources(self, rng: np.random.Generator) -> list[int]:
        """For each place of a row the place among the first twelve whose letter stands there."""
        found = list(range(FIRST))
        while len(found) < LENGTH:
            size = FIRST if self.whole else int(rng.integers(STRETCH[0], STRETCH[1] + 1))
            begin = int(rng.integers(FIRST - size + 1))
            if found[-1] + 1 != begin or self.whole:           # a stretch that goes on by chance would be a longer one
                found += range(begin, begin + size)
        return found[:LENGTH]


def best_loss() -> float:
    """The loss at repeated letters of a reader who knows everything but where a stretch ends, and counts its letters.

    After n letters of a stretch it ends with chance h(n); where it goes on after all, that cost -ln(1 - h(n)).  This is
    0.217 over whole stretches, and no bound: who heeds, too, where among the twelve letters a stretch began comes to
    0.196, and the last stretch of a row, which is cut off and so seldom seen to end, makes both a little smaller.
    """
    low, high = STRETCH
    goes_on = {n: (high - max(n, low - 1)) / (high - max(n - 1, low - 1)) for n in range(1, high)}
    reached, total, count = 1.0, 0.0, 0.0
    for chance in goes_on.values():                            # `reached`: the share of stretches that got here
        reached *= chance
        total, count = total - reached * math.log(chance), count + reached
    return total / count


class Watched(GPT):
    """A GPT whose evaluation tells what can be known from what cannot, and where each head looks."""

    def measure(self, batch: RepeatBatch) -> dict[str, tuple[float, int]]:
        """Loss and accuracy where the next letter is repeated and where a stretch begins; two scores of every head.

        The prefix score counts where the next letter is repeated; the previous-token score counts the first twelve
        letters, which are those that will be looked for.
        """
        asked, early = batch.repeated, np.zeros_like(batch.repeated)
        early[:, 1:FIRST] = True
        with no_grad():
            logits, found = self(batch.ids), {}
            for part, counted in (("new", ~asked), ("repeated", asked)):
                found |= measured(part, logits, np.where(counted, batch.targets, IGNORED))
        for layer, weights in enumerate(self.attentions(batch.ids)):
            weights = to_host(weights.data)                    # (B, H, T, T)
            for kind, sums, counted in (("prefix", prefix_sums(weights, batch.ids, asked), asked),
                                        ("previous", previous_sums(weights, early), early)):
                found |= {f"{kind}: {named((layer, head))}": (float(value), int(counted.sum()))
                          for head, value in enumerate(sums)}
        return found

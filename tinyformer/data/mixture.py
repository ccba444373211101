"""How does a model learn to read long rows, when short ones are cheaper?  It gets both, in turn.

The cost of a row grows faster than its length, so most of BERT's pre-training is on short rows; but a position that
no row reaches is never trained.  (Devlin et al. 2019, appendix A.2, have the long rows last; with a small model and
few steps both from the start is better.)
"""

from collections.abc import Sequence

from tinyformer.errors import InputError


class InTurn:
    """Batches of several sources after a pattern: (0, 0, 1) is two of the first, one of the second, and again.

    `batch(step)` is pure, as that of every source is.
    """

    def __init__(self, sources: Sequence, pattern: Sequence[int]):
        if not pattern or not all(0 <= number < len(sources) for number in pattern):
            raise InputError(f"pattern is {tuple(pattern)}; it must name some of the sources 0 to {len(sources) - 1}")
        self.sources, self.pattern = list(sources), tuple(pattern)

    @property
    def pairs(self):
        """The sentence pairs of the last source; all are made from the same text."""
        return self.sources[-1].pairs

    def batch(self, step: int):
        """The batch of this step: the next one of the source whose turn it is."""
        round_, place = divmod(step, len(self.pattern))
        number = self.pattern[place]
        before = round_ * self.pattern.count(number) + self.pattern[:place].count(number)
        return self.sources[number].batch(before)

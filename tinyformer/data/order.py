"""In which order do examples come?  In a new one for each epoch, which depends on the seed and the epoch alone."""

from collections.abc import Sequence

import numpy as np

from tinyformer.rng import stream


class EpochOrder:
    """`count` examples, each once in an epoch; which ones come at any place of the endless sequence can be asked."""

    def __init__(self, count: int, seed: int):
        self.count, self.seed = count, seed
        self._last = -1, np.empty(0, int)        # the epoch that was asked for last, and its order

    def epoch(self, number: int) -> np.ndarray:
        """The order of an epoch, a permutation of (count,)."""
        if self._last[0] != number:
            self._last = number, stream(self.seed, "order", number).permutation(self.count)
        return self._last[1]

    def batch(self, step: int, size: int) -> list[int]:
        """The examples of a step; batches are full, and reach into the next epoch where one ends."""
        return [int(self.epoch(place // self.count)[place % self.count])
                for place in range(step * size, (step + 1) * size)]


class MixedOrder(EpochOrder):
    """Examples of several groups; at most `limit` of each come in an epoch, and the others in the epochs after it.

    So a group of e examples is min(e, limit) / sum of min(e, limit) of what comes, each of its examples as often as
    another.  (T5's mixture of tasks: Raffel et al. 2020, section 3.5.2.)
    """

    def __init__(self, groups: Sequence[str], seed: int, limit: int):
        named = np.array(groups)
        self.members = [np.flatnonzero(named == name) for name in dict.fromkeys(groups)]
        self.orders = [EpochOrder(len(own), seed) for own in self.members]
        self.sizes = [min(len(own), limit) for own in self.members]
        super().__init__(sum(self.sizes), seed)

    def epoch(self, number: int) -> np.ndarray:
        """The order of an epoch, (count,): different examples, a group's next ones of its own endless sequence."""
        if self._last[0] != number:
            come = np.concatenate([own[order.batch(number, size)] for own, order, size in
                                   zip(self.members, self.orders, self.sizes, strict=True)])
            self._last = number, stream(self.seed, "mixture", number).permutation(come)
        return self._last[1]

"""In which order do examples come?  In a new one for each epoch, which depends on the seed and the epoch alone."""

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

"""What does a model get that learns from pictures?  Two views of each, or patches of which some are hidden or shuffled.

Every kind of batches is a function of the seed and the step; `in_order` goes through a set always in the same way.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinyformer.data.batches import Rows
from tinyformer.data.order import EpochOrder
from tinyformer.data.patches import cut
from tinyformer.data.pictures import Pictures
from tinyformer.data.vectors import VectorBatch, hide
from tinyformer.data.views import Views
from tinyformer.errors import InputError
from tinyformer.rng import stream


@dataclass(frozen=True, eq=False)
class PictureBatch(Rows):
    """Pictures, or the first views of N of them and then the second; of which class each is, where that is asked."""

    pixels: np.ndarray                        # (N, S, S), or (2N, S, S)
    labels: np.ndarray | None = None          # (N,)

    divisible = False                         # every row is held against all others


@dataclass(frozen=True, eq=False)
class ShuffledPatches(Rows):
    """Rows of patches out of order, and where each of them stood."""

    patches: np.ndarray                       # (B, T, P)
    places: np.ndarray                        # (B, T) int

    @property
    def counts(self) -> dict[str, int]:
        """What the loss is divided by."""
        return {"patches": self.places.size}


class PictureBatches:
    """Batches of a set: `make(pixels, labels, rng)` makes a batch of some of its pictures.

    All batches are full; the last one of `in_order` begins again with the first pictures where they run out.
    """

    def __init__(self, pictures: Pictures, batch_size: int, seed: int):
        if len(pictures) < 2:
            raise InputError(f"there are {len(pictures)} pictures; to learn takes two at least")
        self.pictures, self.batch_size, self.seed = pictures, batch_size, seed
        self.order = EpochOrder(len(pictures), seed)

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which every picture has been seen once."""
        return -(-len(self.pictures) // self.batch_size)

    def batch(self, step: int):
        """The batch of this step."""
        return self._some(self.order.batch(step, self.batch_size), stream(self.seed, "views", step))

    def in_order(self, batch_size: int | None = None) -> Iterator:
        """Every picture once, always seen in the same way."""
        count = len(self.pictures)
        size = min(batch_size or self.batch_size, count)
        for number, first in enumerate(range(0, count, size)):
            yield self._some(np.arange(first, first + size) % count, stream(self.seed, "held-out views", number))

    def _some(self, places, rng):
        labels = self.pictures.labels
        return self.make(self.pictures.pixels[places], None if labels is None else labels[places], rng)

    def make(self, pixels: np.ndarray, labels: np.ndarray | None, rng: np.random.Generator):
        raise NotImplementedError(f"{type(self).__name__} must say what a batch of pictures is: define make")


class TwoViews(PictureBatches):
    """Two views of each picture: what SimCLR and BYOL see."""

    def __init__(self, pictures: Pictures, batch_size: int, seed: int, views: Views):
        super().__init__(pictures, batch_size, seed)
        self.views = views

    def make(self, pixels, labels, rng) -> PictureBatch:
        return PictureBatch(self.views.pair(pixels, rng))


class LabelledViews(TwoViews):
    """One view of each picture, with its class: what a supervised model sees."""

    def make(self, pixels, labels, rng) -> PictureBatch:
        return PictureBatch(self.views(pixels, rng), labels)


class PatchesHidden(PictureBatches):
    """Patches, of which a share is hidden: what BERT for pictures sees."""

    def __init__(self, pictures: Pictures, batch_size: int, seed: int, patch: int, rate: float):
        super().__init__(pictures, batch_size, seed)
        self.patch, self.rate = patch, rate

    def make(self, pixels, labels, rng) -> VectorBatch:
        patches = cut(pixels, self.patch)
        return hide(patches, np.ones(patches.shape[:2], bool), self.rate, rng)


class PatchesShuffled(PictureBatches):
    """Patches in an order of chance, and where each of them stood."""

    def __init__(self, pictures: Pictures, batch_size: int, seed: int, patch: int):
        super().__init__(pictures, batch_size, seed)
        self.patch = patch

    def make(self, pixels, labels, rng) -> ShuffledPatches:
        patches = cut(pixels, self.patch)
        places = np.argsort(rng.random(patches.shape[:2]), axis=-1)            # (B, T)
        return ShuffledPatches(np.take_along_axis(patches, places[..., None], axis=1), places)

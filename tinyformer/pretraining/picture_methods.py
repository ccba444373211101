"""In which ways is to see learned without labels?  Two views of one thing, or a part of it that is to be guessed.

A way is what differs from one to the next: the model, its batches, the settings that suit it, and what its loss is
called.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.picture_batches import PatchesHidden, PatchesShuffled, PictureBatches, ShuffledPatches, TwoViews
from tinyformer.data.pictures import Pictures
from tinyformer.data.vectors import VectorBatch
from tinyformer.data.views import Views
from tinyformer.engine import no_grad
from tinyformer.models.byol import BYOL
from tinyformer.models.hidden_patches import MaskedPatches, PlacedPatches
from tinyformer.models.simclr import SimCLR


@dataclass(frozen=True)
class Method:
    """One way to learn: the class of its model, its batches, and the settings that it takes where nobody says more."""

    does: str
    model: type
    batches: Callable[[Any, Pictures], PictureBatches]         # (settings, pictures) -> batches
    figure: str                                                # "simclr": the loss is "simclr loss"
    unit: str                                                  # what the loss is counted in
    defaults: Mapping[str, Any]
    settings: tuple[str, ...] = ()                             # the fields of its configuration that are its own
    shown: Callable[[Any, Any], list] | None = None            # (model, batch) -> rows of patches to look at, by name

    @property
    def whole(self) -> bool:
        """Whether it learns from views, and can also do without patches."""
        return self.shown is None


def two_views(settings, pictures: Pictures) -> TwoViews:
    """Two views of every picture, as far apart as the settings say."""
    s = settings
    return TwoViews(pictures, s.batch_size, s.seed, views_of(s))


def views_of(settings) -> Views:
    """How far views go."""
    return Views(**{name: getattr(settings, name) for name in VIEWS})


def painted(model: MaskedPatches, batch: VectorBatch) -> list[tuple[str, np.ndarray]]:
    """Patches, those that were seen, and what was painted in the place of the others."""
    with no_grad():
        guesses = np.where(batch.hidden[..., None], to_host(model(batch.vectors, batch.keep).data), batch.truth)
    return [("picture", batch.truth), ("what is seen", batch.vectors), ("what is painted", guesses)]


def placed(model: PlacedPatches, batch: ShuffledPatches) -> list[tuple[str, np.ndarray]]:
    """Patches in their places, as they were seen, and where they would be put; the last one wins a place."""
    with no_grad():
        said = to_host(model(batch.patches).data).argmax(-1)                   # (B, T)
    right = np.take_along_axis(batch.patches, np.argsort(batch.places, -1)[..., None], 1)
    guesses = np.zeros_like(right)
    np.put_along_axis(guesses, said[..., None], batch.patches, 1)
    return [("picture", right), ("what is seen", batch.patches), ("where they are put", guesses)]


VIEWS = ("turn", "zoom", "shift", "crop", "contrast", "grain")
PATCHES = dict(patch=4, layers=2, heads=4, width=64, batch_size=64, learning_rate=2e-3, weight_decay=0.01)
WHOLE = dict(patch=0, layers=2, heads=1, width=256, batch_size=256)
METHODS = {
    "simclr": Method("finds the other view of a picture among all", SimCLR, two_views, "simclr", "nats a view",
                     dict(WHOLE, norm="batch", temperature=0.2, learning_rate=4e-3, weight_decay=0.01),
                     ("norm", "projected", "temperature")),
    "byol": Method("foresees what a slower copy says of the other view", BYOL, two_views, "byol", "2 - 2 cos",
                   dict(WHOLE, norm="batch", average=0.98, predictor=True, stop_gradient=True, learning_rate=4e-3,
                        weight_decay=0.1),
                   ("norm", "projected", "average", "predictor", "stop_gradient")),
    "masked": Method("paints patches that are hidden", MaskedPatches,
                     lambda s, pictures: PatchesHidden(pictures, s.batch_size, s.seed, s.patch, s.hidden), "vector",
                     "squared error", dict(PATCHES, hidden=0.4), shown=painted),
    "jigsaw": Method("puts patches back in their places", PlacedPatches,
                     lambda s, pictures: PatchesShuffled(pictures, s.batch_size, s.seed, s.patch), "place",
                     "nats a patch", PATCHES, shown=placed),
}
OWN = {name for method in METHODS.values() for name in (*method.settings, *VIEWS)} | {"hidden"}


def takes(method: str) -> set[str]:
    """The settings in `OWN` that mean something to a method."""
    views = {*VIEWS} if METHODS[method].whole else set()
    return {*METHODS[method].settings} | views | {"hidden"} & {*METHODS[method].defaults}

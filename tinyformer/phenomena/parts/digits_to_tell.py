"""Which digit is this?  Told by an MLP that has learned from two views of each, without labels, or by the pixels.

scikit-learn's digits, each at a random place of a larger canvas.  The MLP is read behind its head, where place, which
views change, is forgotten (see `reproduce pictures`).  Who is taught sees views as well.
"""

from collections.abc import Sequence

import numpy as np

from tinyformer.data.pictures import read_pictures
from tinyformer.engine import Tensor
from tinyformer.phenomena.kit import Sizes
from tinyformer.phenomena.parts.few_to_all import Material
from tinyformer.pretraining import stages
from tinyformer.pretraining.picture_methods import views_of
from tinyformer.pretraining.picture_probes import as_they_are
from tinyformer.pretraining.pretraining_settings import resolve

OPTIMIZER = "adamw"


def digits(sizes: Sizes, seed: int) -> Material:
    """A model that SimCLR has taught to see, and digits that it has not seen."""
    settings = resolve("pictures", dict(
        corpus=sizes.corpus, method="simclr", norm="layer", steps=sizes.steps_of_pictures, batch_size=sizes.pictures,
        width=sizes.units, seed=seed, device="cpu", workers="1", optimizer=OPTIMIZER))
    train, test = read_pictures(sizes.corpus).some(slice(sizes.seen + sizes.shown)).split(
        sizes.shown / (sizes.seen + sizes.shown))
    fresh, prepared, views = settings.make_model(None), stages.prepare(settings, train, test), views_of(settings)
    stages.train(prepared, f"digits, seed {seed}", progress=False)

    def behind_the_head(model, inputs: Sequence[np.ndarray], rng: np.random.Generator | None) -> Tensor:
        (pixels,) = inputs
        return model(pixels if rng is None else views(pixels, rng))

    plain = as_they_are(train.pixels), as_they_are(test.pixels)
    return Material(((train.pixels,), (test.pixels,)), (train.labels, test.labels), plain, plain[0],
                    prepared.model, fresh, sizes.lessons_of_pictures, behind_the_head)

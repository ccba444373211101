"""What are features of pictures worth?  What simple probes read off them, beside encoders that saw nothing, or labels.

A linear probe and the nearest neighbours, each fitted to all labels and to a few of every class.  Beside the features
stand the pixels, an encoder that has learned nothing, and one that was taught the classes, from as many views.
"""

from collections.abc import Callable
from dataclasses import fields

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.picture_batches import LabelledViews
from tinyformer.data.pictures import Pictures
from tinyformer.data.views import Views
from tinyformer.engine import no_grad
from tinyformer.metrics.read_off import few, from_few, nearest_right, right
from tinyformer.models.pictures import PictureClassifier, PictureConfig
from tinyformer.rng import stream
from tinyformer.train import Settings
from tinyformer.train import train as run_loop

PROBES = {"linear": right, "nearest": nearest_right}
DRAWS = 5


def probed(features: Callable, train: Pictures, test: Pictures, each: int, seed: int) -> dict[str, float]:
    """The share of the test pictures that each probe gets right: "linear" and "nearest", and "... few" of them."""
    seen, asked = features(train.pixels), features(test.pixels)
    found = {name: probe(seen, train.labels, asked, test.labels) for name, probe in PROBES.items()}
    return found | {f"{name} few": from_few(probe, seen, train.labels, asked, test.labels, each, seed, DRAWS)
                    for name, probe in PROBES.items()}


def as_they_are(pixels) -> np.ndarray:
    """The features of who sees nothing in them: (N, S, S) -> (N, S S)."""
    return pixels.reshape(len(pixels), -1)


def taught(config, train: Pictures, test: Pictures, views: Views, each: int, seed: int, steps: int,
           batch_size: int = 128, **training) -> dict[str, float]:
    """The figures of a classifier with this encoder, taught from all labels and from a few: "linear", "linear few".

    It learns from views, as the others do, and its own last layer is its probe.
    """
    c = PictureConfig(**{item.name: getattr(config, item.name) for item in fields(PictureConfig)})
    some = train.some(next(few(train.labels, each, seed, 1)))
    usual = dict(learning_rate=2e-3, schedule="cosine", warmup=min(100, steps // 10), betas=(0.9, 0.98))
    settings = Settings(steps=steps, seed=seed, log_every=steps, **{**usual, **training})
    found = {}
    for name, examples in (("linear", train), ("linear few", some)):
        model = PictureClassifier(c, len(train.names), stream(seed, "weights"))
        run_loop(model, LabelledViews(examples, batch_size, seed, views), settings, progress=False)
        with no_grad():
            said = to_host(model(test.pixels).data).argmax(-1)
        found[name] = float(np.mean(said == test.labels))
    return found

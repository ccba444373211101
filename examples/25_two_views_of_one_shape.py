"""Who looks alike, if nobody said what there is?  SimCLR on shapes: two views of each are to find one another.

A shape is turned, moved and covered with noise.  Whoever can say which two views belong together has learned what stays
the same, and that is the shape: what kind it is can then be read off, though no name was ever seen.
"""

import numpy as np

from tinyformer.data.picture_batches import TwoViews
from tinyformer.data.pictures import Pictures
from tinyformer.data.shapes import NAMES, shapes
from tinyformer.data.views import Views
from tinyformer.metrics import read_off
from tinyformer.models.simclr import SimCLR, SimCLRConfig
from tinyformer.rng import stream
from tinyformer.train import Settings, train

pixels, labels = shapes(600, 12, seed=0)
known, asked = Pictures(pixels[:450], labels[:450], NAMES), Pictures(pixels[450:], labels[450:], NAMES)
model = SimCLR(SimCLRConfig(side=12, width=64, projected=32, norm="batch", temperature=0.2), stream(0, "weights"))


def right() -> float:
    """How often a linear function of the features says the kind."""
    return read_off.right(model.features(known.pixels), known.labels, model.features(asked.pixels), asked.labels)


before = right()
batches = TwoViews(known, 48, 0, Views(turn=3.1, shift=2.0))
print(f"knowing nothing costs {np.log(2 * 48 - 1):.2f} nats")
history = train(model, batches, Settings(steps=250, learning_rate=4e-3, log_every=50), progress=False)
for row in history.rows:
    print(f"step {row['step']:4}: loss {row['loss']:.2f}")
after = right()
print(f"a linear function of its features knows the kind in {before:.0%} before, in {after:.0%} after; by chance 17%")
assert after > before + 0.05

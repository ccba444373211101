"""Why is the best loss the worst sign?  A model that only has to agree with itself says the same of everything.

BYOL foresees what a slower copy of itself says of another view.  Without its predictor and with a gradient into both
branches the loss falls to nothing at once, and so does the spread of its vectors: they have collapsed into one.
"""

from tinyformer.data.picture_batches import TwoViews
from tinyformer.data.pictures import Pictures
from tinyformer.data.shapes import NAMES, shapes
from tinyformer.data.views import Views
from tinyformer.models.byol import BYOL, BYOLConfig
from tinyformer.pretraining.collapse_detector import Detector
from tinyformer.rng import stream
from tinyformer.train import Settings, train

pictures = Pictures(*shapes(300, 12, seed=0), NAMES)
batches = TwoViews(pictures, 32, 0, Views())
held_out = [TwoViews(pictures, 64, 1, Views()).batch(0)]
ends = {}
for name, parts in {"BYOL": {}, "agreement alone": dict(predictor=False, stop_gradient=False, norm="layer")}.items():
    model = BYOL(BYOLConfig(side=12, width=48, projected=16, **parts), stream(0, "weights"))
    history = train(model, batches, Settings(steps=150, learning_rate=4e-3, evaluate_every=50, log_every=50),
                    validation=held_out, measure=Detector(name, print), progress=False)
    for row in history.evaluations:
        print(f"{name}, step {row['step']:3}: loss {row['byol loss']:.4f}, spread {row['spread']:.3f}")
    ends[name] = history.evaluations[-1]

assert ends["BYOL"]["spread"] > 0.5 > 0.1 > ends["agreement alone"]["spread"]
assert ends["agreement alone"]["byol loss"] < ends["BYOL"]["byol loss"]

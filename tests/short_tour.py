"""What does the tour leave when everything in it is as short as can be?  It is the same code, with other numbers.

    python short_tour.py [words of the tour]
"""

import sys
from dataclasses import replace

from tinyformer.cli import main
from tinyformer.engine import REGISTRY
from tinyformer.phenomena.parts import four_heads, tour_stages

MODEL = dict(layers=1, heads=2, width=16, max_length=24, batch_size=4, steps=6, evaluate_every=3)
SIZES = {"quick": dict(characters=120_000, bert=MODEL | {"vocabulary": 400, "objective": "none"},
                       gpt=MODEL | {"vocabulary": 300},
                       world=dict(steps=6, documents=60, evaluate_every=3), seeds=2, shorter=50, length=5)}
OPS = ("layer_norm", "masked_softmax", "cross_entropy", "affine", "gelu")   # the whole registry is checked elsewhere


def shorten(put) -> None:
    """Put the short numbers in place, by put(object, name, value)."""
    put(tour_stages, "SIZES", SIZES)
    put(four_heads, "HEADS", tuple(replace(spec, labels=spec.labels // 10) for spec in four_heads.HEADS))
    put(tour_stages, "REGISTRY", {name: REGISTRY[name] for name in OPS})


if __name__ == "__main__":
    shorten(setattr)
    sys.exit(main(["tour", "--quick", *sys.argv[1:]]))

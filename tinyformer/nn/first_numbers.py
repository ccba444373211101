"""From what does a layer draw its first numbers, and how large are they?  From a generator; None draws nothing."""

import math

import numpy as np


def deviation_at(width: int) -> float:
    """The standard deviation of the first weights of a model of this width: 0.02 sqrt(768 / width).

    The 0.02 that BERT and GPT-2 publish belongs to their width of 768.  A layer adds up `width` products, so that its
    outputs are as large as theirs where the variance of a weight, times the width, is the same.
    """
    return 0.02 * math.sqrt(768 / width)


def given(rng, shape: tuple) -> np.random.Generator | None:
    """The generator that a layer was given, or None; TypeError, which says what to give, for anything else.

    TypeError also where a side of its `shape` is no whole number, ValueError where it is negative.
    """
    for side in shape:
        if not isinstance(side, int | np.integer):
            raise TypeError(f"layer: a size is {side!r}; it must be a whole number: nn.LayerNorm(768), not (768,)")
        if side < 0:
            raise ValueError(f"layer: a size is {side}; it must not be negative")
    if rng is None or isinstance(rng, np.random.Generator):
        return rng
    said = "is missing" if rng is ... else f"is {rng!r}"
    raise TypeError(f"layer: rng {said}; give np.random.default_rng(0), from which its first weights are drawn, or "
                    "None for zeros that take no memory, to be counted or loaded")

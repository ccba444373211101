"""Whose slope can be told from its value alone?

    out = tanh(x) = sinh(x) / cosh(x), number by number

A check on paper: the slope is 1 at zero, and 0 far out on either side.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.tanh, __doc__, hints=(
    "Write tanh as sinh / cosh and use the quotient rule: sinh' = cosh, cosh' = sinh.",
    "You have come to (cosh² - sinh²) / cosh². Divide both terms: what is sinh² / cosh²?",
    "The slope is 1 - out². Each number of x moves its own number of out alone, so dx is dout times that, place by "
    "place."))


@EXERCISE.mistake
def tanh_without_the_square(xp, x):
    """1 - tanh instead of 1 - tanh²"""
    out = xp.tanh(x)
    return out, lambda dout: dout * (1 - out)


@EXERCISE.mistake
def tanh_almost_right(xp, x):
    """a slope that is wrong in the ninth digit: differences are too coarse to see it"""
    out = xp.tanh(x)
    return out, lambda dout: dout * (1 - out * out) * (1 + 1e-9)


@EXERCISE.mistake(caught_by="twice")
def tanh_right_only_once(xp, x):
    """backward uses up what it saved, although it may run again"""
    out = xp.tanh(x)
    slope = 1 - out * out

    def backward(dout):
        xp.multiply(slope, dout, out=slope)
        return slope.copy()

    return out, backward


@EXERCISE.mistake(caught_by="float32")
def tanh_with_a_coarse_fast_path(xp, x):
    """a fast path for float32 whose slope is right to three digits"""
    out = xp.tanh(x)
    slope = 1 - out * out
    return out, lambda dout: dout * (slope.astype(np.float16).astype(x.dtype) if x.dtype == np.float32 else slope)

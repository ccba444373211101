"""How steep is a chance that is computed from a score?

    out = 1 / (1 + exp(-x)), number by number

A check on paper: a quarter at zero, and 0 far out on either side. The slope can be told from out alone.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.sigmoid, __doc__, hints=(
    "Call the denominator d = 1 + exp(-x). Then out = 1 / d; what is the slope of 1 / d, and what that of d?",
    "You have come to exp(-x) / (1 + exp(-x))². One of the two factors below is out; what is exp(-x) / (1 + exp(-x))?",
    "It is 1 - out. So the slope is out (1 - out), a quarter at zero, and it multiplies dout."))


@EXERCISE.mistake
def sigmoid_with_the_wrong_sign(xp, x):
    """s (s - 1) instead of s (1 - s)"""
    out = 0.5 * (1 + xp.tanh(0.5 * x))
    return out, lambda dout: dout * out * (out - 1)


@EXERCISE.mistake
def sigmoid_like_tanh(xp, x):
    """1 - s², which is the slope of tanh"""
    out = 0.5 * (1 + xp.tanh(0.5 * x))
    return out, lambda dout: dout * (1 - out * out)


@EXERCISE.mistake
def sigmoid_with_the_slope_of_its_result(xp, x):
    """s (1 - s) with x in the place of s: the slope is one of the output"""
    out = 0.5 * (1 + xp.tanh(0.5 * x))
    return out, lambda dout: dout * x * (1 - x)


sigmoid_with_the_slope_of_its_result.specials.clear()


@EXERCISE.mistake(caught_by="float32")
def sigmoid_with_a_wrong_fast_value(xp, x):
    """a fast path for float32 whose value is wrong, and whose slope is right"""
    out = 0.5 * (1 + xp.tanh(0.5 * x))
    return out + x.dtype.type(1e-3) * (x.dtype == np.float32), lambda dout: dout * out * (1 - out)

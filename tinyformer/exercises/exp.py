"""Which function is its own slope?

    out = e ** x, number by number

A check on paper: at minus infinity the slope is 0.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.exp, __doc__, hints=(
    "e^(x + δ) = e^x e^δ, and for small δ, e^δ is 1 + δ. By how much does out move?",
    "It moves by e^x δ. You have computed e^x already: what is its name?",
    "The slope is out, so dx = dout * out. (Do not write it into out: another pass may need it.)"))


@EXERCISE.mistake(caught_by="twice")
def exp_into_its_result(xp, x):
    """writes the gradient over the result"""
    out = xp.exp(x)

    def backward(dout):
        xp.multiply(out, dout, out=out)
        return out.copy()

    return out, backward


@EXERCISE.mistake
def exp_like_a_power(xp, x):
    """x e^(x-1), the rule for powers of x; here it is the exponent that moves"""
    return xp.exp(x), lambda dout: dout * x * xp.exp(x - 1)


exp_like_a_power.specials.clear()


@EXERCISE.mistake
def exp_of_the_gradient(xp, x):
    """the slope is taken at dout, and it is to be taken at x"""
    out = xp.exp(x)
    return out, lambda dout: out * xp.exp(dout)


@EXERCISE.mistake
def exp_of_floats_only(xp, x):
    """the forward does not run on complex numbers"""
    out = np.exp(x, dtype=x.real.dtype, casting="same_kind")
    return out, lambda dout: dout * out

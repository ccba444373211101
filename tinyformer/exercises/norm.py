"""In which direction does a vector grow fastest?

    out = the root of the sum of x² over `axis`: None (all axes), one axis, or several

`length` is out with the axes that went away kept as 1, and `kept` is that shape. At length 0 no direction is preferred,
and the gradient is 0.
A check on paper: for a single vector the gradient has the length of dout.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.norm, __doc__, hints=(
    "Write the root the other way round: out² = sum of x². How do the two sides move?",
    "2 out δout = sum of 2 x δx, so δout = sum of (x / out) δx: the slope is the vector of length 1 along x.",
    "dx = dout.reshape(kept) * x / length, and 0 where length is 0: divide by xp.where(length == 0, 1, length)."))


@EXERCISE.given
def norm(xp, x, *, axis=None, keepdims=False):
    length = xp.sqrt((x * x).sum(axis=axis, keepdims=True))
    kept = length.shape

    def backward(dout):
        return dout.reshape(kept) * x / xp.where(length.real == 0, 1, length)

    return length.sum(axis=axis, keepdims=keepdims), backward


def _norm(xp, x, axis, keepdims, change):
    """The right length, with its gradient changed: change(dx, out as it stretches over x)."""
    out, right = ops.norm.raw(xp, x, axis=axis, keepdims=keepdims)
    spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1]
    return out, lambda dout: change(right(dout), spread(out))


@EXERCISE.mistake
def norm_of_the_square(xp, x, *, axis=None, keepdims=False):
    """2 x dout, the gradient of the squared length: the root has a slope of its own, 1 / (2 out)"""
    return _norm(xp, x, axis, keepdims, lambda d, out: d * 2 * out)


@EXERCISE.mistake
def norm_with_half_too_much(xp, x, *, axis=None, keepdims=False):
    """half of it: the 1/2 of the root has cancelled against the 2 of the square"""
    return _norm(xp, x, axis, keepdims, lambda d, out: d * 0.5)


@EXERCISE.mistake(caught_by="special")
def norm_of_nothing(xp, x, *, axis=None, keepdims=False):
    """0 / 0 at length 0"""
    return _norm(xp, x, axis, keepdims, lambda d, out: xp.where(out.real == 0, np.nan, d))


@EXERCISE.mistake
def norm_that_conjugates(xp, x, *, axis=None, keepdims=False):
    """the absolute values of complex numbers are squared, in which their imaginary part is turned round"""
    out, right = ops.norm.raw(xp, x, axis=axis, keepdims=keepdims)
    return xp.sqrt((xp.abs(x) ** 2).sum(axis=axis, keepdims=keepdims)).astype(x.dtype), right

"""Who moves the maximum?

    out = the largest of x over `axis`: None (all axes), one axis, or several

`hit` is True where x is as large as the largest, `ties` counts along the axis how many are, and `kept` is the shape
of x in which each axis that went away is 1.
Where several hold the maximum together, they share its gradient equally.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.max, __doc__, hints=(
    "If a number that is not the largest grows by very little, does out move? And if the largest one does?",
    "All of dout goes to the place of the largest, and 0 to the others. Among k equals, each gets 1/k.",
    "dout.reshape(kept) stretches over x; multiply it by hit / ties."))


@EXERCISE.given
def max(xp, x, *, axis=None, keepdims=False):
    largest = x.real.max(axis=axis, keepdims=True)
    kept, hit = largest.shape, x.real == largest
    ties = hit.sum(axis=axis, keepdims=True).astype(largest.dtype)
    out = (xp.where(hit, x, 0) / ties).sum(axis=axis, keepdims=keepdims)

    def backward(dout):
        return dout.reshape(kept) * (hit / ties)

    return out, backward


@EXERCISE.mistake(caught_by="special")
def max_that_pays_every_winner(xp, x, *, axis=None, keepdims=False):
    """each of several equal largest gets the whole gradient"""
    out, _ = ops.max.raw(xp, x, axis=axis, keepdims=keepdims)
    top = x.real == x.real.max(axis=axis, keepdims=True)
    spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1]
    return out, lambda dout: xp.where(top, spread(dout), 0)


@EXERCISE.mistake(caught_by="special")
def max_that_pays_the_first(xp, x, *, axis=None, keepdims=False):
    """of several equal largest the first gets everything"""
    out, _ = ops.max.raw(xp, x, axis=axis, keepdims=keepdims)
    top = x.real == x.real.max(axis=axis, keepdims=True)
    if axis == 1:
        top = top & (xp.cumsum(top, axis=axis) == 1)
    spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1]
    return out, lambda dout: xp.where(top, spread(dout), 0)


@EXERCISE.mistake
def max_that_pays_everybody(xp, x, *, axis=None, keepdims=False):
    """every number gets the gradient, as of a sum: those that are not the largest do not move out"""
    return (ops.max.raw(xp, x, axis=axis, keepdims=keepdims)[0],
            ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1])


@EXERCISE.mistake
def max_by_absolute_value(xp, x, *, axis=None, keepdims=False):
    """abs(x) times the sign of x: the absolute value of a complex number has no imaginary part left"""
    out, right = ops.max.raw(xp, x, axis=axis, keepdims=keepdims)
    return (xp.abs(out) * xp.sign(out.real)).astype(x.dtype), right

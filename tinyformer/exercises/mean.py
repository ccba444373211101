"""What does each of n numbers get from the gradient of their mean?

    out = the mean of x over `axis`: None (all axes), one axis, or several; the mean of nothing is 0

`kept` is the shape of x in which each axis that went away is 1, and `share` is 1/n, a Python number.
A check on paper: the gradients of one row add up to its dout.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.mean, __doc__, hints=(
    "A mean is a sum and a number. What does the sum send back, and what does the number change?",
    "n is the number of terms in one mean: those along the axis, not all numbers of x.",
    "dout * share, with the axes back as 1, stretched to x: xp.broadcast_to((dout * share).reshape(kept), x.shape)."))


@EXERCISE.given
def mean(xp, x, *, axis=None, keepdims=False):
    shape = x.shape
    kept = x.sum(axis=axis, keepdims=True).shape
    share = float(np.prod(kept)) / x.size if x.size else 0.0

    def backward(dout):
        return xp.broadcast_to((dout * share).reshape(kept), shape)

    return x.sum(axis=axis, keepdims=keepdims) * share, backward


@EXERCISE.mistake(caught_by="adjoint")
def mean_over_everything(xp, x, *, axis=None, keepdims=False):
    """divides by the number of all terms, not of those along the axis"""
    out, _ = ops.mean.raw(xp, x, axis=axis, keepdims=keepdims)
    spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1]
    return out, lambda dout: spread(dout) * (1 / max(x.size, 1))


@EXERCISE.mistake(caught_by="adjoint")
def mean_like_a_sum(xp, x, *, axis=None, keepdims=False):
    """each term gets all of the gradient: the factor 1/n is forgotten"""
    return (ops.mean.raw(xp, x, axis=axis, keepdims=keepdims)[0],
            ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1])


@EXERCISE.mistake(caught_by="backward")
def mean_not_stretched(xp, x, *, axis=None, keepdims=False):
    """dout comes back in its own shape, smaller than x: it must stretch over the terms"""
    out = ops.mean.raw(xp, x, axis=axis, keepdims=keepdims)[0]
    return out, lambda dout: dout * (out.size / max(x.size, 1))

"""The mean moves too: does that matter to how far numbers lie from it?

    out = the sum of c² over `axis`, times share, where c = x - mean and share = 1 / (n - ddof), of n numbers

`kept` is the shape of x in which each axis that went away is 1.
A check on paper: shifting all numbers changes nothing, so the gradients of a row sum to 0.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.var, __doc__, hints=(
    "Each c² moves by 2 c δc, and δc = δx - δmean. Write down the sum over all of them.",
    "sum of 2 c δx, minus 2 δmean times the sum of c. What is the sum of the distances from a mean?",
    "It is 0, so the mean does not matter: dx = dout.reshape(kept) * 2 * share * centred."))


@EXERCISE.given
def var(xp, x, *, axis=None, keepdims=False, ddof=0):
    kept = x.sum(axis=axis, keepdims=True).shape
    count = x.size // int(np.prod(kept))
    share = 1 / (count - ddof)
    centred = x - x.sum(axis=axis, keepdims=True) * (1 / count)

    def backward(dout):
        return dout.reshape(kept) * (2 * share) * centred

    return (centred * centred).sum(axis=axis, keepdims=keepdims) * share, backward


def _var(xp, x, axis, keepdims, ddof, change):
    """The right variance, with its gradient changed: change(dx, count)."""
    out, right = ops.var.raw(xp, x, axis=axis, keepdims=keepdims, ddof=ddof)
    return out, lambda dout: change(right(dout), x.size // max(out.size, 1))


@EXERCISE.mistake
def var_without_the_two(xp, x, *, axis=None, keepdims=False, ddof=0):
    """the factor 2 is forgotten"""
    return _var(xp, x, axis, keepdims, ddof, lambda d, count: d * 0.5)


@EXERCISE.mistake
def var_without_the_mean(xp, x, *, axis=None, keepdims=False, ddof=0):
    """the sum of squares has this gradient: it was divided by n - ddof"""
    return _var(xp, x, axis, keepdims, ddof, lambda d, count: d * float(count - ddof))


@EXERCISE.mistake
def var_with_the_other_count(xp, x, *, axis=None, keepdims=False, ddof=0):
    """backward divides by n where forward divided by n - ddof"""
    return _var(xp, x, axis, keepdims, ddof, lambda d, count: d * ((count - ddof) / count))


@EXERCISE.mistake
def var_around_zero(xp, x, *, axis=None, keepdims=False, ddof=0):
    """2 x in place of 2 (x - mean): the numbers are measured from 0"""
    out, spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)
    share = 1 / (x.size // max(out.size, 1) - ddof)
    return (ops.var.raw(xp, x, axis=axis, keepdims=keepdims, ddof=ddof)[0],
            lambda dout: spread(dout) * (2 * share) * x)

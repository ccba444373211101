"""What is the slope of one factor among many, when one of them may be 0?

    out = the product of x over `axis`: None (all axes), one axis, or several; the product of nothing is 1

Below, what is multiplied has been laid out as `rows` (..., N), so that you need only the products of all *other*
factors, `others` (..., N). before(rows) gives for each number the product of all that stand before it, and 1 for the
first.
A check on paper: with one 0 in a row, that factor alone has a slope; with two, none has.
"""

import math

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.prod, __doc__, hints=(
    "If one factor moves while the others stand, by what is its step multiplied? out / x would be that; where does it"
    " fail?",
    "The product of all others is that of all before it, times that of all behind it. before(rows) is the first; how "
    "does one get the second from the same function?",
    "From the row turned round: before(rows[..., ::-1])[..., ::-1]. others is the product of the two."))


@EXERCISE.given
def prod(xp, x, *, axis=None, keepdims=False):
    kept = x.sum(axis=axis, keepdims=True).shape
    axes = range(x.ndim) if axis is None else [a % x.ndim for a in np.atleast_1d(axis).tolist()]
    order = [i for i in range(x.ndim) if i not in axes] + list(axes)
    turned = x.transpose(order)                                # what is multiplied comes last
    rows = turned.reshape(*turned.shape[:x.ndim - len(axes)], math.prod(x.shape[a] for a in axes))

    def before(rows):
        return xp.cumprod(xp.concatenate([xp.ones_like(rows[..., :1]), rows[..., :-1]], axis=-1), axis=-1)

    def products_of_the_others():                              # yours: return others
        return before(rows) * before(rows[..., ::-1])[..., ::-1]

    def backward(dout):
        others = products_of_the_others()
        return dout.reshape(kept) * others.reshape(turned.shape).transpose([order.index(i) for i in range(x.ndim)])

    return x.prod(axis=axis, keepdims=keepdims), backward


def _spread(xp, x, axis, keepdims):
    """The product, what stretches dout over x, and out as it stretches."""
    out = ops.prod.raw(xp, x, axis=axis, keepdims=keepdims)[0]
    spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1]
    return out, spread, spread(out)


@EXERCISE.mistake(caught_by="special")
def prod_by_division(xp, x, *, axis=None, keepdims=False):
    """out / x, which is 0 / 0 where a factor is 0"""
    out, spread, stretched = _spread(xp, x, axis, keepdims)
    return out, lambda dout: spread(dout) * (stretched / x)


@EXERCISE.mistake
def prod_of_them_all(xp, x, *, axis=None, keepdims=False):
    """out itself: the factor that moves must be left out"""
    out, spread, stretched = _spread(xp, x, axis, keepdims)
    return out, lambda dout: spread(dout) * stretched


@EXERCISE.mistake
def prod_like_a_sum(xp, x, *, axis=None, keepdims=False):
    """1 for every factor, as in a sum"""
    out, spread, _ = _spread(xp, x, axis, keepdims)
    return out, spread

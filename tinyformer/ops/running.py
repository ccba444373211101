"""What do a product, and a sum that runs along, tell each of the numbers that they are made of?"""

import math

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.reduce import axes_of, kept_shape


@primitive(linear=True, keeps="")
def cumsum(xp, x, *, axis: int | None = None):
    """The sum of all numbers up to each place along `axis`; over all numbers in one row where it is None, as in NumPy.

    x_j is in the sums from place j on, and gets the gradients of all of them: a sum that runs the other way.
    """
    shape = x.shape
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)

    def backward(dout):                                        # δout_i = sum of δx_j over j <= i
        back = (slice(None),) * (axis % dout.ndim) + (slice(None, None, -1),)
        return dout[back].cumsum(axis=axis)[back].reshape(shape)

    return x.cumsum(axis=axis), backward


@primitive(keeps="x")
def prod(xp, x, *, axis=None, keepdims: bool = False):
    """The product over `axis`: the slope of each factor is the product of all the others.

    out / x would be that, but not at 0.  So the products of all factors before and of all behind each one are formed,
    which leave it out.  The product of nothing is 1.
    """
    axes = axes_of(x.ndim, axis)
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    back = tuple((rest + axes).index(i) for i in range(x.ndim))
    kept = kept_shape(x.shape, axis)

    def backward(dout):                                        # δout = sum of δx_i * product of x_j over j != i
        turned = x.transpose(rest + axes)                      # what is multiplied comes last
        rows = turned.reshape(*(x.shape[i] for i in rest), math.prod(x.shape[i] for i in axes))
        others = _before(xp, rows) * _before(xp, rows[..., ::-1])[..., ::-1]
        return dout.reshape(kept) * others.reshape(turned.shape).transpose(back)

    return x.prod(axis=axis, keepdims=keepdims), backward


def _before(xp, rows):
    """For each number of rows (..., N) the product of all that stand before it; 1 for the first."""
    return xp.cumprod(xp.concatenate([xp.ones_like(rows[..., :1]), rows[..., :-1]], axis=-1), axis=-1)


@cumsum.case
def _(rng):
    """along the first of two axes"""
    return Call(rng.normal(size=(3, 2)), axis=0)


@cumsum.case
def _(rng):
    """along the last axis, counted from the end"""
    return Call(rng.normal(size=(2, 4)), axis=-1)


@cumsum.case
def _(rng):
    """over all numbers in one row"""
    return Call(rng.normal(size=(2, 3)))


@prod.case
def _(rng):
    """over all axes"""
    return Call(rng.uniform(0.5, 2, size=(2, 3)) * rng.choice([-1, 1], size=(2, 3)))


@prod.case
def _(rng):
    """over the first and last of three axes"""
    return Call(rng.uniform(0.5, 1.5, size=(2, 3, 2)), axis=(0, -1))


@prod.case
def _(rng):
    """over one axis, which is kept"""
    return Call(rng.uniform(0.5, 2, size=(3, 2)), axis=0, keepdims=True)


@prod.special
def _(rng):
    """a factor 0 has a slope, the product of the others; with two of them nothing moves; the product of nothing is 1"""
    return Special(np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 4.0]]), axis=1).expect(
        out=[0.0, 0.0], grads=([[0.0, 6.0, 0.0], [0.0, 0.0, 0.0]],))


@prod.special
def _(rng):
    """the product of nothing is 1"""
    return Special(np.zeros((2, 0)), axis=1).expect(out=[1.0, 1.0], grads=(np.zeros((2, 0)),))

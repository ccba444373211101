"""How far do numbers lie from their mean, and how far from 0?  var and std, norm and normalize.

All four are made of a sum of squares; var and std measure it around the mean.  Their roots have a corner where all the
squares are 0, as |x| has: no direction is preferred there, and the gradient is 0.
"""

import math

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.reduce import axes_of, dropped_shape, kept_shape


@primitive(keeps="centred (...)")
def var(xp, x, *, axis=None, keepdims: bool = False, ddof: int = 0):
    """The variance over `axis`: the sum of c² over n - ddof, where c = x - mean, of n numbers.

    ddof=0 divides by n, as NumPy and layer norm do; ddof=1 is the unbiased estimate, PyTorch's default.
    The mean moves with x, and yet c is all of the slope: what it adds is multiplied by the sum of c, which is 0.
    Raises ValueError where n - ddof is below 1.
    """
    centred, share, kept = _centred(xp, "var", x, axis, ddof)
    out = (centred * centred).sum(axis=axis, keepdims=keepdims) * share

    def backward(dout):                    # δout = share * sum of 2 c (δx - δmean) = share * sum of 2 c δx
        return dout.reshape(kept) * (2 * share) * centred

    return out, backward


@primitive(keeps="centred (...), out")
def std(xp, x, *, axis=None, keepdims: bool = False, ddof: int = 0):
    """The standard deviation over `axis`, the root of `var`; where nothing spreads it is 0, and so is its gradient.

    ddof as for `var`: 0, as in NumPy, where PyTorch's default is 1.  (Equal numbers of which the mean is rounded do
    spread, by that rounding.)
    """
    centred, share, kept = _centred(xp, "std", x, axis, ddof)
    root = xp.sqrt((centred * centred).sum(axis=axis, keepdims=True) * share)

    def backward(dout):                                        # out² = var: 2 out δout = δvar
        return dout.reshape(kept) * share * _over(xp, centred, root)

    return root if keepdims else root.reshape(dropped_shape(x.shape, axis)), backward


@primitive(keeps="x, out")
def norm(xp, x, *, axis=None, keepdims: bool = False):
    """The Euclidean length over `axis`, the root of the sum of squares; its gradient at length 0 is 0.

    It grows fastest in the direction of x itself: dx is dout times the vector of length 1 that points there.
    """
    kept = kept_shape(x.shape, axis)
    length = xp.sqrt((x * x).sum(axis=axis, keepdims=True))    # abs(x)² would turn the complex step round

    def backward(dout):                                        # out² = sum of x²: 2 out δout = sum of 2 x δx
        return dout.reshape(kept) * _over(xp, x, length)

    return length if keepdims else length.reshape(dropped_shape(x.shape, axis)), backward


@primitive(keeps="out, size (...)")
def normalize(xp, x, *, axis: int = -1, eps: float = 1e-12):
    """x over its length along `axis`, u = x / |x|; a vector no longer than eps is divided by eps instead.

    A step along x changes nothing, so backward takes from the gradient its part along u, and what remains is 1 / |x|
    of itself, for a long vector turns slowly.  (F.normalize of PyTorch, whose default axis is 1.)
    """
    length = xp.sqrt((x * x).sum(axis=axis, keepdims=True))
    size = xp.where(length.real > eps, length, eps)
    out = x / size

    def backward(dout):                                        # δu = (δx - u <u, δx>) / |x|, for δ|x| = <u, δx>
        along = xp.where(size.real == eps, 0, (dout * out).sum(axis=axis, keepdims=True))
        return (dout - out * along) / size

    return out, backward


def _centred(xp, name: str, x, axis, ddof: int):
    """x without its mean over `axis`, 1 / (n - ddof), and the shape with these axes kept as 1."""
    count = math.prod(x.shape[i] for i in axes_of(x.ndim, axis))
    if count - ddof < 1:
        raise ValueError(f"{name}: x is {x.shape}, of which {count} numbers go together, and ddof is {ddof}; "
                         "there must be more numbers than that")
    return x - x.sum(axis=axis, keepdims=True) * (1 / count), 1 / (count - ddof), kept_shape(x.shape, axis)


def _over(xp, x, length):
    """x / length, and 0 where the length is."""
    return xp.where(length.real == 0, 0, x / xp.where(length.real == 0, 1, length))


@var.case
@std.case
@norm.case
def _(rng):
    """over all axes"""
    return Call(rng.normal(size=(2, 3)))


@var.case
@std.case
@norm.case
def _(rng):
    """over the first and last of three axes"""
    return Call(rng.normal(size=(2, 3, 4)) + 3, axis=(0, -1))


@var.case
@std.case
def _(rng):
    """unbiased, over one axis, which is kept"""
    return Call(rng.normal(size=(4, 3)), axis=0, keepdims=True, ddof=1)


@var.special
@std.special
def _(rng):
    """equal numbers do not spread, and no direction is preferred"""
    return Special(np.full((2, 3), 5.0), axis=1).expect(out=[0.0, 0.0], grads=(np.zeros((2, 3)),))


@norm.special
def _(rng):
    """at length 0 the gradient is 0; three and four make five"""
    return Special(np.array([[0.0, 0.0], [3.0, -4.0]]), axis=1).expect(out=[0.0, 5.0], grads=([[0, 0], [0.6, -0.8]],))


@normalize.case
def _(rng):
    """rows"""
    return Call(rng.normal(size=(2, 4)))


@normalize.case
def _(rng):
    """down the first axis"""
    return Call(rng.normal(size=(3, 2)) * 5, axis=0)


@normalize.case
def _(rng):
    """vectors shorter than eps"""
    return Call(rng.uniform(0.1, 0.3, size=(2, 3)), eps=2.0)


@normalize.special
def _(rng):
    """a vector shorter than eps is divided by eps, and its gradient too; a pull along the vector moves nothing"""
    return Special(np.array([[0.0, 0.0], [3.0, -4.0]]), eps=0.5).expect(
        out=[[0.0, 0.0], [0.6, -0.8]], grads=([[2.0, 4.0], [0.0, 0.0]],), dout=[[1.0, 2.0], [3.0, -4.0]])

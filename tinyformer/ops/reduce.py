"""How does a gradient come back through a sum, a mean or a maximum?

`axis` is None (all axes), one axis or several.  A sum sends its gradient to every term, a mean a share of it,
a maximum all of it to the largest.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(linear=True)
def sum(xp, x, *, axis=None, keepdims: bool = False):
    """The sum over `axis`: each term gets the whole gradient."""
    kept = _kept_shape(x.shape, axis)

    def backward(dout):
        return xp.broadcast_to(dout.reshape(kept), x.shape)

    return x.sum(axis=axis, keepdims=keepdims), backward


@primitive(linear=True)
def mean(xp, x, *, axis=None, keepdims: bool = False):
    """The mean over `axis`: each of the n terms gets 1/n of the gradient."""
    kept = _kept_shape(x.shape, axis)
    share = x.size and float(np.prod(kept)) / x.size           # 1/n, as a Python number, keeps float32 float32

    def backward(dout):
        return xp.broadcast_to((dout * share).reshape(kept), x.shape)

    return x.sum(axis=axis, keepdims=keepdims) * share, backward


@primitive
def max(xp, x, *, axis=None, keepdims: bool = False):
    """The largest value over `axis`.  Where several are equally large they share the gradient equally.

    Complex numbers are compared by their real part alone, so that a complex step follows the real maximum.
    """
    kept = _kept_shape(x.shape, axis)
    largest = x.real.max(axis=axis, keepdims=True)
    hit = x.real == largest
    share = hit / hit.sum(axis=axis, keepdims=True).astype(largest.dtype)       # 1, or 1/k among k equals

    def backward(dout):
        return dout.reshape(kept) * share

    if x.dtype.kind == "c":
        largest = xp.where(hit, x * share, 0).sum(axis=axis, keepdims=True)
    return largest if keepdims else largest.reshape(_dropped_shape(x.shape, axis)), backward


def _axes(ndim: int, axis) -> tuple:
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % ndim if ndim else a for a in axes)


def _kept_shape(shape: tuple, axis) -> tuple:
    """The shape with each reduced axis kept as 1: the one from which the result stretches back."""
    axes = _axes(len(shape), axis)
    return tuple(1 if i in axes else side for i, side in enumerate(shape))


def _dropped_shape(shape: tuple, axis) -> tuple:
    axes = _axes(len(shape), axis)
    return tuple(side for i, side in enumerate(shape) if i not in axes)


@sum.case
@mean.case
@max.case
def _(rng):
    """over all axes"""
    return Call(rng.normal(size=(2, 3)))


@sum.case
@mean.case
@max.case
def _(rng):
    """over the first and last of three axes"""
    return Call(rng.normal(size=(2, 3, 4)), axis=(0, -1))


@sum.case
@mean.case
@max.case
def _(rng):
    """over one axis, which is kept"""
    return Call(rng.normal(size=(2, 3)), axis=1, keepdims=True)


@max.special
def _(rng):
    """a tie shares the gradient"""
    return Special(np.array([[1.0, 5.0, 5.0], [2.0, 1.0, 0.0]]), axis=1).expect(
        out=[5.0, 2.0], grads=([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]],))


@max.special
def _(rng):
    """minus infinities lose, unless there is nothing else"""
    return Special(np.array([[-np.inf, 3.0], [-1e30, -np.inf]]), axis=1).expect(
        out=[3.0, -1e30], grads=([[0.0, 1.0], [1.0, 0.0]],))

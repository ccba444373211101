"""How does a gradient come back through a sum, a mean or a maximum?

`axis` is None (all axes), one axis or several.  A sum sends its gradient to every term, a mean a share of it,
a maximum all of it to the largest.  To give every term its sum's dout, the axes that went away come back as 1
(`kept`), from where they stretch.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(linear=True, keeps="")
def sum(xp, x, *, axis=None, keepdims: bool = False):
    """The sum over `axis`: each term gets the whole gradient.  Two shapes are all that backward needs."""
    shape, kept = x.shape, kept_shape(x.shape, axis)

    def backward(dout):                                        # <dout, sum of δx_i> = sum of <dout, δx_i>
        return xp.broadcast_to(dout.reshape(kept), shape)

    return x.sum(axis=axis, keepdims=keepdims), backward


@primitive(linear=True, keeps="")
def mean(xp, x, *, axis=None, keepdims: bool = False):
    """The mean over `axis`: each of the n terms gets 1/n of the gradient.  The mean of nothing is 0."""
    shape, kept = x.shape, kept_shape(x.shape, axis)
    share = x.size and float(np.prod(kept)) / x.size           # 1/n, as a Python number, keeps float32 float32

    def backward(dout):                                        # δout = sum of δx_i / n
        return xp.broadcast_to((dout * share).reshape(kept), shape)

    return x.sum(axis=axis, keepdims=keepdims) * share, backward


@primitive(keeps="hit (...) bool, ties (...)")
def max(xp, x, *, axis=None, keepdims: bool = False):
    """The largest value over `axis`.  Where several are equally large they share the gradient equally.

    While x_k is the largest, δout = δx_k: dout goes to place k.  Where several tie, the maximum has a kink, and every
    way to divide dout among them is a subgradient; equal parts prefer none.  Kept is who was largest, in one byte each.
    Complex numbers are compared by their real part alone, so that a complex step follows the real maximum.
    """
    kept = kept_shape(x.shape, axis)
    largest = x.real.max(axis=axis, keepdims=True)
    hit = x.real == largest
    ties = hit.sum(axis=axis, keepdims=True).astype(largest.dtype)

    def backward(dout):
        return dout.reshape(kept) * (hit / ties)               # 1, or 1/k among k equals

    if x.dtype.kind == "c":
        largest = xp.where(hit, x * (hit / ties), 0).sum(axis=axis, keepdims=True)
    return largest if keepdims else largest.reshape(dropped_shape(x.shape, axis)), backward


def axes_of(ndim: int, axis) -> tuple:
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % ndim for a in axes) if ndim else ()       # of a number alone axis 0 may be asked, as in NumPy


def kept_shape(shape: tuple, axis) -> tuple:
    """The shape with each reduced axis kept as 1: the one from which the result stretches back."""
    axes = axes_of(len(shape), axis)
    return tuple(1 if i in axes else side for i, side in enumerate(shape))


def dropped_shape(shape: tuple, axis) -> tuple:
    axes = axes_of(len(shape), axis)
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


@mean.special
def _(rng):
    """the mean of nothing is 0, as a loss of nothing is"""
    return Special(np.zeros((0, 3))).expect(out=0.0, grads=(np.zeros((0, 3)),))


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

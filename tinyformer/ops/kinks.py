"""Which slope has a function where it has a corner?  abs, clip, the larger or smaller of two, and the smallest of many.

Away from its corner each of these hands on one number as it is or turned round, so that backward asks only which one.
At the corner every slope between that on the left and that on the right is a subgradient, and one has to be chosen.
Real parts alone are compared, so that a complex step follows the real function.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.reduce import max as largest


@primitive(keeps="below (...) bool, corner (...) bool")
def abs(xp, x):
    """|x|: slope 1 above 0 and -1 below, and 0 at 0, halfway between; NaN stays NaN.

    The slope has three values, of which two bytes for each number tell: x itself would take four or eight.
    """
    below, corner = x.real < 0, x.real == 0

    def backward(dout):                                        # δout = δx, or -δx where x is below 0
        return xp.where(corner, 0, xp.where(below, -dout, dout))

    return xp.where(below, -x, x), backward


@primitive(keeps="outside (...) bool")
def clip(xp, x, *, min: float | None = None, max: float | None = None):
    """x held between the numbers min and max, either of which may be left out: slope 1 between them, 0 outside.

    At the bounds themselves, where x still moves the output in one direction, the slope is 1, as in PyTorch; NaN stays
    NaN.  One byte for each number says which are outside.
    Raises ValueError where neither is given, or min is above max.
    """
    if min is None and max is None:
        raise ValueError("clip: neither min nor max is given; one is needed at least: clip(x, min=0.0)")
    if min is not None and max is not None and min > max:
        raise ValueError(f"clip: min is {min}, max is {max}; min must not be above max")
    below = x.real < (-np.inf if min is None else float(min))
    above = x.real > (np.inf if max is None else float(max))
    outside = below | above

    def backward(dout):                                        # δout = δx, or 0 where a bound stands in its place
        return xp.where(outside, 0, dout)

    out = x if min is None else xp.where(below, float(min), x)
    return out if max is None else xp.where(above, float(max), out), backward


@primitive(keeps="first (...) bool, tie (...) bool")
def maximum(xp, a, b):
    """The larger of a and b, place by place: it gets the gradient, the other one 0.  NaN is taken wherever it stands.

    Where both are equal they share it in halves, as equals do in `max`.  Who was larger is kept, in two bytes.
    """
    return _chosen(xp, a, b, (a.real > b.real) | (a.real != a.real))


@primitive(keeps="first (...) bool, tie (...) bool")
def minimum(xp, a, b):
    """The smaller of a and b, place by place: it gets the gradient, the other one 0.  NaN is taken wherever it stands.

    It is -maximum(-a, -b), so that equals share the gradient in halves here too.
    """
    return _chosen(xp, a, b, (a.real < b.real) | (a.real != a.real))


def _chosen(xp, a, b, first):
    """a where `first`, else b."""
    tie = a.real == b.real

    def backward(dout):                                        # δout = δa where first, else δb
        half = 0.5 * dout
        return (xp.where(tie, half, xp.where(first, dout, 0)),
                xp.where(tie, half, xp.where(first, 0, dout)))

    return xp.where(first, a, b), backward


@primitive(keeps="hit (...) bool, ties (...)")
def min(xp, x, *, axis=None, keepdims: bool = False):
    """The smallest value over `axis`.  Where several are equally small they share the gradient equally.

    It is -max(-x).  The gradient is turned round on the way into the maximum and again on the way out of it, and comes
    to the smallest as it was: backward is that of `max`, which keeps who it is.
    """
    out, backward = largest.raw(xp, -x, axis=axis, keepdims=keepdims)
    return -out, backward


@abs.case
def _(rng):
    """numbers on both sides of the corner, none near it"""
    return Call(rng.uniform(0.2, 2, size=(2, 3)) * rng.choice([-1, 1], size=(2, 3)))


@abs.special
def _(rng):
    """at the corner the slope is 0, and no infinite gradient comes through; NaN stays NaN"""
    return Special(np.array([-2.0, 0.0, 3.0, 0.0, np.nan])).expect(
        out=[2.0, 0.0, 3.0, 0.0, np.nan], grads=([-1.0, 0.0, 2.0, 0.0, 1.0],), dout=[1.0, 1.0, 2.0, np.inf, 1.0])


@clip.case
def _(rng):
    """below, between and above the bounds"""
    return Call(np.concatenate([rng.uniform(-3, -1.2, 2), rng.uniform(-0.8, 0.8, 3), rng.uniform(1.2, 3, 2)]),
                min=-1.0, max=1.0)


@clip.case
def _(rng):
    """one bound alone"""
    return Call(rng.uniform(0.2, 2, size=(2, 3)) * rng.choice([-1, 1], size=(2, 3)), min=0)


@clip.special
def _(rng):
    """at a bound the slope is 1, outside it is 0 even for an infinite gradient; NaN stays NaN"""
    return Special(np.array([-1.0, 1.0, 2.0, np.nan]), min=-1.0, max=1.0).expect(
        out=[-1.0, 1.0, 1.0, np.nan], grads=([1.0, 1.0, 0.0, 1.0],), dout=[1.0, 1.0, np.inf, 1.0])


@maximum.case
@minimum.case
def _(rng):
    """rows against columns, both stretched, none of them equal"""
    a = rng.permutation(12).reshape(3, 1, 4) + rng.uniform(0.1, 0.4)
    return Call(a, rng.permutation(12)[:2].reshape(2, 1) + rng.uniform(0.5, 0.9))


@maximum.special
def _(rng):
    """equals share in halves; the other one gets 0 even of an infinite gradient; NaN is taken"""
    return Special(np.array([1.0, 2.0, np.nan, 3.0]), np.array([1.0, 5.0, 1.0, np.nan])).expect(
        out=[1.0, 5.0, np.nan, np.nan], grads=([0.5, 0.0, 1.0, 0.0], [0.5, np.inf, 0.0, 1.0]),
        dout=[1.0, np.inf, 1.0, 1.0])


@minimum.special
def _(rng):
    """equals share in halves; the other one gets 0 even of an infinite gradient; NaN is taken"""
    return Special(np.array([1.0, 2.0, np.nan, 3.0]), np.array([1.0, 5.0, 1.0, np.nan])).expect(
        out=[1.0, 2.0, np.nan, np.nan], grads=([0.5, np.inf, 1.0, 0.0], [0.5, 0.0, 0.0, 1.0]),
        dout=[1.0, np.inf, 1.0, 1.0])


@min.case
def _(rng):
    """over all axes"""
    return Call(rng.normal(size=(2, 3)))


@min.case
def _(rng):
    """over the first and last of three axes, which are kept"""
    return Call(rng.normal(size=(2, 3, 4)), axis=(0, -1), keepdims=True)


@min.special
def _(rng):
    """a tie shares the gradient"""
    return Special(np.array([[1.0, 5.0, 1.0], [2.0, 1.0, 3.0]]), axis=1).expect(
        out=[1.0, 1.0], grads=([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]],))

"""Which function is the slope of a wave?  The sine and the cosine, each the other's."""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(keeps="x")
def sin(xp, x):
    """The sine of x, in radians.  x is kept: sin² + cos² = 1 gives the size of the slope from out, and not its sign."""
    def backward(dout):                                        # sin(x + δx) = sin x cos δx + cos x sin δx
        return dout * xp.cos(x)

    return xp.sin(x), backward


@primitive(keeps="x")
def cos(xp, x):
    """The cosine of x, in radians.  As for `sin`, x is kept."""
    def backward(dout):                                        # cos(x + δx) = cos x cos δx - sin x sin δx
        return -dout * xp.sin(x)

    return xp.cos(x), backward


@sin.case
@cos.case
def _(rng):
    """a matrix, more than once round"""
    return Call(rng.uniform(-10, 10, size=(2, 3)))


@sin.special
def _(rng):
    """steepest at 0, flat at the top"""
    return Special(np.array([0.0, np.pi / 2, np.pi])).expect(out=[0.0, 1.0, 0.0], grads=([1.0, 0.0, -1.0],))


@cos.special
def _(rng):
    """flat at 0, steepest at a quarter"""
    return Special(np.array([0.0, np.pi / 2, np.pi])).expect(out=[1.0, 0.0, -1.0], grads=([0.0, -1.0, 0.0],))

"""How does a gradient come back from numbers that were stacked, or laid out several times?

As in `ops/shape.py`, place i of the output is a copy of some place of an input, which gathers what arrives there.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(linear=True, keeps="")
def stack(xp, *arrays, axis: int = 0):
    """Arrays of one shape beside one another along a new `axis`; each takes its own slice of the gradient."""
    if not arrays:
        raise ValueError("stack: no arrays are given; one is needed at least")
    out, count = xp.stack(arrays, axis=axis), len(arrays)

    def backward(dout):                                        # place i along the axis is a copy of arrays[i]
        before = (slice(None),) * (axis % dout.ndim)
        return tuple(dout[(*before, i)] for i in range(count))

    return out, backward


@primitive(linear=True, keeps="")
def broadcast_to(xp, x, *, shape: tuple):
    """x stretched to `shape`, where its sides are equal or 1, counted from the right: the copies are written out.

    dout has the stretched shape, and the engine adds up what the copies of one number bring, as for every op.
    """
    def backward(dout):                                        # δout_i = δx_j for every copy i of j
        return dout

    return xp.broadcast_to(x, shape).copy(), backward


@stack.case
def _(rng):
    """three rows, as columns"""
    return Call(rng.normal(size=4), rng.normal(size=4), rng.normal(size=4), axis=1)


@stack.case
def _(rng):
    """two matrices along a new last axis"""
    return Call(rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), axis=-1)


@stack.case
def _(rng):
    """numbers without axes"""
    return Call(np.asarray(rng.normal()), np.asarray(rng.normal()))


@broadcast_to.case
def _(rng):
    """a column over a new axis and over its rows"""
    return Call(rng.normal(size=(3, 1)), shape=(2, 3, 4))


@broadcast_to.case
def _(rng):
    """a shape that is there already"""
    return Call(rng.normal(size=(2, 3)), shape=(2, 3))


@broadcast_to.special
def _(rng):
    """a number that is laid out nowhere gets nothing"""
    return Special(np.array([[1.0], [2.0]]), shape=(2, 0)).expect(out=np.zeros((2, 0)), grads=([[0.0], [0.0]],))

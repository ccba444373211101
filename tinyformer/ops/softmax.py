"""How do scores become shares, and what does a share answer when a score moves?

Softmax turns scores x into positive numbers that sum to one, p_i = exp(x_i) / sum_j exp(x_j).  Only differences of
scores matter, so backward takes from the gradient its p-weighted mean: a gradient equal everywhere moves nothing.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive
def masked_softmax(xp, x, *, keep=None, axis: int = -1):
    """Softmax over `axis` among the places where keep (broadcast to x) is True; the others get 0.

    dx = p * (dout - sum(p * dout)).  A row without any place to look at gives zeros and a zero gradient, not NaN, and
    whatever stands at a hidden place, NaN included, has no influence.
    """
    if keep is not None:
        keep = xp.asarray(keep)
        if keep.dtype != bool:
            raise TypeError(f"masked_softmax: keep has dtype {keep.dtype}; it must be boolean, True = may be seen")
        x = xp.where(keep, x, -np.inf)
    if not x.size:
        return x.copy(), lambda dout: dout
    top = x.real.max(axis=axis, keepdims=True)                 # subtracting it, exp cannot overflow
    top = xp.where(top == -np.inf, 0, top)                     # a row of -inf stays one
    weights = xp.exp(x - top)
    if x.dtype.kind == "c":
        weights = xp.where(x.real == -np.inf, 0, weights)      # exp(-inf + i y) is 0, whatever NumPy says
    total = weights.sum(axis=axis, keepdims=True)
    p = weights / xp.where(total.real == 0, 1, total)

    def backward(dout):
        pull = p * dout if keep is None else xp.where(p == 0, 0, p * dout)
        return pull - p * pull.sum(axis=axis, keepdims=True)

    return p, backward


@primitive
def log_softmax(xp, x, *, axis: int = -1):
    """log p_i = x_i - log sum_j exp(x_j) over `axis`, without forming p first, which may be too small to hold.

    dx = d - p * sum(d): what one log share gains by raising its own score, all shares pay.
    """
    if not x.size:
        return x.copy(), lambda dout: dout
    top = x.real.max(axis=axis, keepdims=True)
    shifted = x - top
    out = shifted - xp.log(xp.exp(shifted).sum(axis=axis, keepdims=True))

    def backward(dout):
        return dout - xp.exp(out) * dout.sum(axis=axis, keepdims=True)

    return out, backward


@masked_softmax.case
def _(rng):
    """rows without a mask"""
    return Call(rng.normal(size=(2, 4)) * 3)


@masked_softmax.case
def _(rng):
    """a mask that stretches over the rows, down the first axis"""
    return Call(rng.normal(size=(4, 3)), keep=np.array([[True], [False], [True], [True]]), axis=0)


@masked_softmax.special
def _(rng):
    """a fully masked row gives zeros and a zero gradient"""
    x = np.array([[1.0, np.nan, np.inf], [np.nan, 2.0, 2.0]])
    keep = np.array([[False, False, False], [False, True, True]])
    return Special(x, keep=keep).expect(out=[[0, 0, 0], [0, 0.5, 0.5]], grads=([[0, 0, 0], [0, 0, 0]],))


@masked_softmax.special
def _(rng):
    """huge and infinite scores"""
    return Special(np.array([[1e30, -1e30], [-np.inf, 3.0], [-np.inf, -np.inf]])).expect(
        out=[[1, 0], [0, 1], [0, 0]], grads=([[0, 0], [0, 0], [0, 0]],))


@log_softmax.case
def _(rng):
    """rows"""
    return Call(rng.normal(size=(2, 4)) * 3)


@log_softmax.case
def _(rng):
    """down the first axis"""
    return Call(rng.normal(size=(3, 2)), axis=0)


@log_softmax.special
def _(rng):
    """scores too far apart for softmax"""
    return Special(np.array([[0.0, 1000.0]])).expect(out=[[-1000.0, 0.0]], grads=([[1.0, -1.0]],))

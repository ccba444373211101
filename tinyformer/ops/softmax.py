"""How do scores become shares, and what does a share answer when a score moves?

Softmax turns scores x into positive numbers that sum to one, p_i = exp(x_i) / sum_j exp(x_j).  Only differences of
scores matter, so backward takes from the gradient its p-weighted mean: a gradient equal everywhere moves nothing.

log p_i = x_i - log sum_j exp(x_j) moves by δlog p_i = δx_i - sum_j p_j δx_j, and p_i by δp_i = p_i δlog p_i.  The
Jacobians are therefore I - 1 pᵀ for the logarithm and diag(p) - p pᵀ for p, one matrix for each row, that nobody forms.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(keeps="out")
def masked_softmax(xp, x, *, keep=None, axis: int = -1):
    """Softmax over `axis` among the places where keep (broadcast to x) is True; the others get 0.

    A row without any place to look at gives zeros and a zero gradient, not NaN, and whatever stands at a hidden place,
    NaN included, has no influence, nor has the gradient that arrives there.  The result is all that backward asks for.
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
    odds = xp.exp(x - top)
    if x.dtype.kind == "c":
        odds = xp.where(x.real == -np.inf, 0, odds)            # exp(-inf + i y) is 0, whatever NumPy says
    total = odds.sum(axis=axis, keepdims=True)
    p = odds / xp.where(total.real == 0, 1, total)
    masked = keep is not None

    def backward(dout):        # <dout, δp> = sum_i dout_i p_i (δx_i - sum_j p_j δx_j): beside δx_j, with w = p * dout,
        w = xp.where(p == 0, 0, p * dout) if masked else p * dout
        return w - p * w.sum(axis=axis, keepdims=True)         # stands w_j - p_j sum_i w_i

    return p, backward


@primitive(keeps="out")
def log_softmax(xp, x, *, axis: int = -1):
    """log p_i = x_i - log sum_j exp(x_j) over `axis`, without forming p first, which may be too small to hold.

    What one log share gains by raising its own score, all shares pay.  out is kept, of which p is the exponential.
    """
    if not x.size:
        return x.copy(), lambda dout: dout
    top = x.real.max(axis=axis, keepdims=True)
    shifted = x - top
    out = shifted - xp.log(xp.exp(shifted).sum(axis=axis, keepdims=True))

    def backward(dout):                                        # <dout, δout> = sum_i dout_i (δx_i - sum_j p_j δx_j)
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
    """NaN that arrives for a hidden place, as from a hidden value in attention, goes no further"""
    return Special(np.array([0.0, 0.0, 3.0]), keep=np.array([True, True, False])).expect(
        out=[0.5, 0.5, 0], grads=([0.5, -0.5, 0],), dout=[1.0, -1.0, np.nan])


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

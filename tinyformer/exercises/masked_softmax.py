"""What does a share answer when a score moves?

    p_i = exp(x_i) / sum_j exp(x_j) over `axis`, among the places where keep is True; the others get 0

A row without any place to look at is all zeros, and so is its gradient. A hidden place gets the gradient 0, and what
arrives there in dout, be it NaN, must go no further.
A check on paper: the gradients of a row sum to 0. A dout of ones gives exactly 0, which is why nobody should check
with ones.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.masked_softmax, __doc__, hints=(
    "log p_i = x_i - log sum_j exp(x_j). By how much does it move, and by how much does p_i, which is its "
    "exponential?",
    "δp_i = p_i (δx_i - sum_j p_j δx_j). Gather what stands beside δx_j in sum_i dout_i δp_i: with w = p * dout it is"
    " w_j, and something that all w pay.",
    "dx = w - p * w.sum(axis, keepdims): the p-weighted mean of dout is taken out. Where p is 0 let w be 0 by "
    "xp.where, since 0 times NaN is NaN."))


@EXERCISE.given
def masked_softmax(xp, x, *, keep=None, axis=-1):
    if keep is not None:
        x = xp.where(keep, x, -np.inf)
    top = x.real.max(axis=axis, keepdims=True)
    odds = xp.where(x.real == -np.inf, 0, xp.exp(x - xp.where(top == -np.inf, 0, top)))
    total = odds.sum(axis=axis, keepdims=True)
    p = odds / xp.where(total.real == 0, 1, total)

    def backward(dout):
        w = xp.where(p == 0, 0, p * dout)
        return w - p * w.sum(axis=axis, keepdims=True)

    return p, backward


@EXERCISE.mistake
def softmax_of_zeros(xp, x, *, keep=None, axis=-1):
    """returns zeros, which is right under a cotangent of ones, and nowhere else"""
    return ops.masked_softmax.raw(xp, x, keep=keep, axis=axis)[0], lambda dp: xp.zeros(x.shape, dp.dtype)


@EXERCISE.mistake
def softmax_without_the_mean(xp, x, *, keep=None, axis=-1):
    """p * dp, as if each share depended on its own score only"""
    p = ops.masked_softmax.raw(xp, x, keep=keep, axis=axis)[0]
    return p, lambda dp: p * dp


@EXERCISE.mistake
def softmax_like_a_sigmoid(xp, x, *, keep=None, axis=-1):
    """p (1 - p) dp, the diagonal alone: a score moves the other shares too"""
    p = ops.masked_softmax.raw(xp, x, keep=keep, axis=axis)[0]
    return p, lambda dp: p * (1 - p) * dp


@EXERCISE.mistake(caught_by="special")
def softmax_that_lets_nan_in(xp, x, *, keep=None, axis=-1):
    """the formula p * (dout - sum(p * dout)), in which 0 times NaN at a hidden place spoils the whole row"""
    p = ops.masked_softmax.raw(xp, x, keep=keep, axis=axis)[0]
    return p, lambda dout: p * (dout - (p * dout).sum(axis=axis, keepdims=True))


@EXERCISE.mistake(caught_by="special")
def softmax_with_nan_for_nothing(xp, x, *, keep=None, axis=-1):
    """a row with nothing to look at is 0 / 0"""
    hidden = x if keep is None else xp.where(keep, x, -np.inf)
    weights = xp.exp(hidden - hidden.real.max(axis=axis, keepdims=True))
    if x.dtype.kind == "c" and keep is not None:
        weights = xp.where(keep, weights, 0)
    p = weights / weights.sum(axis=axis, keepdims=True)
    return p, lambda dp: p * (dp - (p * dp).sum(axis=axis, keepdims=True))

"""How wrong was the prediction, and which way is less wrong?

Each loss is the mean over what counts: targets that are ignored take no part in the sum, nor in the number it is
divided by.  `count` replaces that number, so that the parts of a split batch add up to the loss of the whole.
"""

import math
import warnings

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.linear import check_ids


@primitive(reuses=True, keeps="odds (M, V), total (M, 1), here (M) int, labels (M) int, counted (M) int")
def cross_entropy(xp, logits, *, target, ignore_index: int = -100, label_smoothing: float = 0.0,
                  count: int | None = None):
    """-log p(target), p = softmax(logits), averaged: logits (..., V), whole numbers target (...) -> a number, in nats.

    With label smoothing s the wanted distribution q is 1 - s on the target plus s/V on every class (Szegedy et al.
    2016, section 7), and the loss of a row is -sum q log p = log sum exp(x) - sum q x, since q sums to 1.  It moves
    by <p, δx> - <q, δx>, so dx = p - q: what it says minus what it should.
    Where every target is ignored the loss is 0 and so is its gradient; a count of 0, which says so of the whole batch,
    gives a warning.  Of the M rows that count, the odds exp(x) are kept, which p is after one division, and over which
    the last pass writes the gradient; of q, where its labels are.
    """
    if not logits.shape or not logits.shape[-1]:
        raise ValueError(f"cross_entropy: logits are {logits.shape}; they need a last axis with at least one class")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing is {label_smoothing}; it must be from 0 to 1")
    target = check_ids("cross_entropy", target, logits.shape[-1], ignore=ignore_index)
    if target.shape != logits.shape[:-1]:
        raise ValueError(f"cross_entropy: logits are {logits.shape}, target is {target.shape}; "
                         f"target must be {logits.shape[:-1]}, one class number for each row of logits")
    shape, size = logits.shape, logits.shape[-1]
    labels = to_host(target).ravel()
    counted = np.flatnonzero(labels != ignore_index)           # rows that count, out of N
    if count is not None and count < min(len(counted), 1):
        raise ValueError(f"cross_entropy: count is {count} and {len(counted)} targets count; it must be at least 1")
    if count == 0:
        warnings.warn("cross_entropy: every target of the batch is ignored (count is 0); the loss is 0, and nothing is "
                      "learned from it", stacklevel=3)
    everything = len(counted) == len(labels)
    rows = logits.reshape(-1, size)
    if not everything:
        rows = rows[xp.asarray(counted)]                       # (M, V)
    labels, here = xp.asarray(labels[counted]), xp.arange(len(counted))
    share = 1 / (len(counted) if count is None else count) if len(counted) else 0.0

    top = rows.real.max(-1, keepdims=True)
    scores = rows - top
    wanted = (1 - label_smoothing) * scores[here, labels].sum()
    if label_smoothing:
        wanted += label_smoothing / size * scores.sum()
    odds = xp.exp(scores, out=scores)                          # in place: nobody needs the scores any more
    total = odds @ xp.ones((size, 1), odds.dtype)              # (M, 1)
    loss = (xp.log(total).sum() - wanted) * share

    def backward(dout, last=False):
        each = dout * share                                    # what the loss of one row gets
        drows = xp.multiply(odds, each / total, out=odds) if last else odds * (each / total)       # p, times each
        if label_smoothing:
            drows -= each * (label_smoothing / size)
        drows[here, labels] -= each * (1 - label_smoothing)
        if everything:
            return drows.reshape(shape)
        dlogits = xp.zeros((math.prod(shape[:-1]), size), drows.dtype)
        dlogits[xp.asarray(counted)] = drows
        return dlogits.reshape(shape)

    return loss, backward


@primitive(keeps="error (...)")
def binary_cross_entropy_with_logits(xp, x, *, target):
    """The mean of -t log s - (1-t) log(1-s) with s = sigmoid(x), for targets t between 0 and 1, in nats.

    That is log(1 + exp(x)) - t x, written as max(x, 0) - x t + log(1 + exp(-|x|)), which cannot overflow, and moves by
    (exp(x) / (1 + exp(x)) - t) δx = (s - t) δx.  This error is kept: one array in place of two.
    """
    target = xp.asarray(target, dtype=x.real.dtype)
    if target.shape != x.shape:
        raise ValueError(f"binary_cross_entropy_with_logits: x is {x.shape}, target is {target.shape}; "
                         "they must be equal")
    positive = x.real > 0
    loss = xp.where(positive, x, 0) - x * target + xp.log1p(xp.exp(xp.where(positive, -x, x)))
    error, share = 0.5 * (1 + xp.tanh(0.5 * x)) - target, 1 / max(x.size, 1)

    def backward(dout):
        return error * (dout * share)

    return loss.sum() * share, backward


@primitive(keeps="error (...)")
def mean_squared_error(xp, x, *, target, count: int | None = None):
    """The mean of (x - target)², of which each moves by 2 (x - target) δx: the error alone is kept."""
    target = xp.asarray(target, dtype=x.real.dtype)
    if target.shape != x.shape:
        raise ValueError(f"mean_squared_error: x is {x.shape}, target is {target.shape}; they must be equal")
    if count is not None and count < min(x.size, 1):
        raise ValueError(f"mean_squared_error: count is {count}; it must be at least 1")
    error = x - target
    share = 1 / max(x.size if count is None else count, 1)

    def backward(dout):
        return error * (dout * (2 * share))

    return (error * error).sum() * share, backward


@cross_entropy.case
def _(rng):
    """positions in two axes"""
    return Call(rng.normal(size=(2, 3, 5)) * 2, target=rng.integers(0, 5, size=(2, 3)))


@cross_entropy.case
def _(rng):
    """ignored rows and smoothed labels"""
    return Call(rng.normal(size=(5, 4)), target=np.array([3, -100, 0, -100, 1]), label_smoothing=0.1)


@cross_entropy.case
def _(rng):
    """class 0 is ignored, and the count is that of a larger batch"""
    return Call(rng.normal(size=(4, 3)), target=np.array([0, 1, 2, 2]), ignore_index=0, count=7)


@cross_entropy.special
def _(rng):
    """nothing counts: loss 0, gradient 0, even where the scores are NaN"""
    return Special(np.full((2, 3), np.nan), target=np.array([-100, -100])).expect(out=0.0, grads=(np.zeros((2, 3)),))


@cross_entropy.special
def _(rng):
    """NaN and infinity in an ignored row leave the others alone"""
    return Special(np.array([[np.nan, np.inf], [0.0, 0.0]]), target=np.array([-100, 1])).expect(
        out=math.log(2), grads=([[0.0, 0.0], [0.5, -0.5]],))


@cross_entropy.special
def _(rng):
    """huge scores: sure and right costs nothing"""
    return Special(np.array([[1e30, -1e30, -np.inf]]), target=np.array([0])).expect(out=0.0, grads=([[0.0, 0.0, 0.0]],))


@binary_cross_entropy_with_logits.case
def _(rng):
    """soft targets"""
    return Call(rng.uniform(0.2, 3, size=(2, 3)) * rng.choice([-1, 1], size=(2, 3)), target=rng.uniform(size=(2, 3)))


@binary_cross_entropy_with_logits.special
def _(rng):
    """huge scores cost what they are wrong by"""
    return Special(np.array([1e30, -800.0]), target=np.array([1.0, 1.0])).expect(out=400.0, grads=([0.0, -0.5],))


@mean_squared_error.case
def _(rng):
    """a matrix"""
    return Call(rng.normal(size=(2, 3)), target=rng.normal(size=(2, 3)))


@mean_squared_error.case
def _(rng):
    """the count is that of a larger batch"""
    return Call(rng.normal(size=3), target=rng.normal(size=3), count=7)

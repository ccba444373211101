"""What should have been said, and what was?

    out = the mean over the rows that count of -sum_v q_v log p_v, p = softmax(logits), in nats

logits (..., V), target (...) whole numbers. Rows whose target is ignore_index do not count. q is what is wanted: 1 on
the target; with label smoothing s it is 1 - s on the target, and s / V on every class besides. `share` is 1 over the
number of rows that count (or over `count`, where it is given).
A check on paper: an ignored row gets 0, and the gradients of every row sum to 0.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.cross_entropy, __doc__, hints=(
    "-sum_v q_v log p_v = log sum_v exp(x_v) - sum_v q_v x_v, since q sums to 1. How does each of the two terms move?",
    "The first by sum_v p_v δx_v, the second by sum_v q_v δx_v: what it said minus what it should have said.",
    "drows = (p - q) * (dout * share), for the rows that count; put them into zeros of the shape of logits, at "
    "counted."))


@EXERCISE.given
def cross_entropy(xp, logits, *, target, ignore_index=-100, label_smoothing=0.0, count=None):
    size = logits.shape[-1]
    flat = target.reshape(-1)
    counted = flat != ignore_index                             # (N,), of which M are True
    rows = logits.reshape(-1, size)[counted]                   # (M, V)
    share = 1 / (count or max(len(rows), 1))
    rows = rows - rows.real.max(-1, keepdims=True)
    q = xp.full(rows.shape, label_smoothing / size, rows.real.dtype)
    q[xp.arange(len(rows)), flat[counted]] += 1 - label_smoothing
    odds = xp.exp(rows)
    total = odds.sum(-1, keepdims=True)
    p = odds / total
    loss = (xp.log(total).sum() - xp.where(q == 0, 0, q * xp.where(q == 0, 0, rows)).sum()) * share

    def backward(dout):
        dlogits = xp.zeros((len(counted), size), dout.dtype)
        dlogits[counted] = (p - q) * (dout * share)
        return dlogits.reshape(logits.shape)

    return loss, backward


def _cross_entropy(xp, logits, change, **constants):
    out, right = ops.cross_entropy.raw(xp, logits, **constants)
    return out, lambda dout: change(right(dout))


@EXERCISE.mistake
def cross_entropy_over_all_rows(xp, logits, *, target, ignore_index=-100, label_smoothing=0.0, count=None):
    """backward divides by all rows, ignored ones included"""
    share = (target != ignore_index).sum() / target.size if count is None else 1
    return _cross_entropy(xp, logits, lambda d: d * float(share), target=target, ignore_index=ignore_index,
                          label_smoothing=label_smoothing, count=count)


@EXERCISE.mistake
def cross_entropy_without_smoothing(xp, logits, *, target, ignore_index=-100, label_smoothing=0.0, count=None):
    """backward forgets that the labels were smoothed"""
    out, _ = ops.cross_entropy.raw(xp, logits, target=target, ignore_index=ignore_index,
                                   label_smoothing=label_smoothing, count=count)
    return out, ops.cross_entropy.raw(xp, logits, target=target, ignore_index=ignore_index, count=count)[1]


@EXERCISE.mistake
def cross_entropy_that_blames_ignored_rows(xp, logits, *, target, ignore_index=-100, label_smoothing=0.0, count=None):
    """ignored rows get the gradient of a wrong guess too"""
    p = ops.masked_softmax.raw(xp, logits)[0]
    ignored = (target == ignore_index)[..., None]
    return _cross_entropy(xp, logits, lambda d: xp.where(ignored, p, d), target=target, ignore_index=ignore_index,
                          label_smoothing=label_smoothing, count=count)


@EXERCISE.mistake
def cross_entropy_of_the_target_alone(xp, logits, *, target, ignore_index=-100, label_smoothing=0.0, count=None):
    """the target's score gets p - 1, and the others, which all take part in the sum, get nothing"""
    chosen = target[..., None] == np.arange(logits.shape[-1])
    return _cross_entropy(xp, logits, lambda d: xp.where(chosen, d, 0), target=target, ignore_index=ignore_index,
                          label_smoothing=label_smoothing, count=count)

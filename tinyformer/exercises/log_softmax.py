"""Who pays when one log share gains?

    out_i = x_i - log sum_j exp(x_j) over `axis`

`out` is the logarithm of the shares p, so that exp(out) is p.
A check on paper: one number added to all x of a row changes nothing, so the gradients of a row sum to 0.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.log_softmax, __doc__, hints=(
    "Each output contains its own x, and the logarithm of a sum in which all x take part. What is the slope of "
    "log sum_j exp(x_j) along one x_j?",
    "It is exp(x_j) / sum = p_j: δout_i = δx_i - sum_j p_j δx_j. Now gather what stands beside δx_j in sum_i dout_i "
    "δout_i.",
    "dx_j = dout_j - p_j sum_i dout_i: the sum over the axis, with keepdims, and p = exp(out)."))


@EXERCISE.mistake
def log_softmax_like_softmax(xp, x, *, axis=-1):
    """d - p * d instead of d - p * sum(d)"""
    out = ops.log_softmax.raw(xp, x, axis=axis)[0]
    return out, lambda dout: dout - xp.exp(out) * dout


@EXERCISE.mistake
def log_softmax_with_a_mean(xp, x, *, axis=-1):
    """d - p * mean(d)"""
    out = ops.log_softmax.raw(xp, x, axis=axis)[0]
    return out, lambda dout: dout - xp.exp(out) * dout.mean(axis=axis, keepdims=True)


@EXERCISE.mistake
def log_softmax_over_all_axes(xp, x, *, axis=-1):
    """d - p * sum(d) with the sum over everything: each row pays for itself alone"""
    out = ops.log_softmax.raw(xp, x, axis=axis)[0]
    return out, lambda dout: dout - xp.exp(out) * dout.sum()

"""What does a root add to the gradient of a variance?

    out = sqrt(var), var = the sum of c² over `axis`, times share, where c = x - mean and share = 1 / (n - ddof)

`root` is out with the axes that went away kept as 1, and `kept` is that shape. Where nothing spreads out is 0, and no
direction is preferred: there the gradient is 0.
A check on paper: out is twice as large when x is, so that <x - mean, dx> is dout times out.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.std, __doc__, hints=(
    "The variance moves by 2 share c δx, summed. Write the root the other way round: out² = var. How does out move?",
    "2 out δout = δvar, so the two 2s cancel: δout = share * sum of c δx / out.",
    "dx = dout.reshape(kept) * share * centred / root, and 0 where root is 0: divide by xp.where(root == 0, 1, root), "
    "since centred is 0 there."))


@EXERCISE.given
def std(xp, x, *, axis=None, keepdims=False, ddof=0):
    kept = x.sum(axis=axis, keepdims=True).shape
    count = x.size // int(np.prod(kept))
    share = 1 / (count - ddof)
    centred = x - x.sum(axis=axis, keepdims=True) * (1 / count)
    root = xp.sqrt((centred * centred).sum(axis=axis, keepdims=True) * share)

    def backward(dout):
        return dout.reshape(kept) * share * centred / xp.where(root.real == 0, 1, root)

    return root.sum(axis=axis, keepdims=keepdims), backward


def _std(xp, x, axis, keepdims, ddof, change):
    """The right deviation, with its gradient changed: change(dx, out as it stretches over x)."""
    out, right = ops.std.raw(xp, x, axis=axis, keepdims=keepdims, ddof=ddof)
    spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1]
    return out, lambda dout: change(right(dout), spread(out))


@EXERCISE.mistake
def std_like_a_variance(xp, x, *, axis=None, keepdims=False, ddof=0):
    """the gradient of the variance: the root has a slope of its own, 1 / (2 out)"""
    return _std(xp, x, axis, keepdims, ddof, lambda d, out: d * 2 * out)


@EXERCISE.mistake
def std_with_half_too_much(xp, x, *, axis=None, keepdims=False, ddof=0):
    """half of it: the 1/2 of the root has cancelled against the 2 of the square"""
    return _std(xp, x, axis, keepdims, ddof, lambda d, out: d * 0.5)


@EXERCISE.mistake(caught_by="special")
def std_of_nothing(xp, x, *, axis=None, keepdims=False, ddof=0):
    """0 / 0 where nothing spreads"""
    return _std(xp, x, axis, keepdims, ddof, lambda d, out: xp.where(out.real == 0, np.nan, d))

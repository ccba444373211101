"""Who moves the smallest of many?

    out = the smallest of x over `axis`: None (all axes), one axis, or several

It is written as -max(-x), and `max_backward` is the backward of that maximum: it takes the gradient of the maximum
and returns that of what went into it. Where several hold the minimum together, they share its gradient equally.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.min, __doc__, hints=(
    "Three functions stand behind one another: a minus, the maximum, and a minus. In which order do their backwards "
    "run?",
    "dout is turned round by the last minus, goes through max_backward, and is turned round by the first.",
    "Two minus signs cancel, for max_backward is linear in what it gets: what remains is max_backward(dout)."))


@EXERCISE.given
def min(xp, x, *, axis=None, keepdims=False):
    out, max_backward = ops.max.raw(xp, -x, axis=axis, keepdims=keepdims)

    def backward(dout):
        return max_backward(dout)

    return -out, backward


@EXERCISE.mistake
def min_with_one_minus(xp, x, *, axis=None, keepdims=False):
    """of the two minus signs only one was applied"""
    out, max_backward = ops.max.raw(xp, -x, axis=axis, keepdims=keepdims)
    return -out, lambda dout: -max_backward(dout)


@EXERCISE.mistake
def min_that_pays_the_largest(xp, x, *, axis=None, keepdims=False):
    """the gradient goes to the largest numbers: the minus on the way in was forgotten"""
    return (ops.min.raw(xp, x, axis=axis, keepdims=keepdims)[0],
            ops.max.raw(xp, x, axis=axis, keepdims=keepdims)[1])


@EXERCISE.mistake
def min_that_pays_everybody(xp, x, *, axis=None, keepdims=False):
    """every number gets the gradient, as of a sum: those that are not the smallest do not move out"""
    return (ops.min.raw(xp, x, axis=axis, keepdims=keepdims)[0],
            ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[1])

"""By how much does the area of a rectangle grow when one side does?

    out = a * b, number by number, with broadcasting; the engine sums where an input was stretched

A check on paper: x * x must come out as 2 x when both gradients are added.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.multiply, __doc__, hints=(
    "A rectangle has the sides a and b. If a grows by δ, a strip is added: how long is it, and how wide?",
    "The strip is b long: δout = b δa + a δb. Each factor is the other one's slope.",
    "da = dout * b, and db = dout * a; both may come back in the shape of dout."))


@EXERCISE.mistake(caught_by="adjoint")
def multiply_by_itself(xp, a, b):
    """each factor gets its own value as its slope, not the other's"""
    return a * b, lambda dout: (dout * xp.broadcast_to(a, dout.shape), dout * xp.broadcast_to(b, dout.shape))


@EXERCISE.mistake(caught_by="adjoint")
def multiply_wrong_where_stretched(xp, a, b):
    """of the copies of a stretched number only the first gets its gradient"""
    def backward(dout):
        da = dout * b
        for i in range(-a.ndim, 0):
            if a.shape[i] == 1:
                da = np.take(da, [0], axis=i)
        return da, dout * a

    return a * b, backward


@EXERCISE.mistake(caught_by="twice")
def multiply_into_the_incoming_gradient(xp, a, b):
    """overwrites dout, which other ops still need"""
    def backward(dout):
        da = dout * b
        dout *= a
        return da, dout

    return a * b, backward

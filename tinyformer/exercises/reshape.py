"""What undoes another shape?

    out = the numbers of x in the same order, in another shape; one side may be -1

A check on paper: the gradient has the shape of x again, and its numbers stand in their old order.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.reshape, __doc__, hints=(
    "Nothing is computed: number i of out is number i of x, counted row by row. Whose gradient is number i of dout?",
    "The gradient of number i of x is number i of dout. Only the shape must be brought back.",
    "The shape of x was kept under the name `before`: reshape dout to it."))


@EXERCISE.mistake(caught_by="adjoint")
def reshape_in_another_order(xp, x, *, shape):
    """backward reads the numbers column by column"""
    return x.reshape(shape), lambda dout: dout.reshape(x.shape, order="F")


@EXERCISE.mistake(caught_by="backward")
def reshape_not_undone(xp, x, *, shape):
    """the gradient comes back in the shape of the output"""
    return x.reshape(shape), lambda dout: dout


@EXERCISE.mistake(caught_by="adjoint")
def reshape_from_the_end(xp, x, *, shape):
    """the last number of the output gives its gradient to the first of the input"""
    return x.reshape(shape), lambda dout: dout.reshape(-1)[::-1].reshape(x.shape)

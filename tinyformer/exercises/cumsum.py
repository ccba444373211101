"""In how many running sums does a number take part?

    out_i = the sum of x_j over all j <= i along `axis`; over all numbers in one row where axis is None

`shape` is that of x as it came in; below, x has been laid out in one row where axis was None.
A check on paper: the first number is in all of the sums, the last in one.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.cumsum, __doc__, hints=(
    "Take three numbers and write their three running sums down. Which of the sums move when the second number does?",
    "x_j is in the sums from place j on: dx_j is the sum of dout_i over all i >= j, a running sum from the other end.",
    "Turn dout round along the axis, take cumsum, and turn it back: xp.flip(xp.flip(dout, axis).cumsum(axis), axis), "
    "in the shape of x."))


@EXERCISE.given
def cumsum(xp, x, *, axis=None):
    shape = x.shape
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)

    def backward(dout):
        return xp.flip(xp.flip(dout, axis).cumsum(axis), axis).reshape(shape)

    return x.cumsum(axis=axis), backward


@EXERCISE.mistake(caught_by="adjoint")
def cumsum_the_same_way(xp, x, *, axis=None):
    """a running sum from the front: x_j is in the sums behind it, not in those before"""
    return x.cumsum(axis=axis), lambda dout: dout.cumsum(axis=axis).reshape(x.shape)


@EXERCISE.mistake(caught_by="adjoint")
def cumsum_like_nothing(xp, x, *, axis=None):
    """dout comes back place by place: x_j is in all sums from place j on, not in its own alone"""
    return x.cumsum(axis=axis), lambda dout: dout.reshape(x.shape)


@EXERCISE.mistake(caught_by="adjoint")
def cumsum_like_a_sum(xp, x, *, axis=None):
    """every number gets the whole sum of dout, and only the first takes part in all"""
    along = 0 if axis is None else axis
    return x.cumsum(axis=axis), lambda dout: xp.broadcast_to(dout.sum(axis=along, keepdims=True),
                                                             dout.shape).reshape(x.shape)


@EXERCISE.mistake(caught_by="adjoint")
def cumsum_not_turned_back(xp, x, *, axis=None):
    """the running sum from the end is right, and stands in reverse"""
    along = 0 if axis is None else axis
    return x.cumsum(axis=axis), lambda dout: xp.flip(dout, along).cumsum(axis=along).reshape(x.shape)

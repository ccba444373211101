"""Who takes back which slice, when arrays were laid beside one another?

    out = arrays of one shape beside one another along a new `axis`

A check on paper: in every gradient the new axis is gone.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.stack, __doc__, hints=(
    "For two rows stacked along axis 0, out[0] is the first array. Where does its gradient stand in dout?",
    "Place i along the new axis is a copy of arrays[i], so that its gradient is that slice of dout, without the axis.",
    "Return a tuple of xp.take(dout, i, axis=axis) for each i (or of dout[..., i] after moving the axis)."))


@EXERCISE.given
def stack(xp, *arrays, axis=0):
    count = len(arrays)

    def backward(dout):
        return tuple(xp.take(dout, i, axis=axis) for i in range(count))

    return xp.stack(arrays, axis=axis), backward


@EXERCISE.mistake(caught_by="adjoint")
def stack_in_reverse(xp, *arrays, axis=0):
    """the first array gets the slice of the last"""
    return np.stack(arrays, axis=axis), lambda dout: tuple(np.moveaxis(dout, axis, 0)[::-1].copy())


@EXERCISE.mistake(caught_by="adjoint")
def stack_summed(xp, *arrays, axis=0):
    """every array gets the sum over the new axis, where one slice is its own"""
    return np.stack(arrays, axis=axis), lambda dout: (dout.sum(axis=axis),) * len(arrays)


@EXERCISE.mistake(caught_by="adjoint")
def stack_of_the_first(xp, *arrays, axis=0):
    """every array gets the first slice"""
    return np.stack(arrays, axis=axis), lambda dout: (np.take(dout, 0, axis=axis),) * len(arrays)


for wrong in (stack_in_reverse, stack_summed, stack_of_the_first):
    del wrong.cases["numbers without axes"]                    # there the slices are numbers, and no arrays

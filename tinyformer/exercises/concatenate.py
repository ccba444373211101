"""How does everybody take back what he brought?

    out = the arrays one after the other along `axis`

The pieces may have different lengths; together they are as long as out.
"""

import numpy as np

from tinyformer import ops
from tinyformer.engine import Call
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.concatenate, __doc__, hints=(
    "A number of the second array stands in out behind all of the first. Where does its gradient stand in dout?",
    "Cut dout where the pieces meet: `ends` holds the place along `axis` behind each piece.",
    "np.split(dout, ends[:-1], axis=axis) cuts it (or slices from each end to the next); return the pieces as a "
    "tuple."))


@EXERCISE.given
def concatenate(xp, *arrays, axis=0):
    ends = np.cumsum([a.shape[axis] for a in arrays]).tolist()

    def backward(dout):
        return tuple(xp.split(dout, ends[:-1], axis=axis))

    return xp.concatenate(arrays, axis=axis), backward


@EXERCISE.mistake(caught_by="adjoint")
def concatenate_in_reverse(xp, *arrays, axis=0):
    """the first piece gets the gradient of the last; equal sizes hide it from the engine"""
    return np.concatenate(arrays, axis=axis), lambda dout: tuple(np.split(dout, len(arrays), axis=axis)[::-1])


concatenate_in_reverse.cases.clear()


@concatenate_in_reverse.case
def _(rng):
    """two pieces of one size"""
    return Call(rng.normal(size=(2, 3)), rng.normal(size=(2, 3)))


@EXERCISE.mistake(caught_by="adjoint")
def concatenate_from_the_start(xp, *arrays, axis=0):
    """every piece takes its stretch from the beginning of dout, not from where it stands"""
    sizes = [a.shape[axis] for a in arrays]
    return (np.concatenate(arrays, axis=axis),
            lambda dout: tuple(np.take(dout, range(size), axis=axis) for size in sizes))


@EXERCISE.mistake(caught_by="backward")
def concatenate_along_another_axis(xp, *arrays, axis=0):
    """dout is cut along its first axis, whichever axis the pieces were joined along"""
    ends = np.cumsum([a.shape[axis] for a in arrays])[:-1]
    return np.concatenate(arrays, axis=axis), lambda dout: tuple(np.split(dout, ends, axis=0))

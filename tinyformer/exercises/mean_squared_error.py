"""What does a square cost, and which way is less?

    out = the mean of (x - target)², a number; `count` replaces the number of terms by which the sum is divided

A check on paper: where x is the target, the gradient is 0.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.mean_squared_error, __doc__, hints=(
    "Call the error e = x - target. By how much does e² move when x does? And by how much their mean?",
    "e² moves by 2 e δx, and each of n squares has the share 1/n in the mean.",
    "dx = dout * 2 * share * error, where dout is a single number."))


@EXERCISE.given
def mean_squared_error(xp, x, *, target, count=None):
    error = x - xp.asarray(target, dtype=x.real.dtype)
    share = 1 / (count or x.size)

    def backward(dout):
        return dout * (2 * share) * error

    return (error * error).sum() * share, backward


def _error(xp, x, target, count, change):
    out, right = ops.mean_squared_error.raw(xp, x, target=target, count=count)
    return out, lambda dout: change(right(dout))


@EXERCISE.mistake
def squared_error_without_the_two(xp, x, *, target, count=None):
    """the factor 2 is forgotten"""
    return _error(xp, x, target, count, lambda d: d * 0.5)


@EXERCISE.mistake
def squared_error_without_the_mean(xp, x, *, target, count=None):
    """the mean is forgotten: the sum of squares has this gradient"""
    return _error(xp, x, target, count, lambda d: d * float(count or x.size))


@EXERCISE.mistake
def squared_error_with_a_count_of_its_own(xp, x, *, target, count=None):
    """backward divides by the number of terms here, where forward divided by `count`"""
    return _error(xp, x, target, count, lambda d: d * ((count or x.size) / x.size))


@EXERCISE.mistake
def squared_error_of_the_value(xp, x, *, target, count=None):
    """2 x in place of 2 (x - target): the target is forgotten"""
    return (ops.mean_squared_error.raw(xp, x, target=target, count=count)[0],
            lambda dout: dout * (2 / (count or x.size)) * x)


@EXERCISE.mistake
def squared_error_that_conjugates(xp, x, *, target, count=None):
    """vdot conjugates its first argument, so on complex numbers this is another function"""
    error, count = x - xp.asarray(target, dtype=x.real.dtype), count or x.size
    return np.vdot(error, error) / count, lambda dout: error * (dout * 2 / count)

"""How steep is the inverse of a function whose slope you know?

    out = log(x), the natural logarithm, for x > 0

A check on paper: log(exp(x)) is x, and must have slope 1.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.log, __doc__, hints=(
    "Write it the other way round: x = exp(out). By how much does x move when out does?",
    "δx = exp(out) δout = x δout. Solve for δout.",
    "δout = δx / x: the slope is 1 / x, and it multiplies dout."))


@EXERCISE.mistake
def log_without_the_chain(xp, x):
    """1 / x alone: the incoming gradient is forgotten"""
    return xp.log(x), lambda dout: 1 / x


@EXERCISE.mistake
def log_upside_down(xp, x):
    """dout * x, the slope of the inverse function"""
    return xp.log(x), lambda dout: dout * x


@EXERCISE.mistake
def log_by_its_result(xp, x):
    """dout / out: the slope is 1 / x, not 1 / log(x)"""
    out = xp.log(x)
    return out, lambda dout: dout / out


@EXERCISE.mistake(caught_by="backward")
def log_with_a_typing_error(xp, x):
    """backward names a thing that does not exist"""
    return xp.log(x), lambda dout: dout / input_that_is_not_there  # noqa: F821

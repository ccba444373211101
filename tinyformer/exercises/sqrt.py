"""Why is a square root infinitely steep at nothing?

    out = sqrt(x), for x > 0

The slope can be told from out alone.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.sqrt, __doc__, hints=(
    "Write it the other way round: out² = x. What does δx make of out², by the rule for a square?",
    "2 out δout = δx. Solve for δout.",
    "δout = δx / (2 out), so dx = dout * 0.5 / out: infinitely steep where out is 0."))


@EXERCISE.mistake
def sqrt_without_the_half(xp, x):
    """the factor 1/2 is forgotten"""
    out = xp.sqrt(x)
    return out, lambda dout: dout / out


@EXERCISE.mistake
def sqrt_by_x(xp, x):
    """1 / (2 x) where 1 / (2 sqrt(x)) is the slope"""
    return xp.sqrt(x), lambda dout: dout * 0.5 / x


@EXERCISE.mistake
def sqrt_not_turned_over(xp, x):
    """dout * out / 2: the exponent 1/2 came down, and did not fall by one to -1/2"""
    out = xp.sqrt(x)
    return out, lambda dout: dout * 0.5 * out


@EXERCISE.mistake(caught_by="curvature")
def sqrt_with_a_conjugated_slope(xp, x):
    """backward conjugates what it saved: right on real numbers, and every Hessian product is wrong"""
    out = xp.sqrt(x)
    return out, lambda dout: dout * 0.5 / xp.conj(out)

"""Which way does a distance from zero grow?

    out = |x|, number by number; NaN stays NaN

Two straight lines, with a corner at 0: there the slope is 0 here, and even an infinite dout must not come through. A
NaN passes dout on.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.abs, __doc__, hints=(
    "Right of 0, out is x; left of 0 it is -x. What is the slope of each of the two lines?",
    "dout passes where x is above 0, and is turned round where x is `below`. At the corner, 0 times infinity would be"
    " NaN: do not multiply.",
    "Choose by xp.where: 0 at the corner, else -dout where below, else dout."))


@EXERCISE.given
def abs(xp, x):
    below, corner = x.real < 0, x.real == 0

    def backward(dout):
        return xp.where(corner, 0, xp.where(below, -dout, dout))

    return xp.where(below, -x, x), backward


def _abs(xp, x, slope):
    """The right value, with another gradient."""
    return ops.abs.raw(xp, x)[0], slope


@EXERCISE.mistake
def abs_without_the_sign(xp, x):
    """dout comes back as it came: below 0 the distance grows the other way"""
    return _abs(xp, x, lambda dout: dout)


@EXERCISE.mistake(caught_by="special")
def abs_steep_at_the_corner(xp, x):
    """slope 1 at 0, where 0 is stated"""
    return _abs(xp, x, lambda dout: xp.where(x.real < 0, -dout, dout))


@EXERCISE.mistake
def abs_of_the_gradient(xp, x):
    """the absolute value of dout: it is the sign of x that decides, not that of dout"""
    return _abs(xp, x, lambda dout: xp.where(dout.real < 0, -dout, dout))


@EXERCISE.mistake
def abs_by_its_value(xp, x):
    """dout times x: the slope is the sign of x alone, 1 or -1"""
    return _abs(xp, x, lambda dout: xp.where(x.real == 0, 0, dout) * x)

"""What is the slope of a corner?

    out = max(x, 0): x where it is above 0, and 0 elsewhere; NaN stays NaN

Two straight lines. At the kink any number between the two slopes would do; here it is 0, and NaN passes dout on.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.relu, __doc__, hints=(
    "Right of 0, out is x; left of 0 it is 0. What is the slope of each of the two lines?",
    "Where x is on, dout passes; where it is `off`, nothing does. `off` holds x <= 0, with the kink in it.",
    "dx is 0 where off, and dout elsewhere: xp.where(off, 0, dout)."))


@EXERCISE.mistake(caught_by="special")
def relu_that_is_steep_at_the_kink(xp, x):
    """slope 1 at 0, where 0 is stated"""
    return xp.where(x.real <= 0, 0, x), lambda dout: xp.where(x.real < 0, 0, dout)


@EXERCISE.mistake
def relu_of_the_gradient(xp, x):
    """relu is applied to dout: it is the sign of x that decides, not that of dout"""
    return xp.where(x.real <= 0, 0, x), lambda dout: xp.where(dout.real <= 0, 0, dout)


@EXERCISE.mistake
def relu_that_returns_its_value(xp, x):
    """dout * out: the slope is 1 where x is on, and not x"""
    out = xp.where(x.real <= 0, 0, x)
    return out, lambda dout: dout * out


@EXERCISE.mistake(caught_by="real part")
def relu_that_loses_the_imaginary_part(xp, x):
    """backward writes complex gradients into a real array"""
    def backward(dout):
        dx = xp.zeros(x.shape)
        dx[x.real > 0] = dout[x.real > 0]
        return dx.astype(dout.dtype)

    return xp.where(x.real > 0, x, 0), backward

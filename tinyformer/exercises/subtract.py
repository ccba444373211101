"""Which of two pulls the other way?

    out = a - b, with broadcasting; the engine sums where an input was stretched

A check on paper: x - x does not move, so both gradients together must cancel.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.subtract, __doc__, hints=(
    "If a number of b grows by δ, which way does out move?",
    "δout = δa - δb: the slopes are 1 and -1, wherever a and b are.",
    "<dout, δa - δb> = <dout, δa> + <-dout, δb>: return dout and -dout."))


@EXERCISE.mistake(caught_by="adjoint")
def subtract_without_a_minus(xp, a, b):
    """both inputs get +dout"""
    return a - b, lambda dout: (dout, dout)


@EXERCISE.mistake(caught_by="adjoint")
def subtract_with_the_minus_at_a(xp, a, b):
    """the minus stands at a, and it is b that pulls the other way"""
    return a - b, lambda dout: (-dout, dout)


@EXERCISE.mistake(caught_by="backward")
def subtract_with_one_gradient(xp, a, b):
    """the difference of the two gradients comes back as one, and each input wants its own"""
    return a - b, lambda dout: dout - dout

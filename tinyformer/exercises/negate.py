"""What does a gradient become behind a minus?

    out = -x, number by number

Write down two small numbers, and what happens to out when one of them grows by a little.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.negate, __doc__, hints=(
    "If a number of x grows by δ, by how much does its number of out move?",
    "δout = -δx, so <dout, δout> = <dout, -δx>. Bring the minus to the other side.",
    "<dout, -δx> = <-dout, δx>: what stands beside δx is dx."))


@EXERCISE.mistake(caught_by="adjoint")
def negate_without_the_minus(xp, x):
    """dout comes back as it came: the minus is forgotten"""
    return -x, lambda dout: dout


@EXERCISE.mistake
def negate_of_the_value(xp, x):
    """-x comes back, the value, where the slope times dout is asked for"""
    return -x, lambda dout: -x


@EXERCISE.mistake
def negate_without_the_chain(xp, x):
    """-1 comes back everywhere: the incoming gradient is forgotten"""
    return -x, lambda dout: -xp.ones_like(dout)

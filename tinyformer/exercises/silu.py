"""What is the slope of a number that is its own gate?

    out = x s, s = 1 / (1 + exp(-x)), number by number

A check on paper: the slope is a half at zero, 0 far to the left and 1 far to the right, and above 1 in between.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.silu, __doc__, hints=(
    "out is a product of x and s, and both move when x does. What is the slope of s alone?",
    "s' = s (1 - s), as for the sigmoid; by the product rule the slope of out is s + x s'.",
    "dx = dout * (s + x * s * (1 - s))."))


@EXERCISE.given
def silu(xp, x):
    s = 0.5 * (1 + xp.tanh(0.5 * x))

    def backward(dout):
        return dout * (s + x * s * (1 - s))

    return x * s, backward


@EXERCISE.mistake
def silu_with_a_gate_that_stands_still(xp, x):
    """s alone: the gate moves with x as well"""
    s = 0.5 * (1 + xp.tanh(0.5 * x))
    return x * s, lambda dout: dout * s


@EXERCISE.mistake
def silu_without_the_first_part(xp, x):
    """x s (1 - s) alone: the product rule has two parts"""
    s = 0.5 * (1 + xp.tanh(0.5 * x))
    return x * s, lambda dout: dout * x * s * (1 - s)


@EXERCISE.mistake
def silu_with_the_slope_of_tanh(xp, x):
    """s + x (1 - s²): the slope of tanh in the place of that of the sigmoid"""
    s = 0.5 * (1 + xp.tanh(0.5 * x))
    return x * s, lambda dout: dout * (s + x * (1 - s * s))

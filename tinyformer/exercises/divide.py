"""What does a denominator do when it grows?

    out = a / b, number by number, with broadcasting; the engine sums where an input was stretched

A check on paper: x / x does not move, so both gradients together must cancel.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.divide, __doc__, hints=(
    "Write it as a product, out b = a, and let all three move: b δout + out δb = δa.",
    "δout = δa / b - out δb / b. What stands beside δa, and what beside δb?",
    "da = dout / b, and db = -dout * out / b, which is -da * out."))


@EXERCISE.mistake
def divide_with_the_wrong_sign(xp, a, b):
    """the denominator's gradient lacks its minus"""
    return a / b, lambda dout: (dout / b, dout * a / (b * b))


@EXERCISE.mistake
def divide_without_the_square(xp, a, b):
    """-a / b for the denominator's slope: it is -a / b²"""
    return a / b, lambda dout: (dout / b, -dout * a / b)


@EXERCISE.mistake
def divide_like_a_product(xp, a, b):
    """a is multiplied by b, as in a product: its slope is 1 / b"""
    return a / b, lambda dout: (dout * b, -dout * a / (b * b))

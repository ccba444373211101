"""Where is a wave steepest?

    out = sin(x), x in radians

A check on paper: slope 1 at 0, and 0 a quarter of the way round.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.sin, __doc__, hints=(
    "Expand sin(x + δ) by the addition theorem. What are sin δ and cos δ for a small δ?",
    "sin(x + δ) = sin x cos δ + cos x sin δ, with cos δ near 1 and sin δ near δ: by how much did it move?",
    "By cos(x) δ: the slope is cos(x), and it multiplies dout."))


@EXERCISE.mistake
def sin_with_a_minus(xp, x):
    """-cos(x): the minus belongs to the slope of the cosine"""
    return xp.sin(x), lambda dout: -dout * xp.cos(x)


@EXERCISE.mistake
def sin_by_its_value(xp, x):
    """dout * sin(x): the sine is not its own slope"""
    out = xp.sin(x)
    return out, lambda dout: dout * out


@EXERCISE.mistake
def sin_without_the_sign(xp, x):
    """sqrt(1 - out²): the size of the cosine, without its sign"""
    out = xp.sin(x)
    return out, lambda dout: dout * xp.sqrt(1 - out * out)


sin_without_the_sign.specials.clear()

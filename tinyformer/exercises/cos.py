"""Which way does a wave go from its top?

    out = cos(x), x in radians

A check on paper: sin² + cos² does not move. At 0 the slope is 0, and a quarter of the way round it is -1.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.cos, __doc__, hints=(
    "Expand cos(x + δ) by the addition theorem. What are sin δ and cos δ for a small δ?",
    "cos(x + δ) = cos x cos δ - sin x sin δ, with cos δ near 1 and sin δ near δ: by how much did it move?",
    "By -sin(x) δ: from the top every way leads down. dx = -dout * sin(x)."))


@EXERCISE.mistake
def cos_without_the_minus(xp, x):
    """sin(x): the minus is forgotten"""
    return xp.cos(x), lambda dout: dout * xp.sin(x)


@EXERCISE.mistake
def cos_by_its_value(xp, x):
    """dout * cos(x): the cosine is not its own slope"""
    out = xp.cos(x)
    return out, lambda dout: dout * out


@EXERCISE.mistake
def cos_without_the_chain(xp, x):
    """-sin(x) alone: the incoming gradient is forgotten"""
    return xp.cos(x), lambda dout: -xp.sin(x)

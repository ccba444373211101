"""On which side does a factor come back, and why transposed?

    out = a @ b over the last two axes: a (..., T, C), b (..., C, S), out (..., T, S)

Leading axes broadcast; the engine sums where an input was stretched.
A check on paper: only one order of factors and transposes gives shapes that fit.
"""

from tinyformer import ops
from tinyformer.engine import Call
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.matmul, __doc__, hints=(
    "out[t, s] is the sum over c of a[t, c] b[c, s]. In which numbers of out does a[t, c] take part, and with which "
    "slopes?",
    "In row t, with the slopes b[c, s]: da[t, c] is the sum over s of dout[t, s] b[c, s]. Write that as a product; b "
    "is read along its rows.",
    "da = dout @ bᵀ (T, S)(S, C), and db = aᵀ @ dout (C, T)(T, S); the transpose of the last two axes is "
    ".swapaxes(-1, -2)."))


@EXERCISE.given
def matmul(xp, a, b):
    def backward(dout):
        return dout @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ dout

    return a @ b, backward


@EXERCISE.mistake(caught_by="adjoint")
def matmul_of_squares_not_transposed(xp, a, b):
    """dout @ b instead of dout @ bᵀ, which fits as long as b is square"""
    return a @ b, lambda dout: (dout @ b, a.swapaxes(-1, -2) @ dout)


@EXERCISE.mistake(caught_by="adjoint")
def matmul_on_the_wrong_side(xp, a, b):
    """bᵀ @ dout instead of dout @ bᵀ: the factor comes back on the side on which it stood"""
    return a @ b, lambda dout: (b.swapaxes(-1, -2) @ dout, dout @ a.swapaxes(-1, -2))


@EXERCISE.mistake(caught_by="adjoint")
def matmul_of_the_transposes(xp, a, b):
    """both gradients come back on their side: (dout bᵀ)ᵀ is not dout bᵀ"""
    return a @ b, lambda dout: ((dout @ b.swapaxes(-1, -2)).swapaxes(-1, -2),
                                (a.swapaxes(-1, -2) @ dout).swapaxes(-1, -2))


for wrong in (matmul_of_squares_not_transposed, matmul_on_the_wrong_side, matmul_of_the_transposes):
    wrong.cases.clear()

    @wrong.case
    def _(rng):
        """square matrices"""
        return Call(rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))

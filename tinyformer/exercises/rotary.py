"""What undoes a turn?

    out_i = x_i cos - x_{i + P} sin,  out_{i + P} = x_{i + P} cos + x_i sin, for the pairs i = 0 ... P - 1

x (..., T, 2P); `cos` and `sin` (..., T, P) are those of the angle by which each pair is turned, place base^(-i / P).
A check on paper: the length of every pair stays as it is, and so does that of its gradient.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.rotary, __doc__, hints=(
    "Write the turn of one pair as a matrix of 2 by 2. What is the transpose of that matrix?",
    "The transpose has the sign of sin changed: it is the turn by the same angle the other way round.",
    "first, second = dout[..., :pairs], dout[..., pairs:]; dx is first * cos + second * sin beside second * cos - "
    "first * sin, joined by xp.concatenate([...], axis=-1)."))


def _waves(xp, x, places, base):
    pairs = x.shape[-1] // 2
    angles = xp.asarray(places)[..., None] * xp.asarray(base ** (-np.arange(pairs) / pairs))
    return xp.cos(angles).astype(x.real.dtype), xp.sin(angles).astype(x.real.dtype)


@EXERCISE.given
def rotary(xp, x, *, places, base=10_000.0):
    pairs = x.shape[-1] // 2
    angles = xp.asarray(places)[..., None] * xp.asarray(base ** (-np.arange(pairs) / pairs))
    cos, sin = xp.cos(angles).astype(x.real.dtype), xp.sin(angles).astype(x.real.dtype)
    first, second = x[..., :pairs], x[..., pairs:]
    out = xp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)

    def backward(dout):
        first, second = dout[..., :pairs], dout[..., pairs:]
        return xp.concatenate([first * cos + second * sin, second * cos - first * sin], axis=-1)

    return out, backward


def _turned(xp, x, cos, sin):
    first, second = x[..., :x.shape[-1] // 2], x[..., x.shape[-1] // 2:]
    return xp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


@EXERCISE.mistake(caught_by="adjoint")
def rotary_turned_once_more(xp, x, *, places, base=10_000.0):
    """the gradient is turned on by the same angle, and must be turned back"""
    cos, sin = _waves(xp, x, places, base)
    return _turned(xp, x, cos, sin), lambda dout: _turned(xp, dout, cos, sin)


@EXERCISE.mistake(caught_by="adjoint")
def rotary_not_turned(xp, x, *, places, base=10_000.0):
    """the gradient comes back as it is, since its length does not change"""
    cos, sin = _waves(xp, x, places, base)
    return _turned(xp, x, cos, sin), lambda dout: dout


@EXERCISE.mistake(caught_by="adjoint")
def rotary_of_neighbours(xp, x, *, places, base=10_000.0):
    """the pairs of the gradient are channels 2 i and 2 i + 1, where those of x are i and i + P"""
    cos, sin = _waves(xp, x, places, base)

    def backward(dout):
        first, second = dout[..., ::2], dout[..., 1::2]
        return xp.concatenate([first * cos + second * sin, second * cos - first * sin], axis=-1)

    return _turned(xp, x, cos, sin), backward

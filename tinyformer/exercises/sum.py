"""What does each term of a sum get back?

    out = the sum of x over `axis`: None (all axes), one axis, or several

An axis that was summed over is gone from out, unless keepdims is True. `kept` is the shape of x in which each of those
axes is 1; dx must have the shape of x.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.sum, __doc__, hints=(
    "If one term grows by δ, by how much does its sum move? Does it matter which term?",
    "Every term gets all of its sum's dout. In the shape of x this is dout, repeated along the axes that went away.",
    "Let those axes come back as 1, dout.reshape(kept), and stretch: xp.broadcast_to(dout.reshape(kept), x.shape)."))


@EXERCISE.given
def sum(xp, x, *, axis=None, keepdims=False):
    shape = x.shape
    kept = x.sum(axis=axis, keepdims=True).shape

    def backward(dout):
        return xp.broadcast_to(dout.reshape(kept), shape)

    return x.sum(axis=axis, keepdims=keepdims), backward


@EXERCISE.mistake(caught_by="adjoint")
def sum_like_a_mean(xp, x, *, axis=None, keepdims=False):
    """each term gets its share of the gradient, where it gets all of it"""
    out, spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)
    return out, lambda dout: spread(dout) * (out.size / x.size)


@EXERCISE.mistake(caught_by="backward")
def sum_not_stretched(xp, x, *, axis=None, keepdims=False):
    """dout comes back as it came, smaller than x: it must stretch over the terms"""
    return ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)[0], lambda dout: dout


@EXERCISE.mistake
def sum_times_x(xp, x, *, axis=None, keepdims=False):
    """dout times x: the slope of each term is 1, whatever it is"""
    out, spread = ops.sum.raw(xp, x, axis=axis, keepdims=keepdims)
    return out, lambda dout: spread(dout) * x

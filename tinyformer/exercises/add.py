"""Who moves a sum?

    out = a + b, with broadcasting: a (3, 1) and b (2, 1, 4) give out (2, 3, 4)

A gradient may come back in the broadcast shape, that of out: where an input was stretched, the engine sums for you.
Return two gradients, da and db, in this order.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.add, __doc__, hints=(
    "If a number of a grows by δ, by how much does out move? And if one of b does?",
    "δout = δa + δb, so <dout, δout> = <dout, δa> + <dout, δb>. What stands beside δa, and what beside δb?",
    "dout stands beside both: each input gets all of it. Return a tuple of two."))


@EXERCISE.mistake(caught_by="adjoint")
def add_with_a_mean(xp, a, b):
    """where a was stretched its gradient is averaged instead of summed"""
    def backward(dout):
        stretched = tuple(i for i in range(-a.ndim, 0) if a.shape[i] == 1 and dout.shape[i] != 1)
        return dout.mean(axis=stretched, keepdims=True) if stretched else dout, dout

    return a + b, backward


@EXERCISE.mistake(caught_by="adjoint")
def add_shared(xp, a, b):
    """each input gets half of the gradient, as if they had to share it"""
    return a + b, lambda dout: (dout * 0.5, dout * 0.5)


@EXERCISE.mistake(caught_by="backward")
def add_with_one_gradient(xp, a, b):
    """one gradient for two inputs"""
    return a + b, lambda dout: dout


@EXERCISE.mistake(caught_by="backward")
def add_that_returns_nothing(xp, a, b):
    """None for an input that wants a gradient"""
    return a + b, lambda dout: (dout, None)

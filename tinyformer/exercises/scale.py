"""How steep is a straight line?

    out = x * by, for one Python number `by`, which gets no gradient

A slope does not depend on where you stand, so nothing of x is needed.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.scale, __doc__, hints=(
    "If x grows by 1, by how much does out grow? Does it depend on x?",
    "δout = by δx: the slope is `by` everywhere.",
    "<dout, by δx> = <dout * by, δx>: return what stands beside δx."))


@EXERCISE.mistake
def scale_without_the_chain(xp, x, *, by):
    """`by` alone comes back: the incoming gradient is forgotten"""
    return x * by, lambda dout: xp.full(x.shape, by, dout.dtype)


@EXERCISE.mistake(caught_by="adjoint")
def scale_that_divides(xp, x, *, by):
    """backward divides by the factor, as if it had to undo the forward"""
    return x * by, lambda dout: dout / by


@EXERCISE.mistake
def scale_by_the_value(xp, x, *, by):
    """dout is multiplied by out, the value, and not by the slope"""
    return x * by, lambda dout: dout * x * by


@EXERCISE.mistake(caught_by="float32")
def scale_that_promotes(xp, x, *, by):
    """a NumPy scalar in backward turns float32 into float64"""
    return x * by, lambda dout: dout * np.float64(by)

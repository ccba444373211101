"""Whose gradient is it, where each number came from one of two?

    out = a where keep is True, b elsewhere; keep is boolean and stretches as a and b do

What was not taken gets exactly 0: even where dout is infinite, and whatever stands in the side that was not taken.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.where, __doc__, hints=(
    "At each place only one of a and b moved out. Which one, and by how much?",
    "Where keep is True, a gets dout and b gets 0, and the other way round elsewhere. 0 times infinity is NaN, so do "
    "not multiply.",
    "da chooses between dout and 0, by the same mask; db chooses the other way: xp.where(keep, dout, 0) and "
    "xp.where(keep, 0, dout)."))


@EXERCISE.given
def where(xp, a, b, *, keep):
    keep = xp.asarray(keep)

    def backward(dout):
        return xp.where(keep, dout, 0), xp.where(keep, 0, dout)

    return xp.where(keep, a, b), backward


@EXERCISE.mistake(caught_by="adjoint")
def where_through_the_mask(xp, a, b, *, keep):
    """the gradient passes the mask: both inputs get all of it"""
    return xp.where(keep, a, b), lambda dout: (dout, dout)


@EXERCISE.mistake(caught_by="special")
def where_by_multiplication(xp, a, b, *, keep):
    """the formula keep * dout: 0 times infinity is NaN, on the side that was not taken"""
    return xp.where(keep, a, b), lambda dout: (dout * keep, dout * ~keep)


@EXERCISE.mistake(caught_by="adjoint")
def where_the_other_way_round(xp, a, b, *, keep):
    """a gets the gradient of the places where b was taken, and b that of a's"""
    return xp.where(keep, a, b), lambda dout: (xp.where(keep, 0, dout), xp.where(keep, dout, 0))

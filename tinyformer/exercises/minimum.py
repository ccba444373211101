"""Who moves the smaller of two?

    out = the smaller of a and b, place by place, with broadcasting; NaN is taken wherever it stands

`first` is True where a was taken. Where both are equal they share the gradient in halves, and who was not taken gets 0,
even of an infinite dout.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.minimum, __doc__, hints=(
    "If the larger of the two grows by very little, does out move? And if the smaller does?",
    "All of dout goes to the one that was taken, and 0 to the other. At a tie each gets half of it.",
    "Each gradient is a choice: da = xp.where(tie, 0.5 * dout, xp.where(first, dout, 0)), and db the other way round."))


@EXERCISE.given
def minimum(xp, a, b):
    first = (a.real < b.real) | (a.real != a.real)
    tie = a.real == b.real

    def backward(dout):
        half = 0.5 * dout
        return xp.where(tie, half, xp.where(first, dout, 0)), xp.where(tie, half, xp.where(first, 0, dout))

    return xp.where(first, a, b), backward


def _minimum(xp, a, b, change):
    """The right value, with other gradients: change(dout, da, db)."""
    out, right = ops.minimum.raw(xp, a, b)
    return out, lambda dout: change(dout, *right(dout))


@EXERCISE.mistake
def minimum_that_pays_both(xp, a, b):
    """both get all of dout: the one that was not taken does not move out"""
    return _minimum(xp, a, b, lambda dout, da, db: (dout, dout))


@EXERCISE.mistake
def minimum_that_pays_the_other(xp, a, b):
    """the one that was not taken gets the gradient"""
    return _minimum(xp, a, b, lambda dout, da, db: (xp.broadcast_to(db, dout.shape), xp.broadcast_to(da, dout.shape)))


@EXERCISE.mistake(caught_by="special")
def minimum_where_a_tie_pays_both(xp, a, b):
    """equals get all of dout each, and must share it"""
    tie = a.real == b.real
    return _minimum(xp, a, b, lambda dout, da, db: (xp.where(tie, dout, da), xp.where(tie, dout, db)))

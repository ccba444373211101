"""What becomes of a gradient when its number was picked out of many, perhaps several times?

    out = x[index], for any index NumPy knows: slices, arrays of places, a boolean mask

An index may name a row three times; the row then stands in out three times.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.getitem, __doc__, hints=(
    "Everything that was not picked had no part in out. What is its gradient?",
    "Begin with zeros in the shape of x, and put dout where it was taken from. What if one place was named twice?",
    "A place that was named twice gets both gradients, so they must be added one by one: xp.add.at(dx, index, dout). "
    "`dx[index] += dout` adds once only."))


@EXERCISE.given
def getitem(xp, x, *, index):
    shape = x.shape

    def backward(dout):
        dx = xp.zeros(shape, dout.dtype)
        xp.add.at(dx, index, dout)
        return dx

    return x[index].copy(), backward


@EXERCISE.mistake(caught_by="adjoint")
def getitem_with_a_lossy_sum(xp, x, *, index):
    """dx[index] += dout adds only once for an index named twice"""
    def backward(dout):
        dx = xp.zeros(x.shape, dout.dtype)
        dx[index] += dout
        return dx

    return x[index].copy(), backward


@EXERCISE.mistake(caught_by="backward")
def getitem_not_put_back(xp, x, *, index):
    """the gradient comes back in the shape of the output: what was not picked is missing"""
    return x[index].copy(), lambda dout: dout.copy()


@EXERCISE.mistake(caught_by="adjoint")
def getitem_that_pays_everybody(xp, x, *, index):
    """what was not picked gets a gradient too: dx begins with ones, not with zeros"""
    def backward(dout):
        dx = xp.ones(x.shape, dout.dtype)
        xp.add.at(dx, index, dout)
        return dx

    return x[index].copy(), backward

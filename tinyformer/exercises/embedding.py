"""What does a word get that stands in three places?

    out = rows of a table, picked by number: weight (V, C), whole numbers ids (...), out (..., C)

A word that comes twice gets both gradients, a word that never comes gets 0. dweight has the shape of the table.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.embedding, __doc__, hints=(
    "Place i of out is a copy of row ids[i]. In which places of out does row v take part?",
    "Wherever ids is v, each time with slope 1: dweight[v] is the sum of dout over those places, and 0 where there are "
    "none.",
    "Begin with zeros of the table's shape, and add row by row: xp.add.at(dweight, ids, dout). An assignment, and "
    "`+=` with an index too, would let repeated ids overwrite one another."))


@EXERCISE.given
def embedding(xp, weight, *, ids):
    shape = weight.shape

    def backward(dout):
        dweight = xp.zeros(shape, dout.dtype)
        xp.add.at(dweight, ids, dout)
        return dweight

    return weight[ids], backward


@EXERCISE.mistake(caught_by="adjoint")
def embedding_that_assigns(xp, weight, *, ids):
    """a word that comes several times keeps the gradient of its last place only"""
    def backward(dout):
        dweight = xp.zeros(weight.shape, dout.dtype)
        dweight[ids] = dout
        return dweight

    return weight[ids], backward


@EXERCISE.mistake(caught_by="adjoint")
def embedding_that_averages(xp, weight, *, ids):
    """a word that comes several times gets the mean over its places, not the sum"""
    def backward(dout):
        dweight, count = xp.zeros(weight.shape, dout.dtype), xp.zeros((weight.shape[0], 1))
        xp.add.at(dweight, ids, dout)
        xp.add.at(count, ids, 1)
        return dweight * xp.where(count == 0, 1, 1 / xp.where(count == 0, 1, count)).astype(dout.real.dtype)

    return weight[ids], backward


@EXERCISE.mistake(caught_by="backward")
def embedding_not_put_back(xp, weight, *, ids):
    """the gradient comes back place by place, in the shape of the output; the table wants it row by row"""
    return weight[ids], lambda dout: dout

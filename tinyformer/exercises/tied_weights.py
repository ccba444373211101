"""How does a table of word vectors learn that serves twice?

    x = table[ids]                 going in: the vector of each token, x (T, C), table (V, C)
    h = f(x)                       the model, h (T, C)
    logits = h @ table.T           coming out: how well h fits each word, (T, V)

Given dlogits (T, V), the gradient of the loss for the logits, and dx (T, C), what has come back to x through the model,
return the gradient of the table, (V, C).  The derivatives of the product and of the choice of rows are yours to find;
a word may stand in the text several times.  (Press and Wolf 2017.)
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="gradients of ids that occur twice were lost in autograd, PyTorch and PyTensor (autograd 39, pytorch "
    "1528, pytensor 2242); a program that kept two copies of a tied table let the two go apart from the first step on "
    "(entrenar 314).", hints=(
        "The table is used in two places. What happens to the gradient of something that is used twice?",
        "Coming out: <dlogits, h @ dtable.T> is <dlogits.T @ h, dtable>. Going in: each position gives its dx to the "
        "row of its id.",
        "dtable = dlogits.T @ h, and then np.add.at(dtable, ids, dx), which adds up where ids repeat."))


@EXERCISE.solution
def tied_weights(table, ids, h, dlogits, dx):
    """table (V, C), ids (T,), h (T, C), dlogits (T, V), dx (T, C) -> dtable (V, C)."""
    dtable = dlogits.T @ h                                     # as the matrix of a product
    np.add.at(dtable, ids, dx)                                 # as a table of rows; ids may repeat
    return dtable


def points(rng, ids, words: int, width: int) -> Call:
    length = len(ids)
    return Call(*(rng.integers(-3, 4, shape).astype(float) if isinstance(shape, tuple) else shape for shape in (
        (words, width), np.array(ids), (length, width), (length, words), (length, width))))


@EXERCISE.case
def _(rng):
    """one token, two words, one channel"""
    return points(rng, [1], 2, 1)


@EXERCISE.case
def _(rng):
    """two different tokens"""
    return points(rng, [0, 2], 3, 2)


@EXERCISE.case
def _(rng):
    """the same token twice"""
    return points(rng, [1, 1], 2, 2)


@EXERCISE.case
def _(rng):
    """six tokens of four words"""
    return points(rng, [3, 0, 3, 1, 3, 0], 4, 3)


@EXERCISE.drawn
def _(rng, size):
    """a text that was drawn"""
    return points(rng, rng.integers(0, 3, size), 3, 2)


@EXERCISE.mistake
def _(table, ids, h, dlogits, dx):
    """only the way out is there: the table was also read going in, and dx belongs to its rows"""
    return dlogits.T @ h


@EXERCISE.mistake
def _(table, ids, h, dlogits, dx):
    """only the way in is there: the table is also the matrix that makes the logits"""
    dtable = np.zeros_like(table)
    np.add.at(dtable, ids, dx)
    return dtable


@EXERCISE.mistake
def _(table, ids, h, dlogits, dx):
    """where an id repeats only its last dx counts: dtable[ids] += dx writes each row once"""
    dtable = dlogits.T @ h
    dtable[ids] += dx
    return dtable


@EXERCISE.mistake
def _(table, ids, h, dlogits, dx):
    """the rows that came in take the place of what came out: both must be added"""
    dtable = dlogits.T @ h
    dtable[ids] = 0
    np.add.at(dtable, ids, dx)
    return dtable


@EXERCISE.mistake
def _(table, ids, h, dlogits, dx):
    """the mean of both uses is taken; each pulls with its full weight, so it is a sum"""
    dtable = dlogits.T @ h
    np.add.at(dtable, ids, dx)
    return dtable / 2


@EXERCISE.mistake
def _(table, ids, h, dlogits, dx):
    """dlogits is multiplied by x, the vectors that went in, where it is to be h, those that came out of the model"""
    dtable = dlogits.T @ table[ids]
    np.add.at(dtable, ids, dx)
    return dtable

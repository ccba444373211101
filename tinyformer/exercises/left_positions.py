"""Which position has the first real token of a row that is padded at its left?

Rows of unequal length that go on in the same column are padded at the left.  keep (B, T) is boolean, False at padding,
which always comes before the real tokens.  Return the positions (B, T), whole numbers: those of a row are counted from
its own first real token, 0, 1, 2, ...; padding gets 0, which is a row of the table that exists and that nobody looks
at. left_positions of [[False, False, True, True], [True, True, True, True]] is

    [[0, 0, 0, 1],
     [0, 1, 2, 3]]
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="GPT-2 in transformers numbered the columns whether they were padding or not, so that a prompt was "
    "continued otherwise in a batch than alone (issue 3021, mended in pull request 7552).", hints=(
        "How many real tokens stand before the one that you look at, in its own row?",
        "np.cumsum along the row counts the real tokens up to and including each column.",
        "cumsum - 1 is the position of a real token, and -1 in the padding: np.maximum(..., 0)."))


@EXERCISE.solution
def left_positions(keep):
    """keep (B, T), False at padding -> positions (B, T)."""
    return np.maximum(np.cumsum(keep, axis=1) - 1, 0)


@EXERCISE.case
def _(rng):
    """one row without padding"""
    return Call(np.array([[True, True, True]]))


@EXERCISE.case
def _(rng):
    """one row, the first column is padding"""
    return Call(np.array([[False, True, True]]))


@EXERCISE.case
def _(rng):
    """two rows, one of them padded"""
    return Call(np.array([[False, False, True], [True, True, True]]))


@EXERCISE.case
def _(rng):
    """four rows"""
    return Call(np.arange(6) >= np.array([[0], [5], [2], [3]]))


@EXERCISE.drawn
def _(rng, size):
    """rows that were drawn"""
    return Call(np.arange(size) >= rng.integers(0, size, (1 + size // 3, 1)))


@EXERCISE.mistake
def _(keep):
    """all rows are counted from the first column, padding or not"""
    return np.broadcast_to(np.arange(keep.shape[1]), keep.shape)


@EXERCISE.mistake
def _(keep):
    """the first real token has position 1: its own place is counted among those before it"""
    return np.cumsum(keep, axis=1)


@EXERCISE.mistake
def _(keep):
    """padding has position -1, which NumPy takes for the last row of the table, and others refuse"""
    return np.cumsum(keep, axis=1) - 1


@EXERCISE.mistake
def _(keep):
    """the padding of all rows together is counted, where each row has its own"""
    return np.maximum(np.arange(keep.shape[1]) - (~keep).sum(), 0) * np.ones((len(keep), 1), int)


@EXERCISE.mistake
def _(keep):
    """counted from the end: the last token has position 0"""
    return np.broadcast_to(np.arange(keep.shape[1])[::-1], keep.shape) * keep

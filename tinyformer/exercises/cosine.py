"""How alike are two words, each in its own sentence?

    hidden_a (T, C), hidden_b (S, C)        the vectors that a BERT gives the tokens of two sentences
    pieces_a, pieces_b                      places of the tokens that are the pieces of the word, one or more

The vector of a word is the mean of those of its pieces.  Return the cosine of the two, between -1 and 1, a number:

    cos(u, v) = u . v / (|u| |v|)

and 0 where one of them is zero, which has no direction.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="allennlp took the first piece for the whole word, and from 1.0 on the mean of all (issue 4363); a "
    "mean over a whole sentence is compared as if it were its meaning, which the authors of BERT never claimed "
    "(bert 164).", hints=(
        "Two steps: one vector for each word, then one number for the two. In which of them do lengths play a part?",
        "hidden_a[pieces_a].mean(0) is the vector of the word, (C,). The length of u is sqrt(u . u).",
        "u @ v / (np.linalg.norm(u) * np.linalg.norm(v)), and 0.0 where that product of lengths is 0."))


@EXERCISE.solution
def cosine(hidden_a, pieces_a: list, hidden_b, pieces_b: list) -> float:
    """The cosine of the vectors of two words."""
    u, v = hidden_a[pieces_a].mean(0), hidden_b[pieces_b].mean(0)
    lengths = np.linalg.norm(u) * np.linalg.norm(v)
    return float(u @ v / lengths) if lengths else 0.0


@EXERCISE.case
def _(rng):
    """one piece each, of length 1"""
    return Call(np.array([[1.0, 0.0], [0.6, 0.8]]), [1], np.array([[0.0, 1.0], [1.0, 0.0]]), [1])


@EXERCISE.case
def _(rng):
    """one piece each, of any length"""
    return Call(np.array([[1.0, 0.0], [3.0, 4.0]]), [1], np.array([[0.0, 1.0], [2.0, 0.0]]), [1])


@EXERCISE.case
def _(rng):
    """a word of two pieces"""
    return Call(np.array([[1.0, 0.0], [3.0, 4.0], [0.0, 9.0]]), [1, 2], np.array([[1.0, 0.0], [2.0, 1.0]]), [1])


@EXERCISE.case
def _(rng):
    """a vector of zeros"""
    return Call(np.zeros((2, 2)), [1], np.array([[1.0, 2.0], [2.0, 0.0]]), [0])


@EXERCISE.case
def _(rng):
    """two words of several pieces"""
    return Call(rng.normal(size=(5, 4)), [1, 2], rng.normal(size=(6, 4)), [2, 3, 4])


@EXERCISE.drawn
def _(rng, size):
    """words that were drawn"""
    def pieces():
        return [int(i) for i in rng.permutation(size)[:rng.integers(1, size + 1)]]

    return Call(rng.normal(size=(size, 3)), pieces(), rng.normal(size=(size, 3)), pieces())


def alike(u, v) -> float:
    lengths = np.linalg.norm(u) * np.linalg.norm(v)
    return float(u @ v / lengths) if lengths else 0.0


@EXERCISE.mistake
def _(hidden_a, pieces_a, hidden_b, pieces_b):
    """the dot product is not divided by the two lengths, so that long vectors are like everything"""
    return float(hidden_a[pieces_a].mean(0) @ hidden_b[pieces_b].mean(0))


@EXERCISE.mistake
def _(hidden_a, pieces_a, hidden_b, pieces_b):
    """only the first piece of each word is looked at; the vector of a word is the mean of all of its pieces"""
    return alike(hidden_a[pieces_a[0]], hidden_b[pieces_b[0]])


@EXERCISE.mistake
def _(hidden_a, pieces_a, hidden_b, pieces_b):
    """the vector of the whole sentence is taken, the mean over all positions, and not that of the word"""
    return alike(hidden_a.mean(0), hidden_b.mean(0))


@EXERCISE.mistake
def _(hidden_a, pieces_a, hidden_b, pieces_b):
    """the cosines of all pairs of pieces are averaged; first the mean of the pieces, then one cosine"""
    return float(np.mean([alike(hidden_a[a], hidden_b[b]) for a in pieces_a for b in pieces_b]))


@EXERCISE.mistake
def _(hidden_a, pieces_a, hidden_b, pieces_b):
    """a vector of zeros gives 0 / 0, which is NaN, and every mean over it as well"""
    u, v = hidden_a[pieces_a].mean(0), hidden_b[pieces_b].mean(0)
    return float(u @ v / (np.linalg.norm(u) * np.linalg.norm(v)))


@EXERCISE.mistake
def _(hidden_a, pieces_a, hidden_b, pieces_b):
    """that is a distance, 1 - cos, which is 0 for the same direction; asked is the cosine, which is 1"""
    return 1 - alike(hidden_a[pieces_a].mean(0), hidden_b[pieces_b].mean(0))

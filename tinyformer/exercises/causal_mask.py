"""Which keys may a query see, when it is to guess what comes next?

There are as many keys as queries, or more: then the first keys are older, kept from an earlier call (a cache), and the
last query stands beside the last key.  Return keep (T, S), boolean, True where query t may look at key s: at itself and
at everything older.  causal_mask(2, 3) is

    [[True, True, False],
     [True, True, True]]
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(__doc__, bug="what True means in a mask, and what shape it has, is asked again and again (pytorch "
    "120488, x-transformers 164); nanoGPT keeps its causal mask under the name bias.", hints=(
    "Give each key and each query its place in the text. Where does the first query stand, if the last one stands "
    "beside the last key?",
    "Query t stands at place t + S - T. It may look at every key whose place is not beyond its own.",
    "Compare np.arange(keys), a row, with np.arange(queries)[:, None] + (keys - queries), a column: <= gives (T, S)."))


@EXERCISE.solution
def causal_mask(queries: int, keys: int):
    """keep (queries, keys): True where query t may look at key s."""
    return np.arange(keys) <= np.arange(queries)[:, None] + (keys - queries)


@EXERCISE.case
def _(rng):
    """three queries and three keys"""
    return Call(3, 3)


@EXERCISE.case
def _(rng):
    """two queries after a cache of three keys"""
    return Call(2, 5)


@EXERCISE.case
def _(rng):
    """a single query, which may see everything"""
    return Call(1, 4)


@EXERCISE.drawn
def _(rng, size):
    """queries and keys as many as were drawn"""
    return Call(1 + size // 2, 1 + size // 2 + int(rng.integers(0, size)))


@EXERCISE.mistake
def _(queries, keys):
    """the present itself is hidden, where only what comes later must be: < where <= is meant"""
    return np.arange(keys) < np.arange(queries)[:, None] + (keys - queries)


@EXERCISE.mistake
def _(queries, keys):
    """the older keys of a cache are forgotten: query t does not stand at place t, but at t + S - T"""
    return np.arange(keys) <= np.arange(queries)[:, None]


@EXERCISE.mistake
def _(queries, keys):
    """the triangle is turned round: everybody sees the future, and nobody the past"""
    return np.arange(keys) >= np.arange(queries)[:, None] + (keys - queries)


@EXERCISE.mistake
def _(queries, keys):
    """the mask says what is hidden, and it is to say what may be seen"""
    return ~(np.arange(keys) <= np.arange(queries)[:, None] + (keys - queries))

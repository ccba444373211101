"""Among which tokens may a bold writer draw?

    probabilities (V,)      what the model gives each token; they sum to 1

Keep the fewest tokens that reach p together, the most probable first, of equally probable ones the lower id; the others
get 0, and the kept are scaled to sum to 1 again (nucleus sampling, Holtzman et al. 2020, section 3.1).  With p = 0.6

    [0.25, 0.5, 0.125, 0.125]  ->  [1/3, 2/3, 0, 0]

At least one token is kept, however small p is; where the sum reaches p exactly, that is enough.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="the token that crosses p is left out in a whole row of programs: reasoning-from-scratch (issue 164), "
    "fish-speech (1171), esm (360); and mlx-lm kept none at all for a small p and drew noise (1912).", hints=(
        "Sort the probabilities, largest first, and add them up one by one. How many does it take until the sum is p?",
        "A token is kept if the sum of those before it is still below p. That keeps the one that crosses, and always "
        "the first.",
        "order = np.argsort(-probabilities, kind=\"stable\"); total = np.cumsum(probabilities[order]); keep "
        "order[total - probabilities[order] < p], fill zeros, divide by the sum."))


@EXERCISE.solution
def top_p(probabilities, p: float):
    """probabilities (V,) -> those of the nucleus, scaled to 1, and 0 elsewhere."""
    order = np.argsort(-probabilities, kind="stable")
    total = np.cumsum(probabilities[order])
    kept = order[:np.searchsorted(total, p) + 1]               # up to the first that reaches p
    out = np.zeros_like(probabilities)
    out[kept] = probabilities[kept]
    return out / out.sum()


@EXERCISE.case
def _(rng):
    """two of four are needed"""
    return Call(np.array([0.25, 0.5, 0.125, 0.125]), 0.6)


@EXERCISE.case
def _(rng):
    """the sum reaches p exactly"""
    return Call(np.array([0.25, 0.5, 0.125, 0.125]), 0.75)


@EXERCISE.case
def _(rng):
    """the first alone is more than p"""
    return Call(np.array([0.125, 0.75, 0.125]), 0.3)


@EXERCISE.case
def _(rng):
    """equal probabilities: the lower ids stay"""
    return Call(np.full(8, 0.125), 0.5)


@EXERCISE.case
def _(rng):
    """sixteen tokens"""
    weights = rng.integers(1, 60, 16)
    return Call(weights / weights.sum(), 0.7)


@EXERCISE.drawn
def _(rng, size):
    """probabilities that were drawn"""
    weights = rng.integers(1, 40, size + 1)
    return Call(weights / weights.sum(), 0.0137 + 0.97 * float(rng.random()))


def nucleus(probabilities, kept, scaled=True):
    out = np.zeros_like(probabilities)
    out[kept] = probabilities[kept]
    return out / out.sum() if scaled else out


def in_order(probabilities):
    order = np.argsort(-probabilities, kind="stable")
    return order, np.cumsum(probabilities[order])


@EXERCISE.mistake
def _(probabilities, p):
    """the token that crosses p is left out, so that the kept ones do not reach p; of a small p nothing is left"""
    order, total = in_order(probabilities)
    return nucleus(probabilities, order[total <= p])


@EXERCISE.mistake
def _(probabilities, p):
    """one token too many is kept where the sum reaches p exactly: enough is enough"""
    order, total = in_order(probabilities)
    return nucleus(probabilities, order[:np.searchsorted(total, p, side="right") + 1])


@EXERCISE.mistake
def _(probabilities, p):
    """what is kept does not sum to 1: divide by its sum"""
    order, total = in_order(probabilities)
    return nucleus(probabilities, order[:np.searchsorted(total, p) + 1], scaled=False)


@EXERCISE.mistake
def _(probabilities, p):
    """the kept ones are put back in the order of their probability, and have lost their ids"""
    order, total = in_order(probabilities)
    kept = probabilities[order] * (np.arange(len(order)) <= np.searchsorted(total, p))
    return kept / kept.sum()


@EXERCISE.mistake
def _(probabilities, p):
    """the sum is taken in the order of the ids, and not of the probabilities"""
    return nucleus(probabilities, np.arange(np.searchsorted(np.cumsum(probabilities), p) + 1))


@EXERCISE.mistake
def _(probabilities, p):
    """all tokens are kept that are as probable as the last one needed; of equal ones the lower ids are enough"""
    order, total = in_order(probabilities)
    return nucleus(probabilities, probabilities >= probabilities[order[np.searchsorted(total, p)]])

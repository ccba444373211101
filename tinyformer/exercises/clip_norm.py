"""How does one keep a step from being too long, and let it go where it wanted?

    norm = sqrt(sum of g² over all numbers of all arrays together)
    g    = g limit / norm   for every array, if norm > limit; else every array stays as it is

clip_norm(gradients, limit) returns (a list of new arrays, norm), the norm being the one before (Pascanu et al. 2013,
algorithm 1).  The arrays keep their precision, and gradients of 1e25 in float32 are long, but they are numbers.
"""

import math

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="an early transformers took the norm of each group of parameters for itself (pull request 614), and "
    "an example there clipped after each part of a batch and not their sum (issue 1563); MemN2N-tensorflow clips each "
    "matrix by itself where the paper speaks of all of them (19).", hints=(
        "All gradients are one long vector. What has to be the same for all its numbers, if the direction is to stay?",
        "Add the squares of all arrays before you take the one root; then one factor for all, which is never above 1.",
        "norm = math.sqrt(sum(float((g.astype(float) ** 2).sum()) for g in gradients)), since a square of 1e25 is no "
        "float32; factor = min(1, limit / norm)."))


@EXERCISE.solution
def clip_norm(gradients: list, limit: float):
    """The arrays, shortened together, and the norm before."""
    norm = math.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients))
    return [g if norm <= limit else (g * (limit / norm)).astype(g.dtype) for g in gradients], norm


@EXERCISE.observe
def _(theirs, call):
    gradients, limit = call.arrays
    new, norm = theirs(gradients, limit)
    return {"norm": float(norm), **{f"array {i}": np.asarray(g) for i, g in enumerate(new)},
            "precision": [str(np.asarray(g).dtype) for g in new]}


@EXERCISE.case
def _(rng):
    """one array of norm 5"""
    return Call([np.array([3.0, 4.0])], 1.0)


@EXERCISE.case
def _(rng):
    """short enough already"""
    return Call([np.array([3.0, 4.0])], 10.0)


@EXERCISE.case
def _(rng):
    """two arrays, a long one and a short one"""
    return Call([np.array([[12.0]]), np.array([3.0, 4.0])], 6.5)


@EXERCISE.case
def _(rng):
    """nothing at all"""
    return Call([np.zeros(2)], 1.0)


@EXERCISE.case
def _(rng):
    """float32"""
    return Call([rng.normal(size=3).astype(np.float32), rng.normal(size=(2, 2)).astype(np.float32)], 0.5)


@EXERCISE.case
def _(rng):
    """float32, gradients of 1e25"""
    return Call([np.array([3e25, 4e25], np.float32)], 1.0)


@EXERCISE.drawn
def _(rng, size):
    """arrays that were drawn"""
    return Call([rng.normal(size=rng.integers(1, 4, 1 + i % 2)) for i in range(size)], float(rng.uniform(0.1, size)))


def length(gradients) -> float:
    return math.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in gradients))


@EXERCISE.mistake
def _(gradients, limit):
    """each array is shortened for itself, so that the direction of the whole changes"""
    return [g if length([g]) <= limit else (g * (limit / length([g]))).astype(g.dtype) for g in gradients], (
        length(gradients))


@EXERCISE.mistake
def _(gradients, limit):
    """each number is cut to [-limit, limit] for itself: that is clipping by value, and it turns the step"""
    return [np.clip(g, -limit, limit) for g in gradients], length(gradients)


@EXERCISE.mistake
def _(gradients, limit):
    """short gradients are made longer: the factor must never be above 1"""
    norm = length(gradients)
    return [(g * (limit / norm if norm else 1)).astype(g.dtype) for g in gradients], norm


@EXERCISE.mistake
def _(gradients, limit):
    """the root is missing: the sum of squares is the norm squared"""
    norm = length(gradients) ** 2
    return [g if norm <= limit else (g * (limit / norm)).astype(g.dtype) for g in gradients], norm


@EXERCISE.mistake
def _(gradients, limit):
    """the squares are taken in float32, where those of 1e25 are infinite, and limit / inf makes zeros of all"""
    norm = float(np.sqrt(sum((g * g).sum() for g in gradients)))
    return [g if norm <= limit else (g * (limit / norm)).astype(g.dtype) for g in gradients], norm


@EXERCISE.mistake
def _(gradients, limit):
    """the norm after the cut is returned; the one before tells how the training goes"""
    norm = length(gradients)
    return [g if norm <= limit else (g * (limit / norm)).astype(g.dtype) for g in gradients], min(norm, limit)

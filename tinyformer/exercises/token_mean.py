"""How does a batch that is taken in parts learn the same as the whole?

    parts       a list of (losses, targets), both (B, T): the loss at each position, and the target there, -100 where
                nothing is to be guessed (padding, say)

The loss of the whole batch is the mean over all counted positions of all parts.  Return a list with what each part adds
to it, so that the numbers of the list sum to the loss of the whole:

    sum of the counted losses of the part / number of counted positions of the whole batch

Gradients are sums of the same kind, and so the parts' gradients add up to that of the whole batch.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="nearly everybody averaged the means of the parts until October 2024: transformers (issue 24725 said "
    "so in 2023, mended in 34191), torchtune (1875) and others; d2l-en multiplied an averaged loss by the mask, which "
    "does nothing (2688); and the mean over a part without targets is 0 / 0.", hints=(
        "One part has 2 targets, the other 200. How much should a target of the first weigh beside one of the second?",
        "Two rounds: first count the targets of all parts, then let each part add its sum, divided by that one count.",
        "total = sum((targets != -100).sum() for _, targets in parts); "
        "then [losses[targets != -100].sum() / total for losses, targets in parts]."))


@EXERCISE.solution
def token_mean(parts: list):
    """What each part adds to the mean over all counted positions."""
    total = sum((targets != -100).sum() for _, targets in parts)
    return [losses[targets != -100].sum() / total for losses, targets in parts]


def part(rng, counted) -> tuple:
    targets = np.where(np.asarray(counted), rng.integers(0, 3, np.shape(counted)), -100)
    return np.round(rng.uniform(0, 5, np.shape(counted)), 1), targets


@EXERCISE.case
def _(rng):
    """one part, everything counts"""
    return Call([part(rng, [[1, 1]])])


@EXERCISE.case
def _(rng):
    """one part, half of it is padding"""
    return Call([part(rng, [[1, 0]])])


@EXERCISE.case
def _(rng):
    """two parts with one target and three"""
    return Call([part(rng, [[1, 0, 0]]), part(rng, [[1, 1, 1]])])


@EXERCISE.case
def _(rng):
    """target 0 is a class like any other"""
    return Call([(np.array([[1.0, 2.0]]), np.array([[0, 1]])), (np.array([[4.0, 8.0]]), np.array([[0, 0]]))])


@EXERCISE.case
def _(rng):
    """a part without any target"""
    return Call([part(rng, [[0, 0]]), part(rng, [[1, 1]])])


@EXERCISE.case
def _(rng):
    """the loss at ignored places is NaN"""
    return Call([(np.array([[1.0, np.nan]]), np.array([[2, -100]])), (np.array([[4.0, 8.0]]), np.array([[1, 0]]))])


@EXERCISE.drawn
def _(rng, size):
    """parts that were drawn"""
    return Call([part(rng, [[1, 1]]), *(part(rng, rng.integers(0, 2, (1, 1 + i))) for i in range(size))])


def shares(parts, count):
    return [losses[targets != -100].sum() / count(targets) for losses, targets in parts]


def counted(targets):
    return (targets != -100).sum()


@EXERCISE.mistake
def _(parts):
    """the means of the parts are averaged: a target in a part with few weighs more than one in a part with many"""
    return shares(parts, lambda targets: max(1, counted(targets)) * len(parts))


@EXERCISE.mistake
def _(parts):
    """each part is divided by its own count, and nothing by their number: the loss grows with the number of parts"""
    return shares(parts, lambda targets: max(1, counted(targets)))


@EXERCISE.mistake
def _(parts):
    """padding is counted below the line: the sum is divided by all positions, and not by those with a target"""
    return shares(parts, lambda targets: sum(t.size for _, t in parts))


@EXERCISE.mistake
def _(parts):
    """the loss at ignored positions is counted too: only where the target is not -100"""
    total = sum(counted(targets) for _, targets in parts)
    return [losses.sum() / total for losses, _ in parts]


@EXERCISE.mistake
def _(parts):
    """ignored positions are multiplied by 0 and not left out, and NaN times 0 is NaN"""
    total = sum(counted(targets) for _, targets in parts)
    return [(losses * (targets != -100)).sum() / total for losses, targets in parts]


@EXERCISE.mistake
def _(parts):
    """target 0 is ignored as well: it is a class, and only -100 says that nothing is to be guessed"""
    total = max(1, sum((targets > 0).sum() for _, targets in parts))
    return [losses[targets > 0].sum() / total for losses, targets in parts]

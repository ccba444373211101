"""Among how many equally likely words does a model hesitate?

    losses      the mean loss of each batch, in nats for each token
    tokens      how many tokens each of these means is over

Return the perplexity of the whole text, exp(mean loss of a token): a model that guesses evenly among V words has
perplexity V.  Batches may have any number of tokens, also none, and then their mean is NaN and counts nothing.
"""

import math

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="keras-hub averaged the perplexities of batches (mended in pull request 2958), and transformers' page "
    "on perplexity weighs all windows alike though they score unequally many tokens (issue 34138).", hints=(
        "exp bends: is the mean of exp(a) and exp(b) the same as exp of the mean of a and b?",
        "Bring every batch back to a sum, mean times tokens; add these up, and divide once by all tokens.",
        "total = sum(loss * n for loss, n in zip(losses, tokens) if n); math.exp(total / sum(tokens))."))


@EXERCISE.solution
def perplexity(losses, tokens) -> float:
    """exp of the mean loss of a token."""
    total = sum(loss * count for loss, count in zip(losses, tokens, strict=True) if count)
    return math.exp(total / sum(tokens))


@EXERCISE.case
def _(rng):
    """one batch that guesses among 8 words"""
    return Call([math.log(8)], [5])


@EXERCISE.case
def _(rng):
    """two batches of equal size"""
    return Call([math.log(2), math.log(8)], [10, 10])


@EXERCISE.case
def _(rng):
    """two batches, the second is short"""
    return Call([math.log(2), math.log(8)], [30, 10])


@EXERCISE.case
def _(rng):
    """a batch without tokens"""
    return Call([1.0, float("nan"), 2.0], [4, 0, 1])


@EXERCISE.drawn
def _(rng, size):
    """batches that were drawn"""
    return Call([float(loss) for loss in rng.uniform(0, 5, size)], [int(count) for count in rng.integers(1, 9, size)])


def kept(losses, tokens):
    pairs = [(loss, count) for loss, count in zip(losses, tokens, strict=True) if count]
    return np.array(pairs).T


@EXERCISE.mistake
def _(losses, tokens):
    """the perplexities of the batches are averaged; exp of the mean is less than the mean of exp"""
    losses, tokens = kept(losses, tokens)
    return float((np.exp(losses) * tokens).sum() / tokens.sum())


@EXERCISE.mistake
def _(losses, tokens):
    """all batches weigh alike, the short ones too: weigh each mean by its tokens"""
    losses, tokens = kept(losses, tokens)
    return float(np.exp(losses.mean()))


@EXERCISE.mistake
def _(losses, tokens):
    """the power is taken of 2, which is for losses in bits; these are in nats, so it is e"""
    losses, tokens = kept(losses, tokens)
    return float(2 ** ((losses * tokens).sum() / tokens.sum()))


@EXERCISE.mistake
def _(losses, tokens):
    """that is the mean loss; the perplexity is exp of it"""
    losses, tokens = kept(losses, tokens)
    return float((losses * tokens).sum() / tokens.sum())


@EXERCISE.mistake
def _(losses, tokens):
    """a batch without tokens makes everything NaN: 0 times NaN is NaN, so leave it out"""
    losses, tokens = np.array(losses), np.array(tokens)
    return float(np.exp((losses * tokens).sum() / tokens.sum()))

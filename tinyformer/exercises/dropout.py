"""How does the gradient know what was switched off?

    out = x * kept * lift, where `kept` is False with chance `rate`, and lift = 1 / (1 - rate) keeps the mean

rng=None means no dropout. The mask has been drawn in the forward pass, once.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.dropout import draw_kept

EXERCISE = OpExercise(ops.dropout, __doc__, hints=(
    "Once the mask is drawn, nothing is random any more. What is out then, as a function of x?",
    "A product with an array of constants: its slope is that array. A number that was switched off moves nothing.",
    "dx = dout * kept * lift, with the same mask. To draw again would switch off others."))


@EXERCISE.given
def dropout(xp, x, *, rate, rng):
    kept, lift = (True, 1.0) if rng is None else draw_kept(xp, x.shape, rate, rng)

    def backward(dout):
        return dout * kept * lift

    return x * kept * lift, backward


@EXERCISE.mistake
def dropout_without_the_lift(xp, x, *, rate, rng):
    """backward lacks the factor 1 / (1 - rate)"""
    if rng is None:
        return x.copy(), lambda dout: dout
    kept, lift = draw_kept(xp, x.shape, rate, rng)
    return x * kept * lift, lambda dout: dout * kept


@EXERCISE.mistake
def dropout_without_the_mask(xp, x, *, rate, rng):
    """the gradient passes everywhere, also where x was switched off"""
    if rng is None:
        return x.copy(), lambda dout: dout
    kept, lift = draw_kept(xp, x.shape, rate, rng)
    return x * kept * lift, lambda dout: dout * lift


@EXERCISE.mistake
def dropout_that_draws_again(xp, x, *, rate, rng):
    """backward draws a mask of its own"""
    if rng is None:
        return x.copy(), lambda dout: dout
    kept, lift = draw_kept(xp, x.shape, rate, rng)
    return x * kept * lift, lambda dout: dout * draw_kept(xp, x.shape, rate, rng)[0] * lift


@EXERCISE.mistake(caught_by="runs")
def dropout_from_a_hidden_generator(xp, x, *, rate, rng, hidden=np.random.default_rng(0)):  # noqa: B008
    """forward draws from a generator that nobody can hold still"""
    kept, lift = draw_kept(xp, x.shape, rate, hidden)
    return x * kept * lift, lambda dout: dout * kept * lift


del dropout_from_a_hidden_generator.cases["no generator, no dropout"]          # of three numbers all may stay, twice

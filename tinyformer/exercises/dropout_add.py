"""A part of a block adds what it found to the stream, with dropout on the way. Where does the gradient go?

    out = x + h * kept * lift, where `kept` is False with chance `rate`, and lift = 1 / (1 - rate) keeps the mean

rng=None means no dropout. x is the stream of sums, and h is what is added to it.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.dropout import draw_kept

EXERCISE = OpExercise(ops.dropout_add, __doc__, hints=(
    "A sum hands its gradient on to both of its parts. What did each of them go through before the sum?",
    "x went through nothing. h was multiplied by an array of constants.",
    "dx = dout, dh = dout * kept * lift, with the mask of the forward pass."))


@EXERCISE.given
def dropout_add(xp, x, h, *, rate, rng):
    kept, lift = (True, 1.0) if rng is None else draw_kept(xp, h.shape, rate, rng)

    def backward(dout):
        return dout, dout * kept * lift

    return x + h * kept * lift, backward


@EXERCISE.mistake
def dropout_add_that_drops_the_stream(xp, x, h, *, rate, rng):
    """the gradient of x is dropped too, as if the sum stood before the mask"""
    kept, lift = (True, 1.0) if rng is None else draw_kept(xp, h.shape, rate, rng)
    return x + h * kept * lift, lambda dout: (dout * kept * lift, dout * kept * lift)


@EXERCISE.mistake
def dropout_add_without_the_mask(xp, x, h, *, rate, rng):
    """the gradient passes everywhere, also where h was switched off"""
    kept, lift = (True, 1.0) if rng is None else draw_kept(xp, h.shape, rate, rng)
    return x + h * kept * lift, lambda dout: (dout, dout * lift)


@EXERCISE.mistake
def dropout_add_with_inputs_exchanged(xp, x, h, *, rate, rng):
    """the gradients of x and h are exchanged"""
    kept, lift = (True, 1.0) if rng is None else draw_kept(xp, h.shape, rate, rng)
    return x + h * kept * lift, lambda dout: (dout * kept * lift, dout)


@EXERCISE.mistake
def dropout_add_without_a_way_past(xp, x, h, *, rate, rng):
    """nothing comes back to x: the way past the block, for which the sum is there, is lost"""
    kept, lift = (True, 1.0) if rng is None else draw_kept(xp, h.shape, rate, rng)
    return x + h * kept * lift, lambda dout: (xp.zeros_like(dout), dout * kept * lift)

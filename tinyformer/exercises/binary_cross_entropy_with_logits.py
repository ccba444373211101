"""What is left of two logarithms and a sigmoid, once the gradient is through?

    out = the mean of -t log s - (1 - t) log(1 - s), with s = sigmoid(x) and targets t between 0 and 1, in nats

It is computed as max(x, 0) - x t + log(1 + exp(-|x|)), which is the same and cannot overflow.
A check on paper: right and sure, 0; wrong and sure, 1, divided by the count.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.binary_cross_entropy_with_logits, __doc__, hints=(
    "Without the detour: log s = x - log(1 + exp(x)) and log(1 - s) = -log(1 + exp(x)). What does the loss become?",
    "log(1 + exp(x)) - t x. What is the slope of the first term? You know it under another name.",
    "exp(x) / (1 + exp(x)) is s, so the slope is s - t: what was said minus what should have been. Divide by the "
    "count; s as 0.5 * (1 + tanh(x / 2)) cannot overflow."))


@EXERCISE.given
def binary_cross_entropy_with_logits(xp, x, *, target):
    target = xp.asarray(target, dtype=x.real.dtype)
    positive = x.real > 0
    losses = xp.where(positive, x, 0) - x * target + xp.log1p(xp.exp(xp.where(positive, -x, x)))
    share = 1 / max(x.size, 1)

    def backward(dout):
        s = 0.5 * (1 + xp.tanh(0.5 * x))
        return (s - target) * (dout * share)

    return losses.sum() * share, backward


def _binary(xp, x, target, slope):
    """The right loss, with another slope: slope(s, t)."""
    s = 0.5 * (1 + xp.tanh(0.5 * x))
    given = xp.asarray(target, dtype=x.real.dtype)
    return (ops.binary_cross_entropy_with_logits.raw(xp, x, target=target)[0],
            lambda dout: slope(s, given) * (dout / x.size))


@EXERCISE.mistake(caught_by="special")
def binary_cross_entropy_that_overflows(xp, x, *, target):
    """log(1 + exp(x)) as it stands: infinite from 710 on"""
    target = xp.asarray(target, dtype=x.real.dtype)
    loss = xp.log(1 + xp.exp(x)) - x * target
    return loss.mean(), lambda dout: (1 / (1 + xp.exp(-x)) - target) * (dout / x.size)


@EXERCISE.mistake
def binary_cross_entropy_through_the_sigmoid_twice(xp, x, *, target):
    """(s - t) s (1 - s): the sigmoid's slope has cancelled already"""
    return _binary(xp, x, target, lambda s, t: (s - t) * s * (1 - s))


@EXERCISE.mistake
def binary_cross_entropy_of_the_score(xp, x, *, target):
    """x - t, where the score must first become a chance: s - t"""
    return (ops.binary_cross_entropy_with_logits.raw(xp, x, target=target)[0],
            lambda dout: (x - xp.asarray(target, dtype=x.real.dtype)) * (dout / x.size))


@EXERCISE.mistake
def binary_cross_entropy_without_the_mean(xp, x, *, target):
    """the mean is forgotten: the sum of the losses has this gradient"""
    return _binary(xp, x, target, lambda s, t: (s - t) * float(x.size))

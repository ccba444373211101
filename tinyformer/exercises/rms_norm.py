"""What does a gradient lose when its input was scaled to mean square 1?

    out = unit * gain, unit = x * rstd, rstd = 1 / sqrt(mean(x²) + eps), over the last axis

x (..., C); gain (C,). Return dx and dgain.
A check on paper: x may be scaled without the output noticing, so that the gradient of every row is (but for eps)
perpendicular to x.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.rms_norm, __doc__, hints=(
    "Begin at the end: out = unit * gain gives dgain, and dunit = dout * gain. (dgain may come back in the shape of "
    "dout.)",
    "Two ways lead from x to unit: directly, and through rstd. A step δx keeps rstd (δx - unit * mean(unit * δx)). How "
    "does that look from the other side of an inner product?",
    "The same: dx = rstd * (dunit - unit * mean(dunit * unit)), the mean over the last axis with keepdims."))


@EXERCISE.given
def rms_norm(xp, x, gain, *, eps=1e-6):
    rstd = 1 / xp.sqrt((x * x).mean(-1, keepdims=True) + eps)
    unit = x * rstd

    def backward(dout):
        dunit = dout * gain
        return rstd * (dunit - unit * (dunit * unit).mean(-1, keepdims=True)), dout * unit

    return unit * gain, backward


def _rms_norm(xp, x, gain, eps, dx):
    """The right forward with another gradient of x: dx(dunit, unit, rstd)."""
    rstd = 1 / xp.sqrt((x * x).mean(-1, keepdims=True) + eps)
    unit = x * rstd
    return unit * gain, lambda dout: (dx(dout * gain, unit, rstd), dout * unit)


def _mean(a):
    return a.mean(-1, keepdims=True)


@EXERCISE.mistake
def rms_norm_as_if_the_root_stood_still(xp, x, gain, *, eps=1e-6):
    """the root of the mean square is taken for a constant"""
    return _rms_norm(xp, x, gain, eps, lambda d, unit, rstd: rstd * d)


@EXERCISE.mistake
def rms_norm_like_layer_norm(xp, x, gain, *, eps=1e-6):
    """the mean of the gradient is removed too, though nothing was shifted"""
    return _rms_norm(xp, x, gain, eps, lambda d, unit, rstd: rstd * (d - _mean(d) - unit * _mean(d * unit)))


@EXERCISE.mistake
def rms_norm_without_the_gain(xp, x, gain, *, eps=1e-6):
    """dx is made of dout, and forgets the gain that stood in between"""
    return _rms_norm(xp, x, gain, eps, lambda d, unit, rstd: rstd * (d / gain - unit * _mean(d / gain * unit)))


@EXERCISE.mistake
def rms_norm_along_the_input(xp, x, gain, *, eps=1e-6):
    """the part along x is removed as if x had mean square 1 already"""
    return _rms_norm(xp, x, gain, eps, lambda d, unit, rstd: rstd * (d - unit / rstd * _mean(d * unit / rstd)))

"""What does a gradient lose when its input was shifted to mean 0 and scaled to variance 1?

    out = unit * gain + bias, unit = (x - mean) * rstd, rstd = 1 / sqrt(variance + eps), over the last axis

x (..., C); gain and bias (C,); bias may be None. Return dx, dgain and dbias (only dx and dgain where there is no
bias).
A check on paper: x may be shifted or scaled without the output noticing, so that the gradient of every row is
perpendicular to ones and (but for eps) to x - mean.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.layer_norm, __doc__, hints=(
    "Begin at the end: out = unit * gain + bias gives dgain, dbias and dunit = dout * gain by the rules for a product"
    " and a sum. (dgain and dbias may come back in the shape of dout.)",
    "Three ways lead from x to unit: directly, through the mean, and through the variance. A step δx keeps rstd (δx -"
    " mean(δx) - unit * mean(unit * δx)). How does that look from the other side of an inner product?",
    "The same: dx = rstd * (dunit - mean(dunit) - unit * mean(dunit * unit)), each mean over the last axis with "
    "keepdims."))


@EXERCISE.given
def layer_norm(xp, x, gain, bias=None, *, eps=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    rstd = 1 / xp.sqrt((centred * centred).mean(-1, keepdims=True) + eps)
    unit = centred * rstd

    def backward(dout):
        dunit = dout * gain
        shift, along = dunit.mean(-1, keepdims=True), (dunit * unit).mean(-1, keepdims=True)
        dx, dgain = rstd * (dunit - shift - unit * along), dout * unit
        return (dx, dgain) if bias is None else (dx, dgain, dout)

    return unit * gain + (0 if bias is None else bias), backward


def _layer_norm(xp, x, gain, bias, eps, dx, more=0):
    """The right forward with another gradient of x: dx(dunit, unit, rstd)."""
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred * centred).mean(-1, keepdims=True)
    rstd = 1 / xp.sqrt(variance + eps)
    unit = centred * rstd

    def backward(dout):
        steep = 1 / xp.sqrt(variance * x.shape[-1] / (x.shape[-1] - more) + eps) if more else rstd
        grads = dx(dout * gain, centred * steep, steep), dout * unit, dout
        return grads[:2] if bias is None else grads

    return unit * gain + (0 if bias is None else bias), backward


def _mean(a):
    return a.mean(-1, keepdims=True)


@EXERCISE.mistake
def layer_norm_without_the_shift(xp, x, gain, bias=None, *, eps=1e-5):
    """the mean of the gradient is not removed"""
    return _layer_norm(xp, x, gain, bias, eps, lambda d, unit, rstd: rstd * (d - unit * _mean(d * unit)))


@EXERCISE.mistake
def layer_norm_without_the_scale(xp, x, gain, bias=None, *, eps=1e-5):
    """the part of the gradient along the unit vector is not removed"""
    return _layer_norm(xp, x, gain, bias, eps, lambda d, unit, rstd: rstd * (d - _mean(d)))


@EXERCISE.mistake
def layer_norm_as_if_mean_and_variance_stood_still(xp, x, gain, bias=None, *, eps=1e-5):
    """rstd * dunit alone: mean and variance are taken for constants, and move with x"""
    return _layer_norm(xp, x, gain, bias, eps, lambda d, unit, rstd: rstd * d)


@EXERCISE.mistake
def layer_norm_with_the_other_variance(xp, x, gain, bias=None, *, eps=1e-5):
    """backward divides by C - 1 where forward divided by C"""
    return _layer_norm(xp, x, gain, bias, eps,
                       lambda d, unit, rstd: rstd * (d - _mean(d) - unit * _mean(d * unit)), more=1)


@EXERCISE.mistake
def layer_norm_without_the_gain(xp, x, gain, bias=None, *, eps=1e-5):
    """the gain is forgotten on the way to x"""
    return _layer_norm(xp, x, gain, bias, eps,
                       lambda d, unit, rstd: rstd * (d / gain - _mean(d / gain) - unit * _mean(d / gain * unit)))


@EXERCISE.mistake(caught_by="twice")
def layer_norm_into_its_input(xp, x, gain, bias=None, *, eps=1e-5):
    """centres the input in place"""
    before = x.copy()
    x -= x.mean(-1, keepdims=True)
    return ops.layer_norm.raw(xp, before, gain, bias, eps=eps)

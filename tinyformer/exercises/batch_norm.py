"""What does a gradient lose when its input was shifted and scaled together with the other rows of its batch?

    out = unit * gain + bias, unit = (x - mean) * rstd, rstd = 1 / sqrt(variance + eps), down each channel

x (..., C), whose N rows are all axes but the last; gain, bias (C,). Where mean and variance (C,) are given they are
constants, own is False, and each row stands alone. Return dx, dgain, dbias.
A check on paper: with statistics of its own, any channel may be shifted without the output noticing, so that dx sums
to 0 over the rows.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.batch_norm, __doc__, hints=(
    "Turn layer norm on its side: the same two directions are lost, down a channel and not along a row.",
    "δunit = rstd (δx - mean(δx) - unit mean(unit δx)), means over the rows, and it looks the same from the other side "
    "of an inner product. Which two gradients, over N, are these means of dout and dout * unit?",
    "dx = rstd * gain * (dout - dbias / N - unit * dgain / N), with dbias the sum of dout over the rows, dgain that of "
    "dout * unit; with constants rstd * gain * dout."))


@EXERCISE.given
def batch_norm(xp, x, gain, bias, *, mean=None, variance=None, eps=1e-5):
    rows = x.reshape(-1, x.shape[-1])                          # (N, C)
    count, own = len(rows), mean is None
    if own:
        mean = rows.mean(0)
        variance = ((rows - mean) * (rows - mean)).mean(0)
    else:
        mean, variance = (xp.asarray(given, dtype=x.real.dtype) for given in (mean, variance))
    rstd = 1 / xp.sqrt(variance + eps)
    unit = (rows - mean) * rstd

    def backward(dout):
        dout = dout.reshape(count, -1)
        dgain, dbias = (dout * unit).sum(0), dout.sum(0)
        dx = dout - (dbias + unit * dgain) / count if own else dout
        return (rstd * gain * dx).reshape(x.shape), dgain, dbias

    return (unit * gain + bias).reshape(x.shape), backward


def _batch_norm(xp, x, gain, bias, constants, dx):
    """The right forward with another gradient of x: dx(dout, unit, rstd, own), from rows (N, C)."""
    mean, variance, eps = constants
    out, right = ops.batch_norm.raw(xp, x, gain, bias, mean=mean, variance=variance, eps=eps)
    rows, own = x.reshape(-1, x.shape[-1]), mean is None
    centred = rows - (rows.mean(0) if own else mean)
    rstd = 1 / xp.sqrt(((centred * centred).mean(0) if own else variance) + eps)

    def backward(dout):
        given = dx(dout.reshape(rows.shape), centred * rstd, rstd, own)
        return (given * gain).reshape(x.shape), *right(dout)[1:]

    return out, backward


@EXERCISE.mistake
def batch_norm_of_constants(xp, x, gain, bias, *, mean=None, variance=None, eps=1e-5):
    """mean and variance of the batch are taken for constants; both move with every row"""
    return _batch_norm(xp, x, gain, bias, (mean, variance, eps), lambda d, unit, rstd, own: rstd * d)


@EXERCISE.mistake
def batch_norm_without_the_scaling(xp, x, gain, bias, *, mean=None, variance=None, eps=1e-5):
    """the shift is taken out, and the part along unit is not"""
    return _batch_norm(xp, x, gain, bias, (mean, variance, eps),
                       lambda d, unit, rstd, own: rstd * (d - d.mean(0) if own else d))


@EXERCISE.mistake
def batch_norm_along_the_row(xp, x, gain, bias, *, mean=None, variance=None, eps=1e-5):
    """the means are taken over the channels of a row, as in layer norm, and not over the batch"""
    return _batch_norm(xp, x, gain, bias, (mean, variance, eps), lambda d, unit, rstd, own: rstd * (
        d - d.mean(-1, keepdims=True) - unit * (d * unit).mean(-1, keepdims=True) if own else d))


@EXERCISE.mistake
def batch_norm_that_learns_from_given_averages(xp, x, gain, bias, *, mean=None, variance=None, eps=1e-5):
    """the means are taken out where mean and variance were given, too: there they are constants"""
    return _batch_norm(xp, x, gain, bias, (mean, variance, eps),
                       lambda d, unit, rstd, own: rstd * (d - d.mean(0) - unit * (d * unit).mean(0)))

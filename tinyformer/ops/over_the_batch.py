"""What does a gradient lose when its input was shifted and scaled together with the other rows of its batch?

The two directions that layer norm's loses, but down each channel instead of along each row.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.linear import sum_rows


@primitive(keeps="unit (N, C), rstd (C), gain")
def batch_norm(xp, x, gain, bias, *, mean=None, variance=None, eps: float = 1e-5):
    """Give every channel mean 0 and variance 1 over the batch, then scale and shift (Ioffe and Szegedy 2015, alg. 1).

    x (..., C); gain, bias (C,).  unit = (x - mean) / sqrt(variance + eps), out = unit * gain + bias, where mean and
    variance (which divides by N) are those of each channel over all N rows.  With `mean` and `variance` (C,) given
    those are taken instead, constants such as running averages, and each row stands alone (their algorithm 2).

    Down the rows the derivation is that of `layer_norm`, δunit = rstd (δx - mean(δx) - unit mean(unit δx)), so that
    dx = rstd gain (dout - mean(dout) - unit mean(dout unit)).  Both means are known already: they are the gradients of
    bias and gain, over N.  With constants dx = rstd gain dout, and nothing is lost.  unit is kept in place of x.
    Raises ValueError for a batch of one row, of which nothing can be told, and for constants without their partner.
    """
    width = x.shape[-1:]
    if not x.shape or not x.size or gain.shape != width or bias.shape != width:
        raise ValueError(f"batch_norm: x is {x.shape}, gain is {gain.shape}, bias is {bias.shape}; x must be (..., C) "
                         "with at least one row, gain and bias (C,)")
    if (mean is None) != (variance is None):
        raise ValueError("batch_norm: mean and variance belong together; give both, such as running averages, or "
                         "neither, for those of the batch")
    rows, shape = x.reshape(-1, *width), x.shape               # (N, C)
    count, own = len(rows), mean is None
    if own:
        if count < 2:
            raise ValueError(f"batch_norm: x is {x.shape}, one row, whose variance is 0; take a larger batch, or give "
                             "mean and variance")
        unit = rows - sum_rows(xp, rows) * (1 / count)
        rstd = 1 / xp.sqrt(sum_rows(xp, unit * unit) * (1 / count) + eps)              # (C,)
        unit *= rstd
    else:
        mean, variance = (xp.asarray(given, dtype=x.real.dtype) for given in (mean, variance))
        if mean.shape != width or variance.shape != width:
            raise ValueError(f"batch_norm: mean is {mean.shape}, variance is {variance.shape}; both must be {width}")
        rstd = 1 / xp.sqrt(variance + eps)
        unit = (rows - mean) * rstd

    def backward(dout):
        dout = dout.reshape(unit.shape)                        # δout = gain δunit + unit δgain + δbias
        dgain, dbias = sum_rows(xp, dout * unit), sum_rows(xp, dout)
        dx = dout - (dbias + unit * dgain) * (1 / count) if own else dout
        return (dx * (rstd * gain)).reshape(shape), dgain, dbias

    return (unit * gain + bias).reshape(shape), backward


@batch_norm.case
def _(rng):
    """rows in two axes"""
    return Call(rng.normal(size=(2, 3, 4)) * 2 + 1, rng.normal(size=4), rng.normal(size=4))


@batch_norm.case
def _(rng):
    """two rows, a large eps"""
    return Call(rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=3), eps=0.3)


@batch_norm.case
def _(rng):
    """a mean and a variance that are given"""
    return Call(rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=2), mean=rng.normal(size=2),
                variance=rng.uniform(0.5, 2, size=2))


@batch_norm.special
def _(rng):
    """a channel that is the same in every row gives the bias, and has no direction"""
    return Special(np.full((3, 1), 5.0), np.ones(1), np.array([2.0])).expect(
        out=np.full((3, 1), 2.0), grads=(np.zeros((3, 1)), [0.0], [3.0]))


@batch_norm.special
def _(rng):
    """a huge offset stays finite"""
    return Special(np.array([[1e8], [1e8 + 1], [1e8 + 2]]), np.ones(1), np.zeros(1)).expect()


@batch_norm.special
def _(rng):
    """one row, where mean and variance are given"""
    return Special(np.array([[3.0, 1.0]]), np.ones(2), np.zeros(2), mean=np.array([1.0, 1.0]),
                   variance=np.array([4.0, 1.0]), eps=0.0).expect(
        out=[[1.0, 0.0]], grads=([[0.5, 1.0]], [1.0, 0.0], [1.0, 1.0]))

"""What does a gradient lose when its input was scaled to mean square 1?

One direction, that along the input itself: layer norm without the shift.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.linear import sum_rows


@primitive(keeps="unit (N, C), rstd (N, 1), gain, average (C, 1)")
def rms_norm(xp, x, gain, *, eps: float = 1e-6):
    """Divide every position by the root of its mean square, then scale its channels (Zhang and Sennrich 2019, eq. 4).

    x (..., C), gain (C,).  unit = x rstd with rstd = (mean(x²) + eps)^(-1/2), and out = unit * gain.

    rstd moves by -rstd³ mean(x δx) = -rstd² mean(unit δx), so that δunit = rstd (δx - unit mean(unit δx)): of a step
    stays what is left without its part along unit, which would be a scaling.  That part goes to the other side of an
    inner product as it is, <u, unit mean(unit v)> = <unit mean(unit u), v>, so that beside δx stands the same of dunit.
    As in `layer_norm` a mean is a product with a constant vector, and unit is kept in place of x.
    """
    if not x.shape or not x.shape[-1] or gain.shape != x.shape[-1:]:
        raise ValueError(f"rms_norm: x is {x.shape}, gain is {gain.shape}; x needs a last axis with at least one "
                         "channel, and gain must have its size")
    shape, width = x.shape, x.shape[-1]
    average = xp.full((width, 1), 1 / width, x.dtype)          # (N, C) @ average -> (N, 1): the mean of each row
    rows = x.reshape(-1, width)                                # (N, C)
    rstd = 1 / xp.sqrt((rows * rows) @ average + eps)          # (N, 1)
    unit = rows * rstd

    def backward(dout):
        dout = dout.reshape(-1, width)                         # δout = gain δunit + unit δgain
        scratch = dout * unit
        dgain = sum_rows(xp, scratch)
        scratch *= gain                                        # dunit * unit
        along = scratch @ average                              # (N, 1)
        dx = xp.multiply(dout, gain, out=scratch)              # dunit
        dx -= unit * along
        dx *= rstd
        return dx.reshape(shape), dgain

    return (unit * gain).reshape(shape), backward


@rms_norm.case
def _(rng):
    """positions in two axes"""
    return Call(rng.normal(size=(2, 3, 5)) * 2 + 1, rng.normal(size=5))


@rms_norm.case
def _(rng):
    """one position, a large eps"""
    return Call(rng.normal(size=4), rng.normal(size=4), eps=0.3)


@rms_norm.special
def _(rng):
    """zeros stay zeros, and are steep"""
    zeros = np.zeros((1, 4))
    return Special(zeros, np.ones(4), eps=1e-4).expect(out=zeros, grads=([[100.0] * 4], [0.0] * 4))


@rms_norm.special
def _(rng):
    """numbers that are huge stay finite"""
    return Special(np.array([[1e8, -1e8]]), np.ones(2)).expect(out=[[1.0, -1.0]], grads=(None, [1.0, -1.0]))

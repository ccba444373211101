"""What does a gradient lose when its input was shifted to mean 0 and scaled to variance 1?

Exactly the two directions along which the input could have moved without the output noticing.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.linear import sum_rows


@primitive
def layer_norm(xp, x, gain, bias=None, *, eps: float = 1e-5):
    """Give every position mean 0 and variance 1 over its channels, then scale and shift (Ba, Kiros and Hinton 2016).

    x (..., C); gain, bias (C,).  unit = (x - mean) / sqrt(variance + eps), out = unit * gain + bias.
    The output cannot tell how x was shifted or scaled, so backward removes from the gradient the part along each
    of those two directions.  Positions are the rows of one matrix here, since a sum over the channels of each is
    then a product with a constant vector, which is faster than .sum(-1).
    """
    if not x.shape or not x.shape[-1]:
        raise ValueError(f"layer_norm: x is {x.shape}; it needs a last axis with at least one channel")
    if gain.shape != x.shape[-1:] or bias is not None and bias.shape != x.shape[-1:]:
        raise ValueError(f"layer_norm: x is {x.shape}, gain is {gain.shape}, "
                         f"bias is {None if bias is None else bias.shape}; "
                         f"gain and bias must be {x.shape[-1:]}, the size of x's last axis")
    width = x.shape[-1]
    average = xp.full((width, 1), 1 / width, x.dtype)          # (N, C) @ average -> (N, 1): the mean of each row
    rows = x.reshape(-1, width)                                # (N, C)
    unit = rows - rows @ average
    rstd = 1 / xp.sqrt((unit * unit) @ average + eps)          # (N, 1)
    unit *= rstd

    def backward(dout):
        dout = dout.reshape(-1, width)                         # (N, C)
        pull = dout * unit
        dgain = sum_rows(xp, pull)
        pull *= gain
        scale = pull @ average                                 # (N, 1): mean of dunit * unit
        dx = xp.multiply(dout, gain, out=pull)                 # dunit
        shift = dx @ average                                   # (N, 1): mean of dunit
        dx -= shift
        dx -= unit * scale
        dx *= rstd
        dx = dx.reshape(x.shape)
        return (dx, dgain) if bias is None else (dx, dgain, sum_rows(xp, dout))

    out = unit * gain
    if bias is not None:
        out += bias
    return out.reshape(x.shape), backward


@layer_norm.case
def _(rng):
    """positions in two axes"""
    return Call(rng.normal(size=(2, 3, 5)) * 2 + 1, rng.normal(size=5), rng.normal(size=5))


@layer_norm.case
def _(rng):
    """one position, BERT's eps"""
    return Call(rng.normal(size=4), rng.normal(size=4), rng.normal(size=4), eps=1e-12)


@layer_norm.case
def _(rng):
    """without a bias"""
    return Call(rng.normal(size=(2, 4)), rng.normal(size=4))


@layer_norm.special
def _(rng):
    """a constant row has no direction, and gives the bias"""
    return Special(np.full((1, 4), 3.0), np.ones(4), np.arange(4.0)).expect(
        out=[[0.0, 1.0, 2.0, 3.0]], grads=([[0.0] * 4], [0.0] * 4, [1.0] * 4))


@layer_norm.special
def _(rng):
    """a huge offset stays finite"""
    return Special(np.array([[1e8, 1e8 + 1, 1e8 + 2]]), np.ones(3), np.zeros(3)).expect()

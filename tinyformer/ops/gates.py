"""How much of a number passes?  SiLU is a number that is its own gate; SwiGLU makes one vector the gate of another."""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(reuses=True, keeps="slope (...)")
def silu(xp, x):
    """x s with s = 1 / (1 + exp(-x)), also called swish (Elfwing et al. 2017; Ramachandran et al. 2017).

    By the product rule the slope is s + x s (1 - s).  As for `gelu`, forward computes it, and keeps it in place of x.
    """
    out, slope = silu_with_slope(xp, x)

    def backward(dout, last=False):
        return xp.multiply(dout, slope, out=slope) if last else dout * slope

    return out, backward


@primitive(keeps="gate, up")
def swiglu(xp, gate, up):
    """silu(gate) * up, number by number: how much of each passes is learned beside it (Shazeer 2020, equation 6).

    gate and up have one shape.  Of smaller ops three arrays of this width would be kept; the two inputs are enough, if
    backward computes the value and the slope of silu once more.
    """
    if gate.shape != up.shape:
        raise ValueError(f"swiglu: gate is {gate.shape}, up is {up.shape}; each number needs a gate of its own")

    def backward(dout):                                        # δout = up silu'(gate) δgate + silu(gate) δup
        bent, slope = silu_with_slope(xp, gate)
        return dout * up * slope, dout * bent

    return silu_with_slope(xp, gate)[0] * up, backward


def silu_with_slope(xp, x):
    """silu(x) and its slope; s is computed as (1 + tanh(x/2)) / 2, which cannot overflow."""
    share = 0.5 * (1 + xp.tanh(0.5 * x))                       # s
    out = x * share
    return out, xp.asarray(share + out * (1 - share))          # an array also where x has no axes


@silu.case
def _(rng):
    """near zero and far out"""
    return Call(np.concatenate([rng.normal(size=6), rng.uniform(-20, 20, size=6)]))


@silu.case
def _(rng):
    """a number without axes"""
    return Call(np.asarray(rng.normal()))


@silu.special
def _(rng):
    """far out it is 0 or x"""
    return Special(np.array([-1e4, 0.0, 1e4])).expect(out=[0.0, 0.0, 1e4], grads=([0.0, 0.5, 1.0],))


@swiglu.case
def _(rng):
    """positions in two axes"""
    return Call(rng.normal(size=(2, 3, 4)) * 3, rng.normal(size=(2, 3, 4)))


@swiglu.special
def _(rng):
    """shut, half open, open"""
    return Special(np.array([-1e4, 0.0, 1e4]), np.array([2.0, 2.0, 2.0])).expect(
        out=[0.0, 0.0, 2e4], grads=([0.0, 1.0, 2.0], [0.0, 0.0, 1e4]))

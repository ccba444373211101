"""What bends the line?  relu, tanh, sigmoid and the two published forms of GELU.

Stacked linear maps are one linear map; a function applied to each number between them is what makes depth count.
"""

import math

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.erf import erf
from tinyformer.ops.linear import affine

ROOT_HALF = math.sqrt(0.5)
ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)
DENSITY = 1 / math.sqrt(2 * math.pi)                           # the normal density at 0


@primitive
def relu(xp, x):
    """max(x, 0), with slope 0 at the kink, as everywhere below it; NaN stays NaN, so that it is seen."""
    off = x.real <= 0

    def backward(dout):
        return xp.where(off, 0, dout)

    return xp.where(off, 0, x), backward


@primitive
def tanh(xp, x):
    """The hyperbolic tangent, with slope 1 - tanh²."""
    out = xp.tanh(x)

    def backward(dout):
        return dout * (1 - out * out)

    return out, backward


@primitive
def sigmoid(xp, x):
    """1 / (1 + exp(-x)), with slope s (1 - s).  Computed as (1 + tanh(x/2)) / 2, which cannot overflow."""
    out = 0.5 * (1 + xp.tanh(0.5 * x))

    def backward(dout):
        return dout * (out * (1 - out))

    return out, backward


@primitive(reuses=True)
def gelu(xp, x, *, approximate: str = "none"):
    """x times the chance that a normal number is below x: x Phi(x) (Hendrycks and Gimpel 2016).

    approximate="none" is the exact form with the error function, Phi(x) = (1 + erf(x / sqrt 2)) / 2, as in BERT;
    "tanh" is Phi(x) ~ (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))) / 2, as in GPT-2.  Forward computes the slope
    Phi(x) + x Phi'(x) along with the value, since they share their costly part.
    """
    out, slope = gelu_with_slope(xp, x, approximate)

    def backward(dout, last=False):
        return xp.multiply(dout, slope, out=slope) if last else dout * slope

    return out, backward


@primitive(reuses=True)
def affine_gelu(xp, x, weight, bias=None, *, approximate: str = "none"):
    """gelu(x @ weight.T + bias) as one op: x (..., I), weight (O, I), bias (O,) -> (..., O).

    Nobody else sees what stands between the two, so the slope of gelu is stored over it: the widest array of a
    transformer is kept once instead of twice.
    """
    before, affine_backward = affine.raw(xp, x, weight, bias)
    out, slope = gelu_with_slope(xp, before, approximate, over=before)

    def backward(dout, last=False):
        return affine_backward(xp.multiply(dout, slope, out=slope) if last else dout * slope)

    return out, backward


def gelu_with_slope(xp, x, approximate: str, over=None):
    """gelu(x) and its slope; the slope may be written over x where `over` is x."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate is {approximate!r}; it must be 'none' (erf) or 'tanh'")
    if xp is np and x.dtype == np.float32 and x.size:
        return _in_cache(_gelu_erf_float32 if approximate == "none" else _gelu_tanh_float32, x, over)
    if approximate == "none":
        below = 0.5 * (1 + erf(xp, ROOT_HALF * x))             # Phi(x)
        steep = DENSITY * xp.exp(-0.5 * x * x)                 # Phi'(x)
        return x * below, xp.asarray(below + x * steep)        # an array also where x has no axes
    square = xp.where(x.real * x.real > 1e8, 1e8, x * x)       # beyond, tanh is flat and x³ might overflow
    bent = xp.tanh(ROOT_TWO_OVER_PI * x * (1 + 0.044715 * square))
    below = 0.5 * (1 + bent)
    steep = 0.5 * (1 - bent * bent) * (ROOT_TWO_OVER_PI * (1 + 3 * 0.044715 * square))
    return x * below, xp.asarray(below + x * steep)


# What follows is the same two formulas for float32 on the CPU, piece by piece so that every intermediate stays in
# the cache, where it costs a fraction of what whole arrays do.

PIECE = 32768                                                  # six such arrays of float32 fit a cache of 1 MB


def _in_cache(formula, x, over):
    """Apply formula(x, out, slope, scratch) to pieces of x."""
    flat = x.reshape(-1)
    out = np.empty_like(flat)
    slope = flat if over is not None and np.shares_memory(flat, over) else np.empty_like(flat)
    scratch = [np.empty(PIECE, np.float32) for _ in range(3)]
    for start in range(0, flat.size, PIECE):
        piece = slice(start, min(start + PIECE, flat.size))
        formula(flat[piece], out[piece], slope[piece], [s[:piece.stop - start] for s in scratch])
    return out.reshape(x.shape), slope.reshape(x.shape)


def _gelu_erf_float32(x, out, slope, scratch):
    """Phi(-|x|) = t p(t) exp(-x²/2) / 2 with t = 1 / (1 + 0.3275911 |x| / sqrt 2) and an error below 1e-7.

    Abramowitz and Stegun (1964), 7.1.26.  The exponential is also the normal density, which the slope needs.
    """
    t, bell, tail = scratch
    np.abs(x, out=t)
    t *= 0.3275911 * ROOT_HALF
    t += 1
    np.reciprocal(t, out=t)
    np.multiply(x, x, out=bell)
    bell *= -0.5
    np.exp(bell, out=bell)                                     # exp(-x²/2)
    np.multiply(t, 0.5 * 1.061405429, out=tail)
    for c in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += 0.5 * c
        tail *= t
    tail *= bell                                               # Phi(-|x|)
    np.subtract(0.5, tail, out=tail)
    np.copysign(tail, x, out=tail)
    tail += 0.5                                                # Phi(x)
    np.multiply(x, tail, out=out)
    bell *= DENSITY
    bell *= x
    np.add(bell, tail, out=slope)


def _gelu_tanh_float32(x, out, slope, scratch):
    square, bent, steep = scratch
    np.multiply(x, x, out=square)
    np.minimum(square, 1e8, out=square)
    np.multiply(square, 3 * 0.044715 * ROOT_TWO_OVER_PI, out=steep)
    steep += ROOT_TWO_OVER_PI
    square *= 0.044715 * ROOT_TWO_OVER_PI
    square += ROOT_TWO_OVER_PI
    np.multiply(square, x, out=bent)
    np.tanh(bent, out=bent)
    np.multiply(bent, bent, out=square)
    np.subtract(1, square, out=square)
    steep *= square
    steep *= x                                                 # x tanh'(...) (...)'
    bent += 1                                                  # 2 Phi(x)
    steep += bent
    bent *= x
    np.multiply(bent, 0.5, out=out)
    np.multiply(steep, 0.5, out=slope)


@relu.case
def _(rng):
    """numbers on both sides of the kink, none near it"""
    return Call(rng.uniform(0.2, 2, size=(2, 3)) * rng.choice([-1, 1], size=(2, 3)))


@relu.special
def _(rng):
    """at the kink the slope is 0"""
    return Special(np.array([-1.0, 0.0, 2.0])).expect(out=[0.0, 0.0, 2.0], grads=([0.0, 0.0, 1.0],))


@tanh.case
@sigmoid.case
def _(rng):
    """a matrix"""
    return Call(rng.normal(size=(2, 3)))


@tanh.special
def _(rng):
    """flat at infinity"""
    return Special(np.array([-np.inf, 1e30])).expect(out=[-1.0, 1.0], grads=([0.0, 0.0],))


@sigmoid.special
def _(rng):
    """flat at infinity"""
    return Special(np.array([-np.inf, 1e30])).expect(out=[0.0, 1.0], grads=([0.0, 0.0],))


@gelu.case
def _(rng):
    """the exact form, near zero and far out"""
    return Call(np.concatenate([rng.normal(size=6), rng.uniform(-8, 8, size=6)]))


@gelu.case
def _(rng):
    """a number without axes"""
    return Call(np.asarray(rng.normal()))


@gelu.case
def _(rng):
    """the tanh form"""
    return Call(rng.normal(size=(2, 3)) * 2, approximate="tanh")


@gelu.special
def _(rng):
    """far out it is 0 or x"""
    return Special(np.array([-1e4, 0.0, 1e4])).expect(out=[0.0, 0.0, 1e4], grads=([0.0, 0.5, 1.0],))


@gelu.special
def _(rng):
    """far out the tanh form is 0 or x too"""
    return Special(np.array([-1e4, 0.0, 1e4]), approximate="tanh").expect(out=[0.0, 0.0, 1e4], grads=([0.0, 0.5, 1.0],))


@affine_gelu.case
def _(rng):
    """positions in two axes"""
    return Call(rng.normal(size=(2, 3, 4)), rng.normal(size=(5, 4)), rng.normal(size=5))


@affine_gelu.case
def _(rng):
    """the tanh form"""
    return Call(rng.normal(size=(3, 4)), rng.normal(size=(2, 4)), rng.normal(size=2), approximate="tanh")

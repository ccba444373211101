"""What bends the line?  relu, tanh, sigmoid and the two published forms of GELU.

Stacked linear maps are one linear map; a function applied to each number between them is what makes depth count.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.erf import DENSITY, ROOT_HALF, ROOT_TWO_OVER_PI, erf
from tinyformer.ops.linear import affine


@primitive(keeps="off (...) bool")
def relu(xp, x):
    """max(x, 0), with slope 0 at the kink, as everywhere below it; NaN stays NaN, so that it is seen.

    The slope is 1 or 0, one byte for each number: x itself would take four or eight.
    """
    off = x.real <= 0

    def backward(dout):                                        # δout = δx, or 0 where x is off
        return xp.where(off, 0, dout)

    return xp.where(off, 0, x), backward


@primitive(keeps="out")
def tanh(xp, x):
    """The hyperbolic tangent, sinh / cosh.  Its slope is a function of itself, so x need not be kept."""
    out = xp.tanh(x)

    def backward(dout):                                        # (cosh² - sinh²) / cosh² = 1 - tanh²
        return dout * (1 - out * out)

    return out, backward


@primitive(keeps="out")
def sigmoid(xp, x):
    """s = 1 / (1 + exp(-x)), computed as (1 + tanh(x/2)) / 2, which cannot overflow.  As for tanh, s alone is kept."""
    out = 0.5 * (1 + xp.tanh(0.5 * x))

    def backward(dout):                                        # exp(-x) / (1 + exp(-x))² = s (1 - s)
        return dout * (out * (1 - out))

    return out, backward


@primitive(reuses=True, keeps="slope (...)")
def gelu(xp, x, *, approximate: str = "none"):
    """x times the chance that a normal number is below x: x Phi(x) (Hendrycks and Gimpel 2016, section 2).

    approximate="none" is the exact form with the error function, Phi(x) = (1 + erf(x / sqrt 2)) / 2, as in BERT;
    "tanh" is Phi(x) ~ (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))) / 2, as in GPT-2.  By the product rule the slope is
    Phi(x) + x Phi'(x).  It shares its costly part with the value, so forward computes both, and keeps it in place of x.
    """
    out, slope = gelu_with_slope(xp, x, approximate)

    def backward(dout, last=False):
        return xp.multiply(dout, slope, out=slope) if last else dout * slope

    return out, backward


@primitive(reuses=True, keeps="x, weight, slope (..., O)")
def affine_gelu(xp, x, weight, bias=None, *, approximate: str = "none"):
    """gelu(x @ weight.T + bias) as one op: x (..., I), weight (O, I), bias (O,) -> (..., O).

    Backward is that of `gelu`, then that of `affine`.  Nobody else sees what stands between the two, so the slope is
    stored over it: the widest array of a transformer is kept once instead of twice.
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
        from tinyformer.ops.gelu_float32 import gelu_float32
        return gelu_float32(x, approximate, over)              # the same; the exact form 10 times as fast
    if approximate == "none":
        below = 0.5 * (1 + erf(xp, ROOT_HALF * x))             # Phi(x): the area under the bell curve left of x,
        steep = DENSITY * xp.exp(-0.5 * x * x)                 # so that Phi'(x) is the height of the curve at x
        return x * below, xp.asarray(below + x * steep)        # an array also where x has no axes
    square = xp.where(x.real * x.real > 1e8, 1e8, x * x)       # beyond, tanh is flat and x³ might overflow
    bent = xp.tanh(ROOT_TWO_OVER_PI * x * (1 + 0.044715 * square))                 # tanh u
    below = 0.5 * (1 + bent)
    inner = ROOT_TWO_OVER_PI * (1 + 3 * 0.044715 * square)     # u' for u = sqrt(2/pi) (x + 0.044715 x³)
    steep = 0.5 * (1 - bent * bent) * inner                    # the chain: (1 - tanh² u) / 2 times u'
    return x * below, xp.asarray(below + x * steep)


@relu.case
def _(rng):
    """numbers on both sides of the kink, none near it"""
    return Call(rng.uniform(0.2, 2, size=(2, 3)) * rng.choice([-1, 1], size=(2, 3)))


@relu.special
def _(rng):
    """at the kink the slope is 0"""
    return Special(np.array([-1.0, 0.0, 2.0])).expect(out=[0.0, 0.0, 2.0], grads=([0.0, 0.0, 1.0],))


@relu.special
def _(rng):
    """NaN is not switched off"""
    return Special(np.array([np.nan, 1.0])).expect(out=[np.nan, 1.0], grads=([1.0, 1.0],))


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

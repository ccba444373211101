"""What is the slope of x times the chance to lie below x?

    out = x Phi(x), number by number

approximate="none": Phi(x) = (1 + erf(x / sqrt 2)) / 2, the area under the bell curve left of x; its slope is the
height of that curve, exp(-x² / 2) / sqrt(2 pi).
approximate="tanh": Phi(x) = (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x³).
`DENSITY` is 1 / sqrt(2 pi), and `below` holds Phi(x). A check on paper: one half at 0, 1 far right, 0 far left, and a
little above 1 in between.
"""

import math

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.activation import gelu_with_slope
from tinyformer.ops.erf import DENSITY, ROOT_HALF, ROOT_TWO_OVER_PI, erf

EXERCISE = OpExercise(ops.gelu, __doc__, hints=(
    "It is a product, x times Phi(x). The product rule gives Phi(x) + x Phi'(x).",
    "For the exact form Phi'(x) is the height of the bell curve at x. For the other one go link by link: tanh u has "
    "the slope 1 - tanh² u, and u the slope sqrt(2/pi) (1 + 3 * 0.044715 x²).",
    "steep is DENSITY * exp(-x²/2), or 0.5 * (1 - bent²) * sqrt(2/pi) * (1 + 3 * 0.044715 * square), with bent = 2 "
    "below - 1; dx = dout * (below + x * steep)."))


@EXERCISE.given
def gelu(xp, x, *, approximate="none"):
    square = xp.where(x.real * x.real > 1e8, 1e8, x * x)       # far out everything is flat, and x³ might overflow
    if approximate == "none":
        below = 0.5 * (1 + erf(xp, ROOT_HALF * x))
    else:
        below = 0.5 * (1 + xp.tanh(ROOT_TWO_OVER_PI * x * (1 + 0.044715 * square)))

    def backward(dout):
        if approximate == "none":
            steep = DENSITY * xp.exp(-0.5 * square)
        else:
            bent = 2 * below - 1
            steep = 0.5 * (1 - bent * bent) * ROOT_TWO_OVER_PI * (1 + 3 * 0.044715 * square)
        return dout * (below + x * steep)

    return x * below, backward


@EXERCISE.mistake
def gelu_tanh_without_a_term(xp, x, *, approximate="none"):
    """the tanh form's inner slope lacks the derivative of 0.044715 x³"""
    out, slope = gelu_with_slope(xp, x, approximate)
    if approximate == "tanh":
        bent = xp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))
        slope = 0.5 * (1 + bent) + 0.5 * x * (1 - bent * bent) * math.sqrt(2 / math.pi)
    return out, lambda dout: dout * slope


@EXERCISE.mistake
def gelu_of_the_other_form(xp, x, *, approximate="none"):
    """the backward of the tanh form behind the forward of the exact one: off by a thousandth"""
    return gelu_with_slope(xp, x, approximate)[0], lambda dout: dout * gelu_with_slope(xp, x, "tanh")[1]


@EXERCISE.mistake
def gelu_with_a_fixed_chance(xp, x, *, approximate="none"):
    """Phi(x) alone: the chance moves with x too, which is the second term of the product rule"""
    out, _ = gelu_with_slope(xp, x, approximate)
    return out, lambda dout: dout * (out / xp.where(x == 0, 1, x) + 0.5 * (x == 0))


@EXERCISE.mistake(caught_by="central")
def gelu_that_checks_itself(xp, x, *, approximate="none"):
    """value + i * slope as the complex forward, with the same wrong slope: the complex step agrees with itself"""
    out, slope = gelu_with_slope(xp, np.asarray(x.real), approximate)
    slope = slope * 1.01
    lifted = out + 1j * x.imag * slope if x.dtype.kind == "c" else out
    return lifted, lambda dout: dout * slope


@EXERCISE.mistake(reuses=True)
def gelu_wrong_the_last_time(xp, x, *, approximate="none"):
    """the pass that may overwrite what was saved forgets the incoming gradient"""
    out, slope = gelu_with_slope(xp, x, approximate)
    return out, lambda dout, last=False: slope if last else dout * slope

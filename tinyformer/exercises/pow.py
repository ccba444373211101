"""How does a power move when its exponent does?

    out = base ** exponent, number by number, both with a gradient

Below 0 only whole exponents have a value, so there the exponent cannot move: its gradient is NaN. At base 0 the
exponent moves nothing: its gradient is 0. And b^0 is 1 everywhere, so that its slope along b is 0, at 0 too.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.pow, __doc__, hints=(
    "Along the base it is the rule for powers, e b^(e-1). For the other one write b^e as exp(e log b), and let e "
    "move.",
    "exp(e log b) moves by exp(e log b) log(b) δe: the slope along the exponent is out * log(base).",
    "Then the edges: at exponent 0 take b^0 instead of b^(-1) (0 times infinity); take the log of 1 where base is 0, "
    "and NaN where it is below: xp.where(base.real < 0, np.nan, xp.log(xp.where(base.real > 0, base, 1)))."))


@EXERCISE.mistake
def pow_with_a_fixed_exponent(xp, base, exponent):
    """the exponent gets the slope of the base: it is taken for the power that falls by one"""
    out = base ** exponent
    return out, lambda dout: (dout * exponent * base ** (exponent - 1), dout * exponent * base ** (exponent - 1))


@EXERCISE.mistake
def pow_without_the_logarithm(xp, base, exponent):
    """b^e for its own slope along e, which holds for e^e alone"""
    out = base ** exponent
    return out, lambda dout: (dout * exponent * base ** (exponent - 1), dout * out)


@EXERCISE.mistake(caught_by="special")
def pow_by_the_logarithm(xp, base, exponent):
    """exp(e log b), which below 0 has no value where the power has one"""
    log = xp.log(base)
    out = xp.exp(exponent * log)
    return out, lambda dout: (dout * exponent * out / base, dout * out * log)

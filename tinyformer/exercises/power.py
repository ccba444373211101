"""What happens to a product of n equal factors when all of them grow?

    out = x ** exponent, for one Python number `exponent`, which gets no gradient

A check on paper: exponent 1 has slope 1 and exponent 0 has slope 0, at x = 0 too.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.power, __doc__, hints=(
    "x³ is x x x. Let one factor move while the other two stand, then the next: how much is that together?",
    "n factors, each with n - 1 others beside it: the slope is n x^(n-1), and that holds for every exponent.",
    "dx = dout * exponent * x ** (exponent - 1); but for exponent 0 that is 0 times infinity at x = 0, so return zeros "
    "there (xp.zeros_like(dout))."))


@EXERCISE.given
def power(xp, x, *, exponent):
    def backward(dout):
        return dout * (exponent * x ** (exponent - 1)) if exponent else xp.zeros_like(dout)

    return x ** exponent, backward


@EXERCISE.mistake
def power_of_the_wrong_exponent(xp, x, *, exponent):
    """exponent * x ** exponent: one power too many"""
    out = ops.power.raw(xp, x, exponent=exponent)[0]
    return out, lambda dout: dout * exponent * out


@EXERCISE.mistake
def power_without_its_factor(xp, x, *, exponent):
    """x ** (exponent - 1): the exponent did not come down as a factor"""
    return ops.power.raw(xp, x, exponent=exponent)[0], lambda dout: dout * x ** (exponent - 1.0)


power_without_its_factor.specials.clear()


@EXERCISE.mistake(caught_by="special")
def power_by_division(xp, x, *, exponent):
    """exponent * out / x, which is 0 / 0 where x is 0"""
    out = ops.power.raw(xp, x, exponent=exponent)[0]
    return out, lambda dout: dout * exponent * out / x


@EXERCISE.mistake
def power_like_an_exponential(xp, x, *, exponent):
    """out * log(x), the slope along the exponent; here it is x that moves"""
    out = ops.power.raw(xp, x, exponent=exponent)[0]
    return out, lambda dout: dout * out * xp.log(xp.where(x.real > 0, x, 1))

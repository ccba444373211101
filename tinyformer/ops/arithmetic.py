"""How do sums, products and powers pass a gradient back?

Number by number: where out moves by slope * δx, <dout, δout> = <dout * slope, δx>, and so dx = dout * slope.

Inputs broadcast as in NumPy, and no backward here undoes that.  Where an input was stretched, each copy of a number
brings a gradient, and the engine adds them up to the input's own shape, for every op that has not done it itself.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(linear=True, keeps="")
def add(xp, a, b):
    """a + b.  Both inputs move the output one to one, wherever they are: nothing need be kept."""
    def backward(dout):                                        # δout = δa + δb
        return dout, dout

    return a + b, backward


@primitive(linear=True, keeps="")
def subtract(xp, a, b):
    """a - b.  Its slopes are 1 and -1 everywhere."""
    def backward(dout):                                        # δout = δa - δb
        return dout, -dout

    return a - b, backward


@primitive(linear=True, keeps="a, b")
def multiply(xp, a, b):
    """a * b, element by element: each factor is the other one's slope, so both are kept."""
    def backward(dout):                                        # δout = b δa + a δb
        return dout * b, dout * a

    return a * b, backward


@primitive(keeps="b, out")
def divide(xp, a, b):
    """a / b.  The quotient is there already, as the next op's input, and stands in for a."""
    out = a / b

    def backward(dout):                                        # out b = a, so b δout + out δb = δa
        da = dout / b                                          # δout = δa / b - out δb / b
        return da, -da * out

    return out, backward


@primitive(linear=True, keeps="")
def negate(xp, x):
    """-x.  Its slope is -1 everywhere."""
    def backward(dout):                                        # δout = -δx
        return -dout

    return -x, backward


@primitive(linear=True, keeps="")
def scale(xp, x, *, by: complex):
    """x * by, for one Python number `by`, the slope: a number keeps the precision of x, and needs no gradient."""
    by = complex(by) if isinstance(by, complex) else float(by)

    def backward(dout):                                        # δout = by δx
        return dout * by

    return x * by, backward


@primitive(keeps="x")
def power(xp, x, *, exponent: float):
    """x ** exponent, for one Python number; `pow` takes an exponent for each x, with a gradient of its own.

    n factors x, of which each moves in turn while the others stand: δout = n x^(n-1) δx, as for every exponent.
    Whole exponents are repeated products, which are exact for negative x, fast, and right for complex x.  x is kept,
    since the slope could be got from out = x^n only by a division, by 0 where x is 0.
    """
    def backward(dout):
        return dout * (exponent * _power(xp, x, exponent - 1)) if exponent else xp.zeros_like(dout)

    return _power(xp, x, exponent), backward


def _power(xp, x, exponent):
    if float(exponent).is_integer() and abs(exponent) <= 64:
        out, square, left = None, x, abs(int(exponent))
        while left:                                            # by the binary digits of the exponent
            if left & 1:
                out = square if out is None else out * square
            left >>= 1
            square = square * square if left else square
        out = xp.ones_like(x) if out is None else out.copy() if out is x else out
        return 1 / out if exponent < 0 else out
    return xp.exp(exponent * xp.log(x)) if x.dtype.kind == "c" else x ** float(exponent)


@primitive(keeps="base, exponent, out")
def pow(xp, base, exponent):
    """base ** exponent, number by number, where the exponent may have a gradient as well.

    Above 0 it is exp(e log b).  At b = 0 the slope along e is that of 0^e, 0.  Below 0 only whole exponents have a
    value, so that none can move: the slope along e is NaN, to be seen by who asks.  The slope along b takes base and
    exponent, since out / b is nothing at 0; the other one takes out, which is there anyway.
    """
    out = base ** exponent

    def backward(dout):                                        # δout = e b^(e-1) δb + b^e log(b) δe
        slope = exponent * base ** xp.where(exponent == 0, 0, exponent - 1)            # b^0 is flat, at 0 too
        log = xp.where(base.real < 0, np.nan, xp.log(xp.where(base.real > 0, base, 1)))
        return dout * slope, dout * (out * log)

    return out, backward


@primitive(keeps="out")
def exp(xp, x):
    """e ** x: the function that is its own slope, and so all that is kept."""
    out = xp.exp(x)

    def backward(dout):                                        # δout = out δx
        return dout * out

    return out, backward


@primitive(keeps="x")
def log(xp, x):
    """The natural logarithm of x > 0.  x is kept, for out would cost another exponential."""
    def backward(dout):                                        # x = exp(out): δx = x δout
        return dout / x

    return xp.log(x), backward


@primitive(keeps="out")
def sqrt(xp, x):
    """The square root of x > 0.  The slope is a function of the root, so x need not be kept."""
    out = xp.sqrt(x)

    def backward(dout):                                        # out² = x: 2 out δout = δx
        return dout * 0.5 / out

    return out, backward


@add.case
@subtract.case
@multiply.case
def _(rng):
    """rows against columns, both stretched"""
    return Call(rng.normal(size=(3, 1)), rng.normal(size=(2, 1, 4)))


@add.case
@subtract.case
@multiply.case
def _(rng):
    """two numbers without a shape"""
    return Call(np.asarray(rng.normal()), np.asarray(rng.normal()))


@divide.case
def _(rng):
    """a matrix by its columns' sizes, away from zero"""
    return Call(rng.normal(size=(3, 4)), rng.uniform(0.5, 2, size=4) * rng.choice([-1, 1], size=4))


@negate.case
def _(rng):
    """a vector"""
    return Call(rng.normal(size=5))


@scale.case
def _(rng):
    """a matrix times a number"""
    return Call(rng.normal(size=(2, 3)), by=-1.7)


@power.case
def _(rng):
    """a cube, also of negative numbers"""
    return Call(rng.normal(size=(2, 3)), exponent=3)


@power.case
def _(rng):
    """one over the square"""
    return Call(rng.uniform(0.5, 2, size=4) * rng.choice([-1, 1], size=4), exponent=-2)


@power.case
def _(rng):
    """a broken exponent, of positive numbers"""
    return Call(rng.uniform(0.5, 2, size=4), exponent=1.5)


@power.special
def _(rng):
    """exponent 0 is flat, even at 0"""
    return Special(np.array([-1.0, 0.0, 2.0]), exponent=0).expect(out=[1.0, 1.0, 1.0], grads=([0.0, 0.0, 0.0],))


@power.special
def _(rng):
    """exponent 1 is straight, even at 0"""
    return Special(np.array([-1.0, 0.0, 2.0]), exponent=1).expect(out=[-1.0, 0.0, 2.0], grads=([1.0, 1.0, 1.0],))


@pow.case
def _(rng):
    """positive numbers, each with an exponent of its own"""
    return Call(rng.uniform(0.5, 2, size=(2, 3)), rng.normal(size=3) * 2)


@pow.special
def _(rng):
    """a negative number to a whole power has a slope, its exponent has none"""
    return Special(np.array([-2.0, -2.0, -3.0]), np.array([2.0, -1.0, 0.0])).expect(
        out=[4.0, -0.5, 1.0], grads=([-4.0, -0.25, 0.0], [np.nan] * 3))


@pow.special
def _(rng):
    """zero to a power above 0 is 0, and to the power of 0 it is 1; its exponent moves nothing"""
    return Special(np.zeros(4), np.array([0.0, 1.0, 1.5, 2.0])).expect(
        out=[1.0, 0.0, 0.0, 0.0], grads=([0.0, 1.0, 0.0, 0.0], [0.0] * 4))


@exp.case
def _(rng):
    """a matrix"""
    return Call(rng.normal(size=(2, 3)))


@exp.special
def _(rng):
    """minus infinity has value 0 and slope 0"""
    return Special(np.array([-np.inf, 0.0, -1e30])).expect(out=[0.0, 1.0, 0.0], grads=([0.0, 1.0, 0.0],))


@log.case
@sqrt.case
def _(rng):
    """positive numbers"""
    return Call(rng.uniform(0.2, 3, size=(2, 3)))

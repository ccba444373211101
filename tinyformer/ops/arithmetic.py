"""How do sums, products and powers pass a gradient back?

Inputs broadcast as in NumPy.  No backward here undoes that: where an input was stretched, the engine sums its
gradient back to the input's own shape, once for all ops.
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(linear=True)
def add(xp, a, b):
    """a + b.  Both inputs move the output one to one, so both get the whole gradient."""
    def backward(dout):
        return dout, dout

    return a + b, backward


@primitive(linear=True)
def subtract(xp, a, b):
    """a - b."""
    def backward(dout):
        return dout, -dout

    return a - b, backward


@primitive(linear=True)
def multiply(xp, a, b):
    """a * b, element by element: each factor is the other one's slope."""
    def backward(dout):
        return dout * b, dout * a

    return a * b, backward


@primitive
def divide(xp, a, b):
    """a / b.  d(a/b) = da / b - (a/b) db / b, and a/b is at hand already."""
    out = a / b

    def backward(dout):
        da = dout / b
        return da, -da * out

    return out, backward


@primitive(linear=True)
def negate(xp, x):
    """-x."""
    def backward(dout):
        return -dout

    return -x, backward


@primitive(linear=True)
def scale(xp, x, *, by: float):
    """x * by, for one Python number `by`: a number keeps the precision of x, and needs no gradient."""
    by = complex(by) if isinstance(by, complex) else float(by)

    def backward(dout):
        return dout * by

    return x * by, backward


@primitive
def power(xp, x, *, exponent: float):
    """x ** exponent, for one Python number.  Slope: exponent * x ** (exponent - 1).

    Whole exponents are repeated products, which are exact for negative x, fast, and right for complex x.
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


@primitive
def exp(xp, x):
    """e ** x: the function that is its own slope."""
    out = xp.exp(x)

    def backward(dout):
        return dout * out

    return out, backward


@primitive
def log(xp, x):
    """The natural logarithm of x > 0, with slope 1 / x."""
    def backward(dout):
        return dout / x

    return xp.log(x), backward


@primitive
def sqrt(xp, x):
    """The square root of x > 0, with slope 1 / (2 sqrt(x))."""
    out = xp.sqrt(x)

    def backward(dout):
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

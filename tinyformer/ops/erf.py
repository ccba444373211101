"""How is the error function computed?  As three quotients of polynomials.

erf(x) = 2/sqrt(pi) times the integral of exp(-t²) from 0 to x.  Within 0.46875 of zero it is x P(x²)/Q(x²); further
out its complement is exp(-x²) times such a quotient, in x up to 4 and in 1/x² beyond (W. J. Cody, Rational Chebyshev
approximations for the error function, Mathematics of Computation 23, 1969).  A quotient of polynomials can be
evaluated at a complex number as it stands, so the complex step through it gives this function's own derivative.
"""

import math

ROOT_HALF = math.sqrt(0.5)
ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)
DENSITY = 1 / math.sqrt(2 * math.pi)                           # the normal density at 0

NEAR_P = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
          3.20937758913846947e3)
NEAR_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
MIDDLE_P = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
            2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
            1.23033935479799725e3)
MIDDLE_Q = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
            3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3)
FAR_P = (-1.63153871373020978e-2, -3.05326634961232344e-1, -3.60344899949804439e-1, -1.25781726111229246e-1,
         -1.60837851487422766e-2, -6.58749161529837803e-4)
FAR_Q = (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
         2.33520497626869185e-3)


def erf(xp, x):
    """The error function of a real or complex array, to about 1e-15."""
    negative = x.real < 0
    size = xp.where(negative, -x, x)                           # |x|, decided on the real part
    near, far = size.real <= 0.46875, size.real > 4

    inner = xp.where(near, x, 0)                               # each form sees only numbers that it is made for
    square = inner * inner
    close = inner * (_polynomial(square, NEAR_P) / _polynomial(square, NEAR_Q))

    outer = xp.where(near | far, 1, size)
    tail = _polynomial(outer, MIDDLE_P) / _polynomial(outer, MIDDLE_Q)

    beyond = xp.where(far & (size.real < 30), size, 30)        # from 6 on, erf is 1 to the last digit
    inverse = 1 / (beyond * beyond)
    quotient = inverse * _polynomial(inverse, FAR_P) / _polynomial(inverse, FAR_Q)
    tail = xp.where(far, (1 / math.sqrt(math.pi) + quotient) / beyond, tail)

    outer = xp.where(far, beyond, outer)
    outside = 1 - xp.exp(-outer * outer) * tail
    return xp.where(near, close, xp.where(negative, -outside, outside))


def _polynomial(x, coefficients):
    """Horner's rule, highest power first."""
    value = coefficients[0]
    for c in coefficients[1:]:
        value = value * x + c
    return value

"""What does the judge say of tries that nobody hung in the museum as they are?"""

import numpy as np

from tinyformer import ops, primitive
from tinyformer.exercises import EXERCISES


def says(name: str, backward=None, forward=None) -> str:
    """The verdict on a try with our forward, or this one, and backward(dout, xp, the arguments ...)."""
    def raw(xp, x, weight, bias=None):
        out, right = (forward or ops.affine.raw)(xp, x, weight, bias)
        return out, lambda dout: backward(dout, right, xp, x, weight, bias) if backward else right(dout)

    verdict = EXERCISES[name].judge(primitive(raw, register=False))
    assert verdict.right == (verdict.says == "Right.")
    return verdict.says


def test_a_known_mistake_in_one_gradient_is_named_with_its_input():
    """Two mistakes at once are not in the museum; each alone is."""
    def two(dout, right, xp, x, weight, bias):
        dx, dweight, *rest = right(dout)
        return -dx, dweight / np.prod(x.shape[:-1]), *rest

    said = says("affine", two)
    assert "In the gradient of x, what comes out is the same as with this mistake: it has the wrong sign" in said


def test_a_factor_is_called_a_factor():
    said = says("affine", lambda dout, right, xp, x, weight, bias: (right(dout)[0] * 7, *right(dout)[1:]))
    assert said == "The gradient of x is everywhere 7 times what it must be: look for a factor."


def test_a_new_mistake_gets_the_worst_place_and_what_is_right():
    def odd(dout, right, xp, x, weight, bias):
        dx, dweight, *rest = right(dout)
        return dx + x, dweight, *rest

    said = says("affine", odd)
    assert 'The gradient of x is wrong. Case "positions in two axes", where x[' in said
    assert "backward says" in said and "the derivative is" in said and "That of weight and bias is right." in said


def test_a_special_point_is_called_one_and_has_no_derivative():
    def by_product(xp, x):
        return ops.relu.raw(xp, x)[0], lambda dout: dout * (x.real > 0)

    said = EXERCISES["relu"].judge(primitive(by_product, register=False)).says
    assert said.startswith("Wherever the function is smooth it is right. At a special point it is not. Case \"NaN")
    assert "where x[0] is nan: backward says 0, it must say " in said and "derivative" not in said


def test_a_forward_that_was_changed_is_told():
    def doubled(xp, x, weight, bias):
        out, right = ops.affine.raw(xp, x, weight, bias)
        return 2 * out, lambda dout: right(2 * dout)

    assert "the forward returns another value" in says("affine", forward=doubled)


def test_what_is_right_on_real_numbers_alone_is_right():
    """A learner who writes sign or abs has derived it all the same."""
    def real(xp, x):
        return ops.abs.raw(xp, x)[0], lambda dout: np.where(x.real == 0, 0, np.where(x.real < 0, -dout.real, dout.real))

    def conjugated(xp, x):
        out = xp.sqrt(x)
        return out, lambda dout: dout * 0.5 / xp.conj(out)

    assert EXERCISES["abs"].judge(primitive(ops.abs.raw, register=False)).right
    assert not EXERCISES["sqrt"].judge(primitive(conjugated, register=False)).right
    assert EXERCISES["abs"].judge(primitive(real, register=False)).says == "Right."


def test_an_optional_input_may_be_wrong_where_it_is_given():
    def odd(dout, right, xp, x, weight, bias):
        dx, dweight, *rest = right(dout)
        return dx, dweight, *(db * 7 for db in rest)

    assert says("affine", odd) == "The gradient of bias is everywhere 7 times what it must be: look for a factor."


def test_an_error_in_one_case_and_a_wrong_number_in_another():
    def broken(dout, right, xp, x, weight, bias):
        dx, dweight, *rest = right(dout)
        return dx + x, dweight, rest[0]

    assert "The gradient of x is wrong" in says("affine", broken)


def test_what_is_overwritten_is_named():
    def harmful(dout, right, xp, x, weight, bias):
        grads = right(dout)
        x += 1
        return grads

    assert "backward writes over x, which other ops still need" in says("affine", harmful)


def test_infinities_that_agree_are_not_the_worst_place():
    def wrong(xp, a, b, *, keep):
        out, right = ops.where.raw(xp, a, b, keep=keep)
        return out, lambda dout: (right(dout)[0] + xp.where(xp.isinf(dout), 0, 3 * a), right(dout)[1])

    said = EXERCISES["where"].judge(primitive(wrong, register=False)).says
    assert "The gradient of a is wrong" in said and "inf" not in said

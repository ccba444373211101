"""Sums, products and powers against formulas written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walk import close, cotangent, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor

from .layouts import arrays


def slope(op, x, **constants):
    """The derivative of an elementwise op, as its backward gives it under a random cotangent."""
    leaf = Tensor(x)
    out = op(leaf, **constants)
    out.backward(g := cotangent(out.shape, out.dtype))
    return leaf.grad / g


@given(arrays(low=0.3, high=3))
def test_elementwise_values_and_slopes(x):
    close(slope(ops.exp, x), np.exp(x))
    close(slope(ops.log, x), 1 / x)
    close(slope(ops.sqrt, x), 0.5 / np.sqrt(x))
    close(slope(ops.negate, x), -np.ones_like(x))
    close(slope(ops.scale, x, by=-2.5), np.full_like(x, -2.5))
    for op, f in ((ops.exp, np.exp), (ops.log, np.log), (ops.sqrt, np.sqrt), (ops.negate, np.negative)):
        close(op(x).data, f(x), 1e-15)


@given(arrays(low=0.5, high=2), st.one_of(st.integers(-9, 9), st.floats(-4, 4)))
def test_power_and_its_slope(x, exponent):
    close(ops.power(x, exponent=exponent).data, x ** float(exponent), 1e-12)
    close(slope(ops.power, x, exponent=exponent), exponent * x ** float(exponent - 1), 1e-10)


def test_whole_powers_of_negative_and_complex_numbers_are_right():
    x = np.array([-2.0, -0.5, 3.0])
    for exponent in (-3, -1, 0, 1, 2, 5, 17, 64, 65):
        close(ops.power(x, exponent=exponent).data, x ** float(exponent), 1e-12)
    z = x + 0.5j
    close(ops.power(z, exponent=5).data, z * z * z * z * z, 1e-13)


def test_a_slope_at_zero_is_what_the_formula_says():
    for exponent, expected in ((1, 1.0), (2, 0.0), (3, 0.0), (1.5, 0.0), (0, 0.0)):
        assert slope(ops.power, np.zeros(2), exponent=exponent).tolist() == [expected] * 2


@given(arrays(shape=(3, 1)), arrays(shape=(2, 1, 4), low=0.5, high=2))
def test_division_is_multiplication_with_the_inverse(a, b):
    same_as_twin(ops.divide, lambda a, b: a * b ** -1, a, b)
    same_as_twin(ops.subtract, lambda a, b: a + b * -1.0, a, b)


def test_a_power_with_a_tensor_as_exponent():
    x, p = Tensor([0.5, 2.0]), Tensor([3.0, -1.5])
    (x ** p).backward(g := cotangent((2,)))
    close(x.grad, g * p.data * x.data ** (p.data - 1))
    close(p.grad, g * np.log(x.data) * x.data ** p.data)


@given(arrays(shape=(3, 1), low=0.3, high=3), arrays(shape=(2, 1, 4)))
def test_pow_equals_smaller_ops(x, p):
    same_as_twin(ops.pow, lambda x, p: ops.exp(p * ops.log(x)), x, p)


@pytest.mark.filterwarnings("error")
def test_a_fixed_power_of_negative_numbers_is_numpys():
    x, p = Tensor([-2.0, -2.0, 0.0, -3.0]), np.array([2.0, 3.0, 2.0, -1.0])
    out = x ** p
    out.backward(g := cotangent((4,)))
    assert (out.data == x.data ** p).all()
    close(x.grad, g * p * x.data ** (p - 1.0))
    assert (x.data ** Tensor(p)).data.tolist() == (x.data ** p).tolist()


def test_a_negative_number_to_a_broken_power_is_not_a_number_and_its_gradient_shows_it():
    x, p = Tensor([-2.0]), Tensor([0.5])
    with np.errstate(invalid="ignore"):
        (x ** p).backward(np.ones(1))
    assert np.isnan(x.grad).all() and np.isnan(p.grad).all()


@pytest.mark.parametrize("op", [ops.add, ops.subtract, ops.multiply, ops.divide])
def test_sides_that_do_not_fit_are_named(op):
    with pytest.raises(ValueError, match=rf"{op.name}: a is \(2, 3\), b is \(4,\); sides must be equal or 1"):
        op(np.ones((2, 3)), np.ones(4))

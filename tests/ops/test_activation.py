"""The bent functions against Python's own math, number by number."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walk import close, cotangent, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor
from tinyformer.ops.erf import erf

from .layouts import arrays, shapes

DENSITY = 1 / math.sqrt(2 * math.pi)


def each(f, x):
    return np.vectorize(f, otypes=[float])(x) if x.size else x.copy()


def value_and_slope(op, x, **constants):
    leaf = Tensor(x)
    out = op(leaf, **constants)
    out.backward(g := cotangent(out.shape, out.dtype))
    return out.data, leaf.grad / g


def phi(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def tanh_gelu(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def tanh_gelu_slope(x):
    bent = math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))
    return 0.5 * (1 + bent) + 0.5 * x * (1 - bent ** 2) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x ** 2)


FORMULAS = {
    "relu": (ops.relu, {}, lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "tanh": (ops.tanh, {}, math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "sigmoid": (ops.sigmoid, {}, lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
    "gelu": (ops.gelu, {}, lambda x: x * phi(x), lambda x: phi(x) + x * DENSITY * math.exp(-x * x / 2)),
    "gelu tanh": (ops.gelu, {"approximate": "tanh"}, tanh_gelu, tanh_gelu_slope),
}


@pytest.mark.parametrize("name", FORMULAS)
@given(data=st.data())
def test_value_and_slope_equal_the_formula(name, data):
    op, constants, f, df = FORMULAS[name]
    x = data.draw(arrays(shape=shapes.filter(len), low=-9, high=9))
    value, slope = value_and_slope(op, x, **constants)
    close(value, each(f, x))
    close(slope, each(df, x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FORMULAS)
def test_a_number_without_axes(name, dtype):
    op, constants, f, df = FORMULAS[name]
    value, slope = value_and_slope(op, np.asarray(0.7, dtype), **constants)
    assert value.shape == slope.shape == ()
    assert np.isclose(value, f(0.7), rtol=2e-6) and np.isclose(slope, df(0.7), rtol=2e-5)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("size", [1, 100, 8192, 8193, 20_000])
def test_float32_of_any_length_is_as_exact_as_float32_can_be(name, size):
    """The float32 forms work in pieces, so lengths around a piece's end are tried."""
    op, constants, f, df = FORMULAS[name]
    x = np.random.default_rng(0).uniform(-6, 6, size=size).astype(np.float32)
    value, slope = value_and_slope(op, x, **constants)
    assert value.dtype == slope.dtype == np.float32
    np.testing.assert_allclose(value, each(f, x), rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(slope, each(df, x), rtol=2e-5, atol=5e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FORMULAS)
def test_far_out_everything_is_finite_and_flat_or_straight(name, dtype):
    op, constants, f, df = FORMULAS[name]
    x = np.array([-1e30, -1e10, -40, 0, 40, 1e10, 1e30], dtype)
    with np.errstate(over="ignore", under="ignore"):
        value, slope = value_and_slope(op, x, **constants)
    assert np.isfinite(value).all() and np.isfinite(slope).all()
    straight = name in ("relu", "gelu", "gelu tanh")
    np.testing.assert_allclose(value[4:], x[4:] if straight else 1, rtol=1e-6)
    np.testing.assert_allclose(slope[4:], 1 if straight else 0, atol=1e-6)
    np.testing.assert_allclose(slope[:3], 0, atol=1e-6)


def test_erf_equals_pythons_own_everywhere():
    x = np.concatenate([np.linspace(-7, 7, 4001), [0.46875, -0.46875, 4.0, -4.0, 1e-300, 30.0, -1e300, np.inf,
                                                   -np.inf]])
    close(erf(np, x), each(math.erf, x), 1e-15)
    lifted = erf(np, x[:4001] + 1e-30j)                        # its derivative, by the complex step
    close(lifted.imag / 1e-30, 2 / math.sqrt(math.pi) * np.exp(-x[:4001] ** 2), 1e-14)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@given(arrays(shape=(2, 3, 4)), arrays(shape=(5, 4)), arrays(shape=(5,)))
def test_affine_gelu_equals_its_two_parts(approximate, x, w, b):
    same_as_twin(lambda x, w, b: ops.affine_gelu(x, w, b, approximate=approximate),
                 lambda x, w, b: ops.gelu(ops.affine(x, w, b), approximate=approximate), x, w, b)


@pytest.mark.parametrize("sides", [(0, 3, 4, 5), (2, 0, 4, 5), (2, 3, 0, 5), (2, 3, 4, 0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_affine_gelu_of_nothing(sides, dtype):
    batch, length, size, wide = sides
    x, w, b = (Tensor(np.ones(s, dtype)) for s in ((batch, length, size), (wide, size), (wide,)))
    out = ops.affine_gelu(x, w, b)
    out.backward(np.ones((batch, length, wide), dtype))
    assert [t.grad.shape for t in (x, w, b)] == [t.shape for t in (x, w, b)]


def test_an_unknown_form_of_gelu_is_named():
    with pytest.raises(ValueError, match=r"gelu: approximate is 'erf'; it must be 'none' \(erf\) or 'tanh'"):
        ops.gelu(np.ones(2), approximate="erf")


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"affine_gelu: x is \(2, 3\), weight is \(4, 5\), bias is \(4,\)"):
        ops.affine_gelu(np.ones((2, 3)), np.ones((4, 5)), np.ones(4))

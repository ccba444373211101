"""Layer norm against the same formula from smaller ops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from walk import close, cotangent, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor
from tinyformer.gradcheck import check
from tinyformer.ops.layer_norm import plain_layer_norm

from .layouts import arrays


def twin(eps):
    def layer_norm(x, gain, bias):
        centred = x - x.mean(axis=-1, keepdims=True)
        return centred / ((centred * centred).mean(axis=-1, keepdims=True) + eps) ** 0.5 * gain + bias
    return layer_norm


@given(arrays(shape=array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)),
       st.sampled_from([1e-5, 1e-12, 0.3]), st.data())
def test_layer_norm_equals_smaller_ops(x, eps, data):
    x = x + np.linspace(0, 1, x.shape[-1])                     # at a constant row eps alone would decide
    gain, bias = (data.draw(arrays(shape=x.shape[-1:])) for _ in range(2))
    same_as_twin(lambda x, g, b: ops.layer_norm(x, g, b, eps=eps), twin(eps), x, gain, bias, tolerance=1e-9)


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_layer_norm_equals_its_plain_form(dtype, tolerance):
    rng = np.random.default_rng(0)
    x, gain, bias = (rng.normal(size=shape).astype(dtype) for shape in ((4, 7, 33), 33, 33))
    same_as_twin(ops.layer_norm, plain_layer_norm, x, gain, bias, tolerance=tolerance)


def test_the_plain_form_passes_every_check():
    for case in list(ops.layer_norm.cases.values())[:2]:
        assert check(plain_layer_norm, *case(np.random.default_rng(0)).arrays).ok


def test_the_output_has_mean_0_and_variance_1():
    x = np.random.default_rng(0).normal(3, 5, size=(6, 50))
    out = ops.layer_norm(x, np.ones(50), np.zeros(50), eps=0).data
    close(out.mean(-1), np.zeros(6), 1e-13)
    close((out * out).mean(-1), np.ones(6), 1e-13)


def test_the_gradient_is_orthogonal_to_both_directions_that_change_nothing():
    x = Tensor(np.random.default_rng(0).normal(size=(5, 8)))
    ops.layer_norm(x, np.linspace(1, 2, 8), np.zeros(8), eps=0).backward(cotangent((5, 8)))
    assert np.abs(x.grad.sum(-1)).max() < 1e-13                # a shift
    assert np.abs((x.grad * x.data).sum(-1)).max() < 1e-13     # a scale
    assert np.abs(x.grad).max() > 0.1


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3), (0,) * 2 + (3,)])
def test_no_positions_give_nothing_and_gradients_of_zero(shape):
    x, gain, bias = Tensor(np.zeros(shape)), Tensor(np.ones(3)), Tensor(np.ones(3))
    ops.layer_norm(x, gain, bias).backward(np.zeros(shape))
    assert x.grad.shape == shape and gain.grad.tolist() == bias.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-6), (np.float32, 1e-3)])
def test_an_offset_does_not_spoil_it(dtype, tolerance):
    x = np.random.default_rng(0).normal(size=(4, 64))
    shifted = ops.layer_norm((x + 1000).astype(dtype), np.ones(64, dtype), np.zeros(64, dtype)).data
    close(shifted, ops.layer_norm(x, np.ones(64), np.zeros(64)).data, tolerance)


@pytest.mark.parametrize("x, gain, bias", [((2, 3), (4,), (3,)), ((2, 3), (3,), (2,)), ((2, 3), (2, 3), (3,)),
                                           ((2, 3), (), (3,))])
def test_shapes_that_do_not_fit_are_named(x, gain, bias):
    with pytest.raises(ValueError, match="layer_norm: x is .*, gain is .*, bias is .*the size of x's last axis"):
        ops.layer_norm(np.ones(x), np.ones(gain), np.ones(bias))


@pytest.mark.parametrize("x", [(), (2, 0)])
def test_a_row_needs_a_channel(x):
    with pytest.raises(ValueError, match="layer_norm: x is .*at least one channel"):
        ops.layer_norm(np.ones(x), np.ones(x[-1:]), np.ones(x[-1:]))

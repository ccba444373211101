"""Shares of one, with and without a mask, against einsum and smaller ops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walk import close, cotangent, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor

from .layouts import arrays, shapes

with_axes = shapes.filter(lambda s: len(s))


def reference(x, keep, axis):
    """p and its Jacobian's product with dp, written out with einsum on the moved axis."""
    x, keep = np.moveaxis(x, axis, -1), np.moveaxis(np.broadcast_to(keep, x.shape), axis, -1)
    weights = np.where(keep, np.exp(np.where(keep, x, 0)), 0)
    total = weights.sum(-1, keepdims=True)
    p = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)

    def backward(dp):
        dp = np.moveaxis(dp, axis, -1)
        jacobian = np.einsum("...i,ij->...ij", p, np.eye(p.shape[-1])) - np.einsum("...i,...j->...ij", p, p)
        return np.moveaxis(np.einsum("...ij,...i->...j", jacobian, dp), -1, axis)

    return np.moveaxis(p, -1, axis), backward


@given(arrays(shape=with_axes), st.data())
def test_masked_softmax_equals_its_jacobian_written_out(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    keep = np.random.default_rng(data.draw(st.integers(0, 99))).random(x.shape) < data.draw(st.sampled_from([0, 0.5,
                                                                                                             1]))
    scores = np.where(keep, x, np.nan)                         # what is hidden has no influence, whatever it is
    leaf = Tensor(scores)
    out = ops.masked_softmax(leaf, keep=keep, axis=axis)
    p, backward = reference(x, keep, axis)
    close(out.data, p)
    out.backward(g := cotangent(out.shape))
    close(leaf.grad, backward(g))


@given(arrays(shape=with_axes), st.data())
def test_softmax_and_its_logarithm_agree(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    same_as_twin(lambda x: ops.exp(ops.log_softmax(x, axis=axis)), lambda x: ops.masked_softmax(x, axis=axis), x)
    if x.size:
        def twin(x):
            return x - ops.log(ops.exp(x).sum(axis=axis, keepdims=True))

        same_as_twin(lambda x: ops.log_softmax(x, axis=axis), twin, x)


@given(st.sampled_from([(4,), (3, 1), (1, 4), (2, 1, 1), (2, 3, 4), ()]), st.integers(0, 99))
def test_a_mask_that_stretches_is_the_stretched_mask(shape, seed):
    x = np.random.default_rng(1).normal(size=(2, 3, 4))
    keep = np.asarray(np.random.default_rng(seed).random(shape) < 0.5)
    same_as_twin(lambda x: ops.masked_softmax(x, keep=keep),
                 lambda x: ops.masked_softmax(x, keep=np.broadcast_to(keep, x.shape).copy()), x, tolerance=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fully_masked_rows_give_zeros_and_a_zero_gradient(dtype):
    x = Tensor(np.array([[np.nan, np.inf, -np.inf], [1, 2, 3]], dtype))
    keep = np.array([[False] * 3, [True] * 3])
    out = ops.masked_softmax(x, keep=keep)
    out.backward(cotangent((2, 3), dtype))
    assert (out.data[0] == 0).all() and (x.grad[0] == 0).all()
    assert np.isclose(out.data[1].sum(), 1) and (x.grad[1] != 0).all()


def test_nan_that_arrives_for_a_hidden_place_goes_no_further():
    """In attention the gradient of a hidden weight is dout times a hidden value, which may be anything."""
    x = Tensor([1.0, 2.0, 3.0])
    ops.masked_softmax(x, keep=np.array([True, True, False])).backward(np.array([0.3, -0.5, np.nan]))
    assert np.isfinite(x.grad).all() and x.grad[2] == 0 and x.grad[0] != 0


def test_what_is_hidden_moves_nothing_that_is_seen():
    keep = np.array([True, True, False])
    quiet, loud = (ops.masked_softmax(np.array([1.0, 2.0, v]), keep=keep).data for v in (0.0, 1e30))
    assert (quiet == loud).all() and quiet[2] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_minus_infinity_is_a_share_of_zero_and_huge_scores_do_not_overflow(dtype):
    x = Tensor(np.array([[-np.inf, 0, 1], [1e30, -1e30, 1e30]], dtype))
    p = ops.masked_softmax(x)
    np.testing.assert_allclose(p.data, [[0, 1 / (1 + np.e), np.e / (1 + np.e)], [0.5, 0, 0.5]], rtol=1e-6)
    p.backward(cotangent((2, 3), dtype))
    assert np.isfinite(x.grad).all() and x.grad[0, 0] == 0 and x.grad[1, 1] == 0
    x.grad = None
    log_p = ops.log_softmax(x)
    assert log_p.data[0, 0] == -np.inf and np.isfinite(log_p.data[0, 1:]).all()
    log_p.backward(cotangent((2, 3), dtype))
    assert np.isfinite(x.grad).all()


def test_a_cotangent_of_ones_would_hide_everything():
    """The reason for random cotangents: under ones the true gradient is zero."""
    x = Tensor(np.random.default_rng(0).normal(size=(3, 5)))
    ops.masked_softmax(x).backward(np.ones((3, 5)))
    assert np.abs(x.grad).max() < 1e-15


@pytest.mark.parametrize("op", [ops.masked_softmax, ops.log_softmax])
def test_an_axis_of_no_length_gives_nothing(op):
    x = Tensor(np.zeros((2, 0)))
    op(x).backward(np.zeros((2, 0)))
    assert x.grad.shape == (2, 0)
    with pytest.raises(ValueError, match=rf"{op.name}: x is \(2, 3\); axis 4 is out of bounds"):
        op(np.ones((2, 3)), axis=4)


def test_a_mask_must_be_boolean_and_fit():
    with pytest.raises(TypeError, match="masked_softmax: keep has dtype int64; it must be boolean, True = may be seen"):
        ops.masked_softmax(np.ones(3), keep=np.array([1, 0, 1]))
    with pytest.raises(ValueError, match=r"masked_softmax: x is \(2, 3\).*sides must be equal or 1"):
        ops.masked_softmax(np.ones((2, 3)), keep=np.ones((2, 4), bool))

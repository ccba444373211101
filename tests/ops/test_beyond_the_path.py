"""Ops that no paper of the path needs, over any shape and axes, against NumPy and against smaller ops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walk import close, cotangent, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor

from .layouts import arrays, shapes
from .test_reduce import axes

full = shapes.filter(lambda shape: 0 not in shape)


@given(st.data(), st.booleans())
def test_reductions_are_numpys_and_those_of_smaller_ops(data, keepdims):
    x = data.draw(arrays(shape=data.draw(full)))
    axis = data.draw(axes(x.ndim))
    how = {"axis": axis, "keepdims": keepdims}

    def var(x):
        centred = x - ops.mean(x, axis=axis, keepdims=True)
        return ops.mean(centred * centred, **how)

    for op, theirs in ((ops.min, np.min), (ops.var, np.var), (ops.prod, np.prod)):
        close(op(x, **how).data, theirs(x, **how), 1e-9)
    close(ops.std(x, **how).data, np.std(x, **how), 1e-7)
    close(ops.norm(x, **how).data, np.sqrt(np.sum(x * x, **how)))
    same_as_twin(lambda x: ops.min(x, **how), lambda x: -ops.max(-x, **how), x)
    same_as_twin(lambda x: ops.var(x, **how), var, x, tolerance=1e-9)


@given(st.data(), st.booleans())
def test_roots_away_from_their_corner_and_products_without_a_zero(data, keepdims):
    x = data.draw(arrays(shape=data.draw(full), low=0.5, high=2))
    how = {"axis": data.draw(axes(x.ndim)), "keepdims": keepdims}
    same_as_twin(lambda x: ops.norm(x, **how), lambda x: ops.sqrt(ops.sum(x * x, **how)), x)
    same_as_twin(lambda x: ops.prod(x, **how), lambda x: ops.exp(ops.sum(ops.log(x), **how)), x, tolerance=1e-9)
    x = x + np.arange(x.size).reshape(x.shape)                 # no two alike
    if np.all(np.var(x, **how) > 0):
        same_as_twin(lambda x: ops.std(x, **how), lambda x: ops.sqrt(ops.var(x, **how)), x, tolerance=1e-8)


@given(st.data())
def test_a_product_with_zeros_has_the_slopes_of_the_products_without_each(data):
    x = np.round(data.draw(arrays(shape=(3, 4))))              # whole numbers, so that zeros are common
    leaf = Tensor(x)
    ops.prod(leaf, axis=1).backward(g := cotangent((3,)))
    others = np.array([[np.prod(np.delete(row, i)) for i in range(4)] for row in x])
    close(leaf.grad, g[:, None] * others)


@given(st.data())
def test_along_one_axis(data):
    x = data.draw(arrays(shape=data.draw(full.filter(lambda shape: shape))))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    close(ops.cumsum(x, axis=axis).data, np.cumsum(x, axis))
    close(ops.cumsum(x).data, np.cumsum(x))
    lower = np.tril(np.ones((x.shape[axis],) * 2))
    same_as_twin(lambda x: ops.cumsum(x, axis=axis), lambda x: ops.swapaxes(ops.matmul(ops.swapaxes(
        x, first=axis, second=-1)[..., None, :], lower.T)[..., 0, :], first=axis, second=-1), x)
    x = x + np.where(x < 0, -0.5, 0.5)                         # none of length 0
    same_as_twin(lambda x: ops.normalize(x, axis=axis), lambda x: x / ops.norm(x, axis=axis, keepdims=True), x)


@given(st.data())
def test_corners_and_copies(data):
    a, b = (data.draw(arrays(shape=shape)) for shape in ((3, 1), (2, 1, 4)))
    close(ops.maximum(a, b).data, np.maximum(a, b), 0)
    close(ops.minimum(a, b).data, np.minimum(a, b), 0)
    same_as_twin(lambda a, b: ops.maximum(a, b) + ops.minimum(a, b), lambda a, b: a + b, a, b)
    close(ops.clip(b, min=-0.5, max=0.25).data, np.clip(b, -0.5, 0.25), 0)
    close(ops.abs(b).data, np.abs(b), 0)
    same_as_twin(lambda a: ops.broadcast_to(a, shape=(2, 3, 4)), lambda a: a + np.zeros((2, 3, 4)), a)
    axis = data.draw(st.integers(-4, 3))
    close(ops.stack(b, b + 1, axis=axis).data, np.stack([b, b + 1], axis), 0)
    same_as_twin(lambda b: ops.stack([b, b * 2], axis=axis), lambda b: ops.concatenate(
        ops.unsqueeze(b, axis), ops.unsqueeze(b * 2, axis), axis=axis), b)


def test_an_empty_axis():
    empty = Tensor(np.zeros((0, 3)))
    assert ops.prod(empty).item() == 1 and ops.norm(empty).item() == 0 and ops.min(empty, axis=1).shape == (0,)
    assert ops.cumsum(empty, axis=0).shape == (0, 3) and ops.var(empty, axis=1).shape == (0,)
    for op in (ops.var, ops.std, ops.min):
        with pytest.raises(ValueError, match=rf"{op.name}: x is \(0, 3\)"):
            op(empty)


@pytest.mark.parametrize("op", [ops.min, ops.prod, ops.var, ops.std, ops.norm, ops.cumsum, ops.normalize])
def test_axes_that_are_not_there_are_named(op):
    with pytest.raises(ValueError, match=rf"{op.name}: x is \(2, 3\); axis 2 is out of bounds"):
        op(np.ones((2, 3)), axis=2)

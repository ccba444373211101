"""Sums, means and maxima over any axes, against NumPy and against counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walk import close, cotangent

from tinyformer import ops
from tinyformer.engine import REGISTRY, Tensor

from .layouts import arrays, shapes


@st.composite
def axes(draw, ndim: int):
    """None, one axis or several, counted from either end."""
    if not ndim:
        return draw(st.sampled_from([None, ()]))
    chosen = draw(st.lists(st.integers(0, ndim - 1), unique=True))
    chosen = tuple(a - draw(st.sampled_from([0, ndim])) for a in chosen)
    return draw(st.sampled_from([None, chosen, *chosen[:1]]))


@given(st.data(), st.booleans())
def test_sum_and_mean(data, keepdims):
    x = data.draw(arrays())
    axis = data.draw(axes(x.ndim))
    for op in (ops.sum, ops.mean):
        leaf = Tensor(x)
        out = op(leaf, axis=axis, keepdims=keepdims)
        total = np.asarray(x.sum(axis=axis, keepdims=True))
        terms = x.size // max(total.size, 1) if op is ops.mean else 1
        close(out.data, x.sum(axis=axis, keepdims=keepdims) / max(terms, 1))
        out.backward(g := cotangent(out.shape))
        close(leaf.grad, np.broadcast_to(g.reshape(total.shape) / max(terms, 1), x.shape))


@given(st.data(), st.booleans())
def test_max_shares_among_equals(data, keepdims):
    shape = data.draw(shapes.filter(lambda s: 0 not in s))
    x = np.round(data.draw(arrays(shape=shape)))               # whole numbers, so that ties are common
    axis = data.draw(axes(x.ndim))
    leaf = Tensor(x)
    out = ops.max(leaf, axis=axis, keepdims=keepdims)
    close(out.data, x.max(axis=axis, keepdims=keepdims), 0)
    out.backward(g := cotangent(out.shape))
    hit = x == x.max(axis=axis, keepdims=True)
    close(leaf.grad, hit / hit.sum(axis=axis, keepdims=True) * g.reshape(x.max(axis=axis, keepdims=True).shape), 1e-14)


def test_an_empty_axis():
    x = Tensor(np.zeros((0, 3)))
    assert ops.sum(x).item() == ops.mean(x).item() == 0        # nothing counts: 0, as for the losses, not NaN
    assert ops.max(x, axis=1).shape == (0,)
    with pytest.raises(ValueError, match=r"max: x is \(0, 3\); zero-size array"):
        ops.max(x, axis=0)


@pytest.mark.parametrize("op", [ops.sum, ops.mean, ops.max])
def test_axes_that_are_not_there_are_named(op):
    with pytest.raises(ValueError, match=rf"{op.name}: x is \(2, 3\); axis 2 is out of bounds"):
        op(np.ones((2, 3)), axis=2)
    with pytest.raises(ValueError, match=rf"{op.name}: x is \(2, 3\); duplicate value in 'axis'"):
        op(np.ones((2, 3)), axis=(1, -1))


@pytest.mark.parametrize("axis", [0, -1, None, ()])
@pytest.mark.parametrize("name", [name for name in ops.every() if "keepdims" in REGISTRY[name].constants])
def test_a_number_alone_has_no_axis_and_yet_may_be_asked_along_one(name, axis):
    """As NumPy has it: the number itself comes back, or what is made of it, and the gradient has its shape."""
    x = Tensor(np.asarray(2.0))
    out = REGISTRY[name](x, axis=axis)
    out.backward()
    assert out.shape == () and x.grad.shape == ()
    assert x.grad == (0 if name in ("var", "std") else 1)

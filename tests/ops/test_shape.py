"""Where does each number go, and does its gradient find the way back?  Checked by counting places."""

import numpy as np
import pytest
from fake_device import xp as fake
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import basic_indices, integer_array_indices
from walk import close, cotangent

from tinyformer import ops
from tinyformer.engine import Tensor

from .layouts import arrays, shapes


def follows(op, x, **constants):
    """The op moves numbers as it moves their places, and a gradient returns to each place as often as it was used."""
    places = op(np.arange(float(x.size)).reshape(x.shape), **constants).data.astype(int)
    leaf = Tensor(x)
    out = op(leaf, **constants)
    assert np.array_equal(out.data, x.reshape(-1)[places]) if x.size else out.shape == places.shape
    out.backward(g := cotangent(out.shape))
    close(leaf.grad, np.bincount(places.ravel(), g.ravel(), minlength=x.size).reshape(x.shape), 1e-14)


@given(arrays(), st.data())
def test_reshape_transpose_and_swapaxes(x, data):
    follows(ops.reshape, x, shape=data.draw(st.sampled_from([(x.size,), (1, x.size), (x.size, 1, 1)])))
    follows(ops.transpose, x)
    axes = tuple(a - data.draw(st.sampled_from([0, x.ndim])) for a in data.draw(st.permutations(range(x.ndim))))
    follows(ops.transpose, x, axes=axes)
    assert (ops.transpose(x, axes=axes).data == x.transpose(axes)).all()
    if x.ndim:
        first, second = data.draw(st.lists(st.integers(-x.ndim, x.ndim - 1), min_size=2, max_size=2))
        follows(ops.swapaxes, x, first=first, second=second)


@given(arrays(), st.data())
def test_basic_indexing(x, data):
    index = data.draw(basic_indices(x.shape, allow_newaxis=True))
    assert np.array_equal(ops.getitem(x, index=index).data, x[index])
    follows(ops.getitem, x, index=index)


@given(st.data())
def test_indexing_by_arrays_with_repeats_and_from_the_end(data):
    x = data.draw(arrays(shape=shapes.filter(lambda s: len(s) and 0 not in s)))
    index = data.draw(integer_array_indices(x.shape))
    assert np.array_equal(ops.getitem(x, index=index).data, x[index])
    follows(ops.getitem, x, index=index)


@given(arrays(), st.data())
def test_indexing_by_a_mask(x, data):
    mask = np.random.default_rng(data.draw(st.integers(0, 99))).random(x.shape) < 0.5
    follows(ops.getitem, x, index=mask)


@pytest.mark.parametrize("index", [[0, 2, 2], np.int64(1), (slice(None), [1, 1]),
                                   (np.array([[0], [1]]), np.array([0, 1])), []])
def test_indexing_by_lists_and_numpy_integers(index):
    follows(ops.getitem, np.arange(12.0).reshape(4, 3), index=index)


@pytest.mark.parametrize("device", ["cpu", "fake"])
@pytest.mark.parametrize("index", [4, np.array([0, 4]), np.array([-5]), [4], (slice(None), np.array([3]))])
def test_a_place_outside_is_an_error_on_every_device(index, device):
    """A GPU would wrap an index array round to another place in silence."""
    with pytest.raises(IndexError, match=r"getitem: x is \(4, 3\); index .* is out of bounds for axis"):
        Tensor(np.zeros((4, 3))).to(device)[index]


def test_index_arrays_may_live_on_the_device():
    x = Tensor(np.arange(4.0)).to("fake")
    x[fake.asarray([1, 1])].sum().backward()
    assert Tensor(x.grad).to("cpu").data.tolist() == [0, 2, 0, 0]


@given(st.data())
def test_concatenate_takes_apart_what_it_put_together(data):
    shape = data.draw(shapes.filter(lambda s: len(s)))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    parts = []
    for _ in range(data.draw(st.integers(1, 3))):
        side = list(shape)
        side[axis] = data.draw(st.integers(0, 3))
        parts.append(data.draw(arrays(shape=tuple(side))))
    leaves = [Tensor(p) for p in parts]
    out = ops.concatenate(*leaves, axis=axis)
    assert np.array_equal(out.data, np.concatenate(parts, axis))
    out.backward(g := cotangent(out.shape))
    pieces = np.split(g, np.cumsum([p.shape[axis] for p in parts])[:-1], axis)
    for x, piece in zip(leaves, pieces, strict=True):
        assert np.array_equal(x.grad, piece)


@given(arrays(shape=(2, 1, 3)), arrays(shape=(4, 1)), st.integers(0, 99))
def test_where_takes_from_one_and_never_from_the_other(a, b, seed):
    keep = np.random.default_rng(seed).random((2, 4, 3)) < 0.5
    leaves = Tensor(a), Tensor(b)
    out = ops.where(*leaves, keep=keep)
    assert np.array_equal(out.data, np.where(keep, a, b))
    out.backward(g := cotangent(out.shape))
    close(leaves[0].grad, np.where(keep, g, 0).sum(1, keepdims=True), 1e-14)
    close(leaves[1].grad, np.where(keep, 0, g).sum((0, 2))[:, None], 1e-14)


def test_nan_on_the_side_not_taken_stays_there():
    a, b = Tensor([1.0, np.nan]), Tensor([np.nan, 2.0])
    out = ops.where(a, b, keep=np.array([True, False]))
    out.sum().backward()
    assert out.data.tolist() == [1, 2] and a.grad.tolist() == [1, 0] and b.grad.tolist() == [0, 1]


@pytest.mark.parametrize("call, error, message", [
    (lambda x: x.reshape(4, 2), ValueError, r"reshape: x is \(2, 3\); cannot reshape"),
    (lambda x: x.transpose(0, 0), ValueError,
     r"transpose: x is \(2, 3\), axes are \(0, 0\); they must name each of the 2"),
    (lambda x: x.transpose(0), ValueError, r"transpose: x is \(2, 3\), axes are \(0,\)"),
    (lambda x: x.transpose(2, 1), ValueError, r"transpose: x is \(2, 3\), axes are \(2, 1\)"),
    (lambda x: x[0, 0].transpose(0), ValueError, r"transpose: x is \(\), axes are \(0,\)"),
    (lambda x: x.swapaxes(0, 5), ValueError, r"swapaxes: x is \(2, 3\); axis2: axis 5 is out of bounds"),
    (lambda x: x[0, 0, 0], IndexError, r"getitem: x is \(2, 3\); too many indices"),
    (lambda x: x[0.5], IndexError, r"getitem: x is \(2, 3\); only integers"),
    (lambda x: ops.concatenate(x, x[0]), ValueError,
     r"concatenate: input 0 is \(2, 3\), input 1 is \(3,\); all the input"),
    (lambda x: ops.concatenate(x, x, axis=2), ValueError,
     r"concatenate: input 0 is \(2, 3\), .*axis 2 is out of bounds"),
    (lambda x: ops.concatenate(), ValueError, "concatenate: no arrays are given"),
    (lambda x: ops.where(x, x, keep=np.ones(2, bool)), ValueError,
     r"where: a is \(2, 3\), b is \(2, 3\), keep is \(2,\); sides"),
    (lambda x: ops.where(x, x, keep=np.ones(3)), TypeError, "where: keep has dtype float64; it must be boolean"),
    (lambda x: ops.where(x, x, keep=None), TypeError, "where: keep has dtype object; it must be boolean"),
])
def test_errors_name_op_shapes_and_rule(call, error, message):
    with pytest.raises(error, match=message):
        call(Tensor(np.zeros((2, 3))))

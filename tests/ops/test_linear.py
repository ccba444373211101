"""Matrix products and word tables against einsum and one-hot rows."""

import numpy as np
import pytest
from fake_device import xp as fake
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from walk import close, cotangent, same_as_twin

from tinyformer import REGISTRY, ops
from tinyformer.engine import Tensor
from tinyformer.gradcheck import check_op
from tinyformer.ops import linear

from .layouts import arrays, shapes


@given(mutually_broadcastable_shapes(signature="(t,c),(c,s)->(t,s)", max_dims=2, min_side=0, max_side=3), st.data())
def test_matmul_equals_einsum(drawn, data):
    a, b = (Tensor(data.draw(arrays(shape=s))) for s in drawn.input_shapes)
    out = ops.matmul(a, b)
    close(out.data, np.einsum("...tc,...cs->...ts", a.data, b.data))
    out.backward(g := cotangent(out.shape))
    da = np.einsum("...ts,...cs->...tc", g, b.data)
    db = np.einsum("...tc,...ts->...cs", a.data, g)
    for x, grad in ((a, da), (b, db)):
        lead = grad.ndim - x.ndim
        stretched = tuple(lead + i for i, n in enumerate(x.shape) if n == 1 and grad.shape[lead + i] != 1)
        close(x.grad, grad.sum(tuple(range(lead)) + stretched).reshape(x.shape))


@given(shapes.filter(lambda s: len(s)), st.integers(0, 4), st.booleans(), st.data())
def test_affine_equals_einsum(shape, size, with_bias, data):
    x, w = Tensor(data.draw(arrays(shape=shape))), Tensor(data.draw(arrays(shape=(size, shape[-1]))))
    b = Tensor(data.draw(arrays(shape=(size,))))
    out = ops.affine(x, w, b) if with_bias else ops.affine(x, w)
    close(out.data, np.einsum("...i,oi->...o", x.data, w.data) + (b.data if with_bias else 0))
    out.backward(g := cotangent(out.shape))
    close(x.grad, np.einsum("...o,oi->...i", g, w.data))
    positions = tuple(range(x.ndim - 1))
    close(w.grad, np.einsum("...o,...i->...oi", g, x.data).sum(positions))
    if with_bias:
        close(b.grad, g.sum(positions))


@given(arrays(shape=(2, 3, 4)), arrays(shape=(5, 4)), arrays(shape=(5,)))
def test_affine_equals_smaller_ops(x, w, b):
    same_as_twin(ops.affine, lambda x, w, b: ops.matmul(x, w.T) + b, x, w, b)


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("count", [0, 1, 2, linear.FEW, linear.FEW + 1])
def test_a_few_rows_times_a_large_weight(count, dtype, tolerance):
    rng = np.random.default_rng(count)
    rows, weight = (rng.normal(size=shape).astype(dtype) for shape in ((count, 512), (513, 512)))
    out = ops.affine(rows, weight).data
    assert weight.size >= linear.LARGE and out.dtype == dtype and out.flags.c_contiguous
    np.testing.assert_allclose(out, np.einsum("ni,oi->no", rows, weight), rtol=0, atol=tolerance * 512**0.5)


@pytest.mark.parametrize("name", ["affine", "affine_gelu"])
def test_the_way_of_few_rows_passes_every_check(name, monkeypatch):
    monkeypatch.setattr(linear, "LARGE", 0)
    assert check_op(REGISTRY[name]).ok


@given(shapes.filter(lambda s: len(s) < 4), st.integers(1, 4), st.integers(0, 4), st.integers(0, 99),
       st.sampled_from(["int64", "int32", "int16", "uint8", "uint16"]))
def test_embedding_equals_one_hot_rows(shape, vocabulary, width, seed, dtype):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, vocabulary, size=shape).astype(dtype)
    w = Tensor(rng.normal(size=(vocabulary, width)))
    out = ops.embedding(w, ids=ids)
    one_hot = np.eye(vocabulary)[ids]
    close(out.data, np.einsum("...v,vc->...c", one_hot, w.data))
    out.backward(g := cotangent(out.shape))
    close(w.grad, np.einsum("...v,...c->...vc", one_hot, g).sum(tuple(range(ids.ndim))))


def test_ids_of_one_byte_do_not_overflow_in_a_wide_table():
    """200 * 300 fits no byte: the place of a row must be computed in wider numbers."""
    for dtype in (np.uint8, np.int16, np.int64):
        w = Tensor(np.zeros((256, 300)))
        ops.embedding(w, ids=np.array([200, 200, 3], dtype)).backward(np.ones((3, 300)))
        assert (w.grad.sum(1) == np.bincount([200, 200, 3], minlength=256) * 300).all()


def test_ids_may_be_a_number_a_list_or_nothing():
    w = np.arange(6.0).reshape(3, 2)
    assert ops.embedding(w, ids=2).data.tolist() == [4, 5]
    assert ops.embedding(w, ids=[[0], [1]]).shape == (2, 1, 2)
    assert ops.embedding(w, ids=[]).shape == (0, 2)


@pytest.mark.parametrize("device", ["cpu", "fake"])
@pytest.mark.parametrize("ids, seen", [([0, 3], 3), ([-1], -1), (np.array([[2, 9]]), 9), (fake.asarray([1, 7]), 7)])
def test_ids_outside_the_table_are_an_error_on_every_device(ids, seen, device):
    with pytest.raises(IndexError, match=rf"embedding: id {seen} is out of range; 3 rows allow 0 to 2"):
        ops.embedding(Tensor(np.ones((3, 2))).to(device), ids=ids)


@pytest.mark.parametrize("call, error, message", [
    (lambda: ops.matmul(np.ones((2, 3, 4)), np.ones((5, 6))), ValueError,
     r"matmul: a is \(2, 3, 4\), b is \(5, 6\); a's last axis \(4\) must equal b's second-last \(5\)"),
    (lambda: ops.matmul(np.ones(4), np.ones((4, 2))), ValueError,
     r"matmul: a is \(4,\), .*both need two axes or more, reshape"),
    (lambda: ops.matmul(np.ones((2, 3, 4)), np.ones((3, 4, 6))), ValueError,
     r"matmul: a is \(2, 3, 4\), b is \(3, 4, 6\); sides must be equal or 1"),
    (lambda: ops.affine(np.ones((2, 3)), np.ones((4, 5)), np.ones(4)), ValueError,
     r"affine: x is \(2, 3\), weight is \(4, 5\), bias is \(4,\); for x \(..., I\) they must be \(O, I\) and \(O,\)"),
    (lambda: ops.affine(np.ones((2, 3)), np.ones((4, 3)), np.ones(3)), ValueError, r"affine: .*bias is \(3,\)"),
    (lambda: ops.affine(np.ones(3), np.ones(3)), ValueError, r"affine: x is \(3,\), weight is \(3,\), bias is None"),
    (lambda: ops.affine(np.ones(()), np.ones((1, 1))), ValueError, r"affine: x is \(\)"),
    (lambda: ops.embedding(np.ones((3, 2)), ids=[1.0]), TypeError,
     "embedding: ids have dtype float64; they must be whole"),
    (lambda: ops.embedding(np.ones((3, 2)), ids=[True]), TypeError,
     "embedding: ids have dtype bool; they must be whole"),
    (lambda: ops.embedding(np.ones(3), ids=[1]), ValueError, r"embedding: weight is \(3,\); it must be \(V, C\)"),
    (lambda: ops.embedding(np.ones((3, 2, 2)), ids=[1]), ValueError, r"embedding: weight is \(3, 2, 2\)"),
])
def test_errors_name_op_shapes_and_rule(call, error, message):
    with pytest.raises(error, match=message):
        call()

"""Both attentions against smaller ops, against einsum, and against what nobody may see."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walk import close, cotangent, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor

from .layouts import arrays


def twin(keep=None, causal=False):
    """softmax(q kᵀ / sqrt(D)) v from matmul, masked_softmax and matmul, with the mask written out."""
    def attention(query, key, value):
        scores = ops.matmul(query, key.swapaxes(-1, -2)) * (1 / math.sqrt(query.shape[-1]))
        queries, keys = scores.shape[-2:]
        seen = np.ones(scores.shape, bool) if keep is None else np.broadcast_to(keep, scores.shape)
        if causal:
            t, s = np.arange(queries)[:, None], np.arange(keys)
            seen = seen & (s <= t + keys - queries)
        return ops.matmul(ops.masked_softmax(scores, keep=seen), value)
    return attention


def heads_twin(heads, keep=None, causal=False):
    def self_attention(packed):
        batch, length, width = packed.shape[0], packed.shape[1], packed.shape[2] // 3
        split = packed.reshape(batch, length, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)     # (3, B, H, T, D)
        mixed = twin(keep, causal)(split[0], split[1], split[2])
        return mixed.transpose(0, 2, 1, 3).reshape(batch, length, width)
    return self_attention


leading = st.sampled_from([(), (2,), (1,), (2, 3), (0,), (2, 1, 2)])


@given(leading, st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.booleans(),
       st.sampled_from([None, 0.0, 0.6]), st.data())
def test_attention_equals_smaller_ops(lead, queries, keys, size, width, causal, density, data):
    keep = None
    if density is not None:                                    # at density 0 nobody may look anywhere
        keep = np.random.default_rng(data.draw(st.integers(0, 99))).random((queries, keys)) < density
    q, k, v = (data.draw(arrays(shape=(*lead, *s))) for s in ((queries, size), (keys, size), (keys, width)))
    same_as_twin(lambda *x: ops.attention(*x, keep=keep, causal=causal), twin(keep, causal), q, k, v)


def test_attention_equals_einsum():
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(2, 3, 6, 7))
    weights = np.exp(np.einsum("bhtd,bhsd->bhts", q, k) / math.sqrt(5))
    p = weights / weights.sum(-1, keepdims=True)
    leaves = [Tensor(a) for a in (q, k, v)]
    out = ops.attention(*leaves)
    close(out.data, np.einsum("bhts,bhse->bhte", p, v))
    out.backward(g := cotangent(out.shape))
    dp = np.einsum("bhte,bhse->bhts", g, v)
    ds = p * (dp - np.einsum("bhts,bhts->bht", p, dp)[..., None]) / math.sqrt(5)
    close(leaves[0].grad, np.einsum("bhts,bhsd->bhtd", ds, k))
    close(leaves[1].grad, np.einsum("bhts,bhtd->bhsd", ds, q))
    close(leaves[2].grad, np.einsum("bhts,bhte->bhse", p, g))


def test_keys_shared_by_all_sequences_broadcast():
    rng = np.random.default_rng(0)
    same_as_twin(ops.attention, twin(), rng.normal(size=(2, 3, 4)), rng.normal(size=(1, 5, 4)), rng.normal(size=(5, 2)))


@given(st.integers(0, 3), st.integers(1, 4), st.sampled_from([1, 2, 3]), st.integers(1, 2), st.booleans(),
       st.sampled_from([None, "padding", "any", "nothing"]), st.data())
def test_self_attention_equals_smaller_ops(batch, length, heads, size, causal, mask, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    keep = {None: None, "padding": np.arange(length) < rng.integers(0, length + 1, size=(batch, 1, 1, 1)),
            "any": rng.random((batch, heads, length, length)) < 0.5, "nothing": np.zeros((1, 1, 1, length), bool)}[mask]
    packed = data.draw(arrays(shape=(batch, length, 3 * heads * size)))
    same_as_twin(lambda x: ops.self_attention(x, heads=heads, keep=keep, causal=causal),
                 heads_twin(heads, keep, causal), packed)


@pytest.mark.parametrize("batch, heads, length", [(5, 2, 100), (3, 1, 300)])
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-10), (np.float32, 1e-5)])
def test_self_attention_of_long_sequences(batch, heads, length, dtype, tolerance):
    """Each sequence must find its own mask and weights."""
    rng = np.random.default_rng(0)
    keep = np.arange(length) < rng.integers(1, length, size=(batch, 1, 1, 1))
    packed = rng.normal(size=(batch, length, 3 * heads * 4)).astype(dtype)
    same_as_twin(lambda x: ops.self_attention(x, heads=heads, keep=keep), heads_twin(heads, keep), packed,
                 tolerance=tolerance)


@pytest.mark.parametrize("keep_shape", [(1, 1, 1, 4), (1, 1, 4, 4), (3, 1, 1, 4), (1, 2, 4, 4), (3, 2, 1, 4),
                                        (3, 1, 4, 1)])
def test_masks_of_every_shape_that_stretches(keep_shape):
    rng = np.random.default_rng(1)
    keep = rng.random(keep_shape) < 0.6
    same_as_twin(lambda x: ops.self_attention(x, heads=2, keep=keep), heads_twin(2, keep), rng.normal(size=(3, 4, 12)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_on_the_weights_is_one_mask_forward_and_backward(dtype):
    """With value = identity the output is the weights themselves, so that the mask can be read off and put by hand."""
    rng = np.random.default_rng(0)
    q, k = (rng.normal(size=(2, 6, 4)).astype(dtype) for _ in range(2))
    eye = np.broadcast_to(np.eye(6, dtype=dtype), (2, 6, 6)).copy()
    p = ops.attention(q, k, eye).data
    dropped = ops.attention(q, k, eye, rate=0.4, rng=np.random.default_rng(3)).data
    kept = dropped / p                                         # 0 or 1 / (1 - rate)
    assert 0 < (kept == 0).mean() < 1 and np.allclose(kept[kept != 0], 1 / 0.6, rtol=1e-4)
    v = rng.normal(size=(2, 6, 3)).astype(dtype)

    def by_hand(q, k, v):
        scores = ops.matmul(q, k.swapaxes(-1, -2)) * 0.5
        return ops.matmul(ops.masked_softmax(scores) * kept.astype(dtype), v)

    same_as_twin(lambda *x: ops.attention(*x, rate=0.4, rng=np.random.default_rng(3)), by_hand, q, k, v,
                 tolerance=1e-10 if dtype is np.float64 else 1e-5)


def test_both_attentions_drop_alike():
    """One head, one state of the generator: the same weights are dropped."""
    packed = np.random.default_rng(0).normal(size=(2, 5, 12))

    def parts(x):
        split = x.reshape(2, 5, 3, 4)
        return ops.attention(split[:, :, 0], split[:, :, 1], split[:, :, 2], rate=0.3, rng=np.random.default_rng(1))

    same_as_twin(lambda x: ops.self_attention(x, heads=1, rate=0.3, rng=np.random.default_rng(1)), parts, packed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_queries_that_may_look_nowhere_give_zeros_and_a_zero_gradient(dtype):
    rng = np.random.default_rng(0)
    q, k, v = (Tensor(rng.normal(size=(3, 4)).astype(dtype)) for _ in range(3))
    keep = np.array([[False] * 3, [True, False, False], [True] * 3])
    out = ops.attention(q, k, v, keep=keep)
    out.backward(cotangent((3, 4), dtype))
    assert (out.data[0] == 0).all() and (q.grad[0] == 0).all()
    assert np.allclose(out.data[1], v.data[0])
    assert all(np.isfinite(x.grad).all() for x in (q, k, v))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nobody_sees_the_future_or_the_padding_bit_for_bit(dtype):
    packed = np.random.default_rng(0).normal(size=(2, 6, 24)).astype(dtype)
    changed = packed.copy()
    changed[:, 4:] = 1e4
    keep = (np.arange(6) < 4)[None, None, None]
    for how in ({"causal": True}, {"keep": keep}, {"causal": True, "keep": keep}):
        a, b = (ops.self_attention(x, heads=2, **how).data for x in (packed, changed))
        assert (a[:, :4] == b[:, :4]).all()


def test_huge_scores_do_not_overflow():
    packed = Tensor(np.random.default_rng(0).normal(size=(1, 3, 6)).astype(np.float32) * 1e10)
    out = ops.self_attention(packed, heads=1)
    out.backward(cotangent(out.shape, np.float32))
    assert np.isfinite(out.data).all() and np.isfinite(packed.grad).all()


def test_no_sequences_give_nothing():
    packed = Tensor(np.zeros((0, 3, 12)))
    ops.self_attention(packed, heads=2, causal=True).backward(np.zeros((0, 3, 4)))
    assert packed.grad.shape == (0, 3, 12)


def test_no_keys_give_zeros():
    q, k, v = Tensor(np.ones((2, 3, 4))), Tensor(np.ones((2, 0, 4))), Tensor(np.ones((2, 0, 5)))
    out = ops.attention(q, k, v)
    out.backward(cotangent((2, 3, 5)))
    assert (out.data == 0).all() and (q.grad == 0).all() and k.grad.shape == (2, 0, 4)


@pytest.mark.parametrize("call, error, message", [
    (lambda: ops.attention(np.ones((2, 3)), np.ones((4, 2)), np.ones((4, 2))), ValueError,
     r"attention: query is \(2, 3\), key is \(4, 2\), value is \(4, 2\); they must be \(..., T, D\)"),
    (lambda: ops.attention(np.ones((2, 3)), np.ones((4, 3)), np.ones((5, 3))), ValueError,
     r"attention: .*value is \(5, 3\)"),
    (lambda: ops.attention(np.ones((2, 2, 3)), np.ones((3, 4, 3)), np.ones((3, 4, 3))), ValueError,
     r"attention: query is \(2, 2, 3\), key is \(3, 4, 3\).*sides must be equal or 1"),
    (lambda: ops.attention(*np.ones((3, 2, 3)), keep=np.ones((2, 2), int)), TypeError,
     "keep has dtype int64; it must be boolean"),
    (lambda: ops.attention(*np.ones((3, 2, 3)), keep=np.ones((3, 3), bool)), ValueError,
     r"attention: .*sides must be equal or 1"),
    (lambda: ops.attention(*np.ones((3, 2, 3)), rate=1.0, rng=np.random.default_rng(0)), ValueError,
     "the rate is 1.0; it must"),
    (lambda: ops.self_attention(np.ones((1, 2, 6)), heads=4), ValueError,
     r"self_attention: packed is \(1, 2, 6\), heads is 4; it must be \(B, T, 3C\)"),
    (lambda: ops.self_attention(np.ones((2, 6)), heads=1), ValueError,
     r"self_attention: packed is \(2, 6\), heads is 1"),
    (lambda: ops.self_attention(np.ones((2, 3, 6)), heads=1, keep=np.ones((2, 3), bool)), ValueError,
     r"self_attention: keep is \(2, 3\).*a mask of real positions \(B, T\) goes in as \(B, 1, 1, T\)"),
    (lambda: ops.self_attention(np.ones((2, 3, 6)), heads=1, keep=np.ones((2, 1, 1, 3))), TypeError,
     "keep has dtype float64"),
])
def test_errors_name_op_shapes_and_rule(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("bad", [np.nan, 1e200])
def test_scores_of_hidden_keys_have_no_influence(bad):
    """Neither NaN nor an overflow in a hidden key changes what the others see."""
    packed = np.random.default_rng(0).normal(size=(1, 3, 6))
    keep = np.array([True, True, False])[None, None, None]
    clean = ops.self_attention(packed, heads=1, keep=keep).data
    packed[0, 2, 2:4] = bad
    with np.errstate(all="ignore"):
        close(ops.self_attention(packed, heads=1, keep=keep).data[:, :2], clean[:, :2], 1e-12)

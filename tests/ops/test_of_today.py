"""The ops that GPTs of today and T5 are made of, against smaller ops, and what each of them promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from walk import close, cotangent, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor

from .layouts import arrays


@given(arrays(shape=array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)), st.sampled_from([1e-6, 0.3]),
       st.data())
def test_rms_norm_equals_smaller_ops(x, eps, data):
    x = x + np.where(x < 0, -0.5, 0.5)                         # at zeros eps alone would decide
    gain = data.draw(arrays(shape=x.shape[-1:]))
    same_as_twin(lambda x, gain: ops.rms_norm(x, gain, eps=eps),
                 lambda x, gain: x / ((x * x).mean(axis=-1, keepdims=True) + eps) ** 0.5 * gain, x, gain,
                 tolerance=1e-9)


def test_rms_norm_cannot_tell_how_x_was_scaled():
    x = Tensor(np.random.default_rng(0).normal(size=(5, 8)))
    ops.rms_norm(x, np.linspace(1, 2, 8), eps=0).backward(cotangent((5, 8)))
    assert np.abs((x.grad * x.data).sum(-1)).max() < 1e-13 and np.abs(x.grad.sum(-1)).max() > 0.1
    close(ops.rms_norm(x.data * 7, np.ones(8), eps=0).data, ops.rms_norm(x.data, np.ones(8), eps=0).data, 1e-13)


@given(arrays(shape=array_shapes(min_dims=0, max_dims=3, max_side=4)), st.data())
def test_gates_equal_smaller_ops(x, data):
    up = data.draw(arrays(shape=x.shape))
    same_as_twin(ops.silu, lambda x: x * x.sigmoid(), x)
    same_as_twin(ops.swiglu, lambda gate, up: gate * gate.sigmoid() * up, x, up)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.data())
def test_rotary_equals_smaller_ops(heads, length, pairs, data):
    x = data.draw(arrays(shape=(heads, length, 2 * pairs)))
    places = np.array(data.draw(st.lists(st.integers(0, 500), min_size=length, max_size=length)))
    angles = places[:, None] * 10_000.0 ** (-np.arange(pairs) / pairs)
    cos, sin = np.cos(angles), np.sin(angles)

    def twin(x):
        first, second = x[..., :pairs], x[..., pairs:]
        return ops.concatenate(first * cos - second * sin, second * cos + first * sin, axis=-1)

    same_as_twin(lambda x: ops.rotary(x, places=places), twin, x)


def test_a_product_of_turned_vectors_knows_their_distance_alone():
    rng = np.random.default_rng(0)
    query, key = rng.normal(size=(2, 1, 6))

    def product(at, other):
        turned = [ops.rotary(x, places=np.array([place])).data for x, place in ((query, at), (key, other))]
        return float((turned[0] * turned[1]).sum())

    assert product(3, 10) == pytest.approx(product(103, 110), abs=1e-12) != pytest.approx(product(3, 11))
    length = np.linalg.norm(ops.rotary(query, places=np.array([77])).data)
    assert length == pytest.approx(np.linalg.norm(query), abs=1e-12)


@given(st.sampled_from([(), (2,), (2, 3)]), st.integers(1, 4), st.integers(1, 4), st.booleans(), st.booleans(),
       st.data())
def test_attention_with_a_bias_equals_smaller_ops(lead, queries, keys, causal, shared, data):
    """The bias of every pair of places may be one for all sequences."""
    q, k, v = (data.draw(arrays(shape=(*lead, *s))) for s in ((queries, 3), (keys, 3), (keys, 2)))
    bias = data.draw(arrays(shape=(queries, keys) if shared else (*lead, queries, keys)))
    seen = np.arange(keys) <= np.arange(queries)[:, None] + keys - queries if causal else np.ones((queries, keys), bool)

    def twin(query, key, value, bias):
        scores = query @ key.swapaxes(-1, -2) * (1 / 3 ** 0.5) + bias
        return ops.masked_softmax(scores, keep=np.broadcast_to(seen, scores.shape)) @ value

    same_as_twin(lambda *x: ops.attention(*x, causal=causal), twin, q, k, v, bias)


@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_heads_that_share_keys_are_heads_whose_keys_are_copies(key_heads):
    rng, groups = np.random.default_rng(0), 4 // key_heads
    q = rng.normal(size=(2, key_heads, groups, 3, 4))
    k, v = rng.normal(size=(2, 2, key_heads, 1, 5, 4))
    same_as_twin(ops.attention, lambda q, k, v: ops.attention(
        q, ops.broadcast_to(k, shape=(2, key_heads, groups, 5, 4)),
        ops.broadcast_to(v, shape=(2, key_heads, groups, 5, 4))), q, k, v)


@pytest.mark.parametrize("call, said", [
    (lambda: ops.rms_norm(np.ones((2, 3)), np.ones(2)), "rms_norm: x is .*gain must have its size"),
    (lambda: ops.rotary(np.ones((2, 3)), places=np.arange(2)), "rotary: x is .*with D even"),
    (lambda: ops.rotary(np.ones((2, 4)), places=np.arange(3)), "rotary: x is .*one for each position"),
    (lambda: ops.swiglu(np.ones((2, 3)), np.ones(3)), "swiglu: gate is .*a gate of its own")])
def test_shapes_that_do_not_fit_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()

"""Attention in blocks: the same numbers, noise and masks as the plain form, in memory that does not grow with T²."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from walk import close, cotangent, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor
from tinyformer.nn import CrossAttention, SelfAttention
from tinyformer.ops.long_rows import LONG, in_blocks
from tinyformer.train.noise import Noise
from tinyformer.train.threads import blas_threads

from .layouts import arrays

leading = st.sampled_from([(), (2,), (1,), (2, 3), (0,)])


@given(leading, st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(0, 3), st.booleans(),
       st.sampled_from([None, 0.0, 0.6]), st.integers(1, 6), st.data())
def test_blocks_equal_the_whole(lead, queries, keys, size, width, causal, density, block, data):
    keep = None
    if density is not None:                                    # at density 0 nobody may look anywhere
        keep = np.random.default_rng(data.draw(st.integers(0, 99))).random((queries, keys)) < density
    q, k, v = (data.draw(arrays(shape=(*lead, *s))) for s in ((queries, size), (keys, size), (keys, width)))
    how = dict(keep=keep, causal=causal)
    same_as_twin(lambda *x: ops.blockwise_attention(*x, block=block, **how), lambda *x: ops.attention(*x, **how),
                 q, k, v)


def test_keys_shared_by_all_sequences_broadcast():
    rng = np.random.default_rng(0)
    same_as_twin(lambda *x: ops.blockwise_attention(*x, block=2), ops.attention,
                 rng.normal(size=(2, 3, 4)), rng.normal(size=(1, 5, 4)), rng.normal(size=(5, 2)))


@pytest.mark.parametrize("keep_shape", [(1, 1, 1, 5), (1, 1, 5, 5), (3, 1, 1, 5), (1, 2, 5, 5), (3, 2, 1, 5),
                                        (3, 1, 5, 1)])
@pytest.mark.parametrize("causal", [False, True])
def test_masks_of_every_shape_that_stretches(keep_shape, causal):
    rng = np.random.default_rng(1)
    how = dict(heads=2, keep=rng.random(keep_shape) < 0.6, causal=causal)
    same_as_twin(lambda x: ops.blockwise_self_attention(x, block=2, **how), lambda x: ops.self_attention(x, **how),
                 rng.normal(size=(3, 5, 12)))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [None, "padding", "segments"])
def test_float32_stays_within_a_hundred_thousandth(causal, mask):
    rng, length = np.random.default_rng(0), 700
    place, segment = np.arange(length), np.arange(length) // 300
    keep = {None: None, "padding": place < np.array([650, 300])[:, None, None, None],
            "segments": (segment[:, None] == segment)[None, None]}[mask]
    packed, how = rng.normal(size=(2, length, 3 * 2 * 8)).astype(np.float32), dict(heads=2, keep=keep, causal=causal)
    same_as_twin(lambda x: ops.blockwise_self_attention(x, **how), lambda x: ops.self_attention(x, **how), packed,
                 tolerance=1e-5)
    split = packed.reshape(2, length, 3, 2, 8).transpose(2, 0, 3, 1, 4)
    same_as_twin(lambda *x: ops.blockwise_attention(*x, keep=keep, causal=causal),
                 lambda *x: ops.attention(*x, keep=keep, causal=causal), *split, tolerance=1e-5)


@pytest.mark.parametrize("generator", [lambda: np.random.default_rng(3), lambda: Noise(1, 2).generator(),
                                       lambda: np.random.Generator(np.random.SFC64(4)),
                                       lambda: Noise(1, 2).part(1, 3, 5).generator()],
                         ids=["PCG64", "Philox", "SFC64", "some rows of a batch"])
@pytest.mark.parametrize("length", [5, 6])
def test_the_same_weights_are_dropped_and_the_generator_stands_where_it_would(generator, length):
    """Five positions make odd numbers of bytes, of which a generator throws away some at the end of each array."""
    packed = np.random.default_rng(0).normal(size=(2, length, 18))
    after = []

    def dropped_by(op, **more):
        def two_layers(x):
            rng = generator()
            x = op(x, heads=3, rate=0.3, rng=rng, **more)
            x = op(ops.concatenate(x, x, x, axis=-1), heads=3, rate=0.3, rng=rng, **more)
            after.append(rng.bytes(8))
            return x
        return two_layers

    same_as_twin(dropped_by(ops.blockwise_self_attention, block=2), dropped_by(ops.self_attention), packed)
    assert after[0] == after[1]


def test_a_second_backward_drops_the_same():
    x = Tensor(np.random.default_rng(0).normal(size=(1, 5, 6)))
    out = ops.blockwise_self_attention(x, heads=1, rate=0.3, rng=np.random.default_rng(1), block=2)
    grads = []
    for _ in range(2):
        x.grad = None
        out.backward(cotangent(out.shape), retain_graph=True)
        grads.append(x.grad)
    assert np.array_equal(*grads)


def peak(op, length: int, **how) -> int:
    """The most bytes that forward and backward hold at one time, in float32 with one head of 16."""
    packed = np.random.default_rng(0).normal(size=(1, length, 48)).astype(np.float32)
    g = cotangent((1, length, 16), np.float32)
    tracemalloc.start()
    try:
        op(Tensor(packed), heads=1, causal=True, **how).backward(g)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_with_the_length_and_not_with_its_square():
    with blas_threads(1):                                      # for small products, which threads only slow down
        found = {length: peak(ops.blockwise_self_attention, length) for length in (2048, 4096, 8192)}
    assert found[4096] < 2.1 * found[2048] and found[8192] < 2.1 * found[4096]
    assert found[8192] < 8_000_000                             # of which 3 MB are the gradient and the result
    assert peak(ops.self_attention, 512) > 2 * 4 * 512 ** 2    # and the whole holds two arrays of T² numbers


def test_noise_too_is_never_there_as_a_whole():
    rng = np.random.default_rng(0)
    assert peak(ops.blockwise_self_attention, 2048, rate=0.1, rng=rng) < 8_000_000 < 2 * 2048 ** 2


def test_long_rows_are_read_in_blocks_and_short_ones_as_a_whole():
    assert in_blocks(1024, 1024) and not in_blocks(1023, 1024) and in_blocks(1, LONG)
    layer, x = SelfAttention(4, 2, np.random.default_rng(0)).to(dtype=np.float64), np.zeros((1, 1024, 4))
    ours, long = layer(x[:, :1023]).node, layer(x).node
    assert "self_attention" in {parent.op.name for parent in ours.parents if hasattr(parent, "op")}
    assert "blockwise_self_attention" in {parent.op.name for parent in long.parents if hasattr(parent, "op")}
    across = CrossAttention(4, 2, np.random.default_rng(0)).to(dtype=np.float64)
    x = np.random.default_rng(1).normal(size=(1, 1024, 4))
    query, key, value = (np.random.default_rng(n).normal(size=(1, 2, 1024, 2)) for n in range(3))
    close(ops.blockwise_attention(query, key, value).data, ops.attention(query, key, value).data)
    assert across(x, x).shape == (1, 1024, 4)


@pytest.mark.parametrize("call, error, message", [
    (lambda: ops.blockwise_attention(np.ones((2, 3)), np.ones((4, 2)), np.ones((4, 2))), ValueError,
     r"blockwise_attention: query is \(2, 3\), key is \(4, 2\), value is \(4, 2\); they must be \(..., T, D\)"),
    (lambda: ops.blockwise_attention(*np.ones((3, 2, 3)), keep=np.ones((2, 2), int)), TypeError,
     "keep has dtype int64; it must be boolean"),
    (lambda: ops.blockwise_attention(*np.ones((3, 2, 3)), keep=np.ones((3, 3), bool)), ValueError,
     r"blockwise_attention: .*sides must be equal or 1"),
    (lambda: ops.blockwise_attention(*np.ones((3, 2, 3)), block=0), ValueError, "block is 0; it must be at least 1"),
    (lambda: ops.blockwise_self_attention(np.ones((1, 2, 6)), heads=4), ValueError,
     r"blockwise_self_attention: packed is \(1, 2, 6\), heads is 4; it must be \(B, T, 3C\)"),
    (lambda: ops.blockwise_self_attention(np.ones((2, 3, 6)), heads=1, keep=np.ones((2, 3), bool)), ValueError,
     r"blockwise_self_attention: keep is \(2, 3\).*goes in as \(B, 1, 1, T\)"),
    (lambda: ops.blockwise_self_attention(np.ones((2, 3, 6)), heads=1, rate=1.0, rng=np.random.default_rng(0)),
     ValueError, "the rate is 1.0; it must"),
])
def test_errors_name_op_shapes_and_rule(call, error, message):
    with pytest.raises(error, match=message):
        call()

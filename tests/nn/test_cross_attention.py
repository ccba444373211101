"""Does one sequence look at another as the formula says, and is what is kept for later the same?"""

import numpy as np
import pytest

from tinyformer.nn import CrossAttention, DecoderBlock
from tinyformer.nn.cross_attention import join_heads, split_heads
from tinyformer.ops import reshape

RNG = np.random.default_rng(0)
X, MEMORY = RNG.normal(size=(3, 4, 6)), RNG.normal(size=(3, 5, 6))
KEEP = np.array([[1] * 5, [1, 1, 1, 0, 0], [0] * 5], bool)[:, None, None]


@pytest.fixture
def cross():
    module = CrossAttention(6, 2, np.random.default_rng(1), std=0.5).to(dtype=np.float64)
    for p in module.parameters():
        p.data += RNG.normal(size=p.shape)
    return module


def plainly(cross, keep):
    """The formula with einsum, and its weights."""
    def heads(linear, x, part):
        rows = slice(6 * part, 6 * part + 6)
        projected = np.einsum("bsc,oc->bso", x, linear.weight.data[rows]) + linear.bias.data[rows]
        return projected.reshape(*x.shape[:2], 2, 3)

    query, key, value = heads(cross.query, X, 0), heads(cross.project, MEMORY, 0), heads(cross.project, MEMORY, 1)
    scores = np.exp(np.einsum("bthd,bshd->bhts", query, key) / np.sqrt(3)) * keep
    weights = scores / np.maximum(scores.sum(-1, keepdims=True), 1e-300)
    out = np.einsum("bhts,bshd->bthd", weights, value).reshape(3, 4, 6)
    return out @ cross.out.weight.data.T + cross.out.bias.data, weights


@pytest.mark.parametrize("keep", [None, KEEP])
def test_it_is_the_formula(cross, keep):
    out, weights = plainly(cross, True if keep is None else keep)
    assert np.abs(cross(X, MEMORY, keep).data - out).max() < 1e-12
    assert np.abs(cross.weights(X, MEMORY, keep).data - weights).max() < 1e-12
    assert np.array_equal(cross.ask(X, *cross.keys_values(MEMORY), keep).data, cross(X, MEMORY, keep).data)


def test_heads_are_split_and_joined_again():
    packed = reshape(RNG.normal(size=(2, 4, 12)), shape=(2, 4, 12))
    key, value = split_heads(packed, 2, 3)
    assert key.shape == (2, 3, 4, 2)
    assert np.array_equal(np.concatenate([join_heads(key).data, join_heads(value).data], -1), packed.data)


def test_a_width_that_heads_cannot_share_is_refused():
    with pytest.raises(ValueError, match="CrossAttention: width 6 is not a multiple of heads 4"):
        CrossAttention(6, 4, None)


def test_a_decoder_block_without_a_source_that_may_be_seen_looks_back_alone():
    """Where all of the memory is hidden, cross-attention brings its bias and nothing of the memory."""
    block = DecoderBlock(6, 2, 8, np.random.default_rng(0)).to(dtype=np.float64)
    nothing = np.zeros((3, 1, 1, 5), bool)
    assert np.array_equal(block(X, MEMORY, nothing).data, block(X, 2 * MEMORY, nothing).data)
    assert not np.array_equal(block(X, MEMORY).data, block(X, 2 * MEMORY).data)

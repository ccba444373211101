"""How do the gradients of all heads come back into one packed array?

    packed (B, T, 3C) -> out (B, T, C): query, key and value stand side by side in the last axis, each of `heads` heads

`heads_of(packed, 3, heads)` gives them as views (B, H, T, D), and of an array (B, T, C), heads_of(array, 1, heads)
gives the one of its heads. `attention_backward` takes the gradient of what the heads say, (B, H, T, D), and returns
dquery, dkey and dvalue.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.self_attention import heads_of

EXERCISE = OpExercise(ops.self_attention, __doc__, hints=(
    "In the forward the heads are taken out of packed, and what they say is put into out. Which of the two must be "
    "undone first?",
    "Take the heads out of dout as they were put into out, run attention_backward, and put its three results where "
    "query, key and value were taken from.",
    "dpacked = xp.empty(packed.shape, dout.dtype); heads_of(dpacked, 3, heads) gives three views into which the three"
    " gradients are written: dquery[...] = ..."))


@EXERCISE.given
def self_attention(xp, packed, *, heads, keep=None, causal=False, rate=0.0, rng=None):
    query, key, value = heads_of(packed, 3, heads)             # each (B, H, T, D)
    said, attention_backward = ops.attention.raw(xp, query, key, value, keep=keep, causal=causal, rate=rate, rng=rng)
    shape = packed.shape
    out = xp.empty((*shape[:2], shape[2] // 3), packed.dtype)
    heads_of(out, 1, heads)[0][...] = said

    def backward(dout):
        dpacked = xp.empty(shape, dout.dtype)
        gradients = attention_backward(heads_of(dout, 1, heads)[0])
        for view, gradient in zip(heads_of(dpacked, 3, heads), gradients, strict=True):
            view[...] = gradient
        return dpacked

    return out, backward


def _packed(xp, packed, heads, change, **constants):
    """The right op, with its gradient changed where it stands as (B, T, 3, C)."""
    out, right = ops.self_attention.raw(xp, packed, heads=heads, **constants)
    shape = (*packed.shape[:2], 3, packed.shape[2] // 3)
    return out, lambda dout: change(right(dout).reshape(shape)).reshape(packed.shape)


@EXERCISE.mistake
def self_attention_with_query_and_key_swapped(xp, packed, *, heads, keep=None, causal=False, rate=0.0, rng=None):
    """queries get the keys' gradient"""
    return _packed(xp, packed, heads, lambda d: d[:, :, [1, 0, 2]], keep=keep, causal=causal, rate=rate, rng=rng)


@EXERCISE.mistake
def self_attention_of_the_values_alone(xp, packed, *, heads, keep=None, causal=False, rate=0.0, rng=None):
    """only the values get a gradient, as if the weights did not depend on query and key"""
    return _packed(xp, packed, heads, lambda d: d * xp.asarray([0, 0, 1], dtype=d.real.dtype)[:, None],
                   keep=keep, causal=causal, rate=rate, rng=rng)


@EXERCISE.mistake
def self_attention_packed_in_reverse(xp, packed, *, heads, keep=None, causal=False, rate=0.0, rng=None):
    """the three gradients are packed as value, key, query: they must stand where their inputs stood"""
    return _packed(xp, packed, heads, lambda d: d[:, :, ::-1], keep=keep, causal=causal, rate=rate, rng=rng)

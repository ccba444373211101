"""What can backward do when the weights were thrown away?

    out = p value, p = softmax(query keyᵀ / sqrt(D)), as in attention; but of the T x S weights nothing is kept

query (..., T, D), key (..., S, D), value (..., S, E), out (..., T, E). `blocks` are slices of the keys; weights(c)
gives p for the keys of one block, (..., T, block), computed again, and drop(array, c) does to an array of that shape
what was done to p. `shrink` is 1 / sqrt(D). Only one block of weights may be there at a time.
A check on paper: the result must agree with that of attention.
"""

import math

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.attention import visible
from tinyformer.ops.dropout import draw_kept

EXERCISE = OpExercise(ops.blockwise_attention, __doc__, hints=(
    "dscores_s = p_s (dp_s - sum_u p_u dp_u), with dp = drop(dout valueᵀ). All but one term concerns a single key. "
    "Can the sum over all keys be known before the first block?",
    "sum_u p_u dp_u = <dout, sum_u drop(p)_u value_u> = <dout, out>: one number for each query, (dout * out).sum(-1, "
    "keepdims=True).",
    "For each block c: p = weights(c), dscores = p * (drop(dout @ valueᵀ, c) - that number); dvalue and dkey get "
    "their rows c, and dquery adds up over the blocks, from zeros."))


@EXERCISE.given
def blockwise_attention(xp, query, key, value, *, keep=None, causal=False, rate=0.0, rng=None, block=256):
    queries, keys, shrink = query.shape[-2], key.shape[-2], 1 / math.sqrt(query.shape[-1])
    whole = (*query.shape[:-1], keys)                          # the shape of all weights
    seen = visible(xp, keep, causal, queries, keys)
    seen = xp.broadcast_to(True if seen is None else seen, whole)
    kept, lift = draw_kept(xp, whole, rate, rng) if rng is not None and rate else (xp.ones(whole, bool), 1.0)
    blocks = [slice(start, start + block) for start in range(0, keys, block)]

    def scores(c):
        return xp.where(seen[..., c], query @ key[..., c, :].swapaxes(-1, -2) * shrink, -np.inf)

    def odds(c):
        return xp.where(seen[..., c], xp.exp(scores(c) - top), 0)

    top = xp.stack([scores(c).real.max(-1, keepdims=True) for c in blocks]).max(0)
    top = xp.where(top == -np.inf, 0, top)
    total = sum(odds(c).sum(-1, keepdims=True) for c in blocks)
    total = xp.where(total.real == 0, 1, total)

    def weights(c):
        return odds(c) / total

    def drop(array, c):
        return array * kept[..., c] * lift

    out = sum(drop(weights(c), c) @ value[..., c, :] for c in blocks)

    def backward(dout):
        dquery, dkey, dvalue = xp.zeros_like(query), xp.zeros_like(key), xp.zeros_like(value)
        paid = (dout * out).sum(-1, keepdims=True)
        for c in blocks:
            p = weights(c)
            dscores = p * (drop(dout @ value[..., c, :].swapaxes(-1, -2), c) - paid)
            dvalue[..., c, :] = drop(p, c).swapaxes(-1, -2) @ dout
            dkey[..., c, :] = dscores.swapaxes(-1, -2) @ query * shrink
            dquery += dscores @ key[..., c, :] * shrink
        return dquery, dkey, dvalue

    return out, backward


def _attention(xp, query, key, value, change, block, **constants):
    """The right op, with its gradients changed."""
    out, right = ops.blockwise_attention.raw(xp, query, key, value, block=block, **constants)
    return out, lambda dout: change(*right(dout))


@EXERCISE.mistake
def blockwise_attention_without_the_scale(xp, query, key, value, *, keep=None, causal=False, rate=0.0, rng=None,
                                          block=256):
    """1 / sqrt(D) is forgotten on the way to queries and keys"""
    root = math.sqrt(query.shape[-1])
    return _attention(xp, query, key, value, lambda dq, dk, dv: (dq * root, dk * root, dv), block,
                      keep=keep, causal=causal, rate=rate, rng=rng)


@EXERCISE.mistake
def blockwise_attention_that_pays_block_by_block(xp, query, key, value, *, keep=None, causal=False, rate=0.0, rng=None,
                                                 block=256):
    """sum_u p_u dp_u is taken over the block alone, and the softmax asks for it over all keys"""
    state = None if rng is None else rng.bit_generator.state
    out, right = ops.blockwise_attention.raw(xp, query, key, value, keep=keep, causal=causal, rate=rate, rng=rng,
                                             block=block)
    whole, shrink = (*query.shape[:-1], key.shape[-2]), 1 / math.sqrt(query.shape[-1])
    seen = visible(xp, keep, causal, *whole[-2:])
    p = ops.masked_softmax.raw(xp, query @ key.swapaxes(-1, -2) * shrink, keep=seen)[0]
    if state is not None:
        rng.bit_generator.state = state                        # the same noise once more
    kept, lift = draw_kept(xp, whole, rate, rng) if rng is not None and rate else (xp.ones(whole, bool), 1.0)

    def backward(dout):
        dp = dout @ value.swapaxes(-1, -2) * kept * lift
        dscores = xp.zeros_like(dp)
        for start in range(0, whole[-1], block):
            c = slice(start, start + block)
            w = p[..., c] * dp[..., c]
            dscores[..., c] = w - p[..., c] * w.sum(-1, keepdims=True)
        return dscores @ key * shrink, dscores.swapaxes(-1, -2) @ query * shrink, right(dout)[2]

    return out, backward


@EXERCISE.mistake
def blockwise_attention_with_query_and_key_swapped(xp, query, key, value, *, keep=None, causal=False, rate=0.0,
                                                   rng=None, block=256):
    """queries get the keys' gradient; equal lengths hide it from the engine"""
    return _attention(xp, query, key, value, lambda dq, dk, dv: (dk, dq, dv), block,
                      keep=keep, causal=causal, rate=rate, rng=rng)

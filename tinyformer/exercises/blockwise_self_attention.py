"""How does backward run when forward kept nothing but its input?

    packed (B, T, 3C) -> out (B, T, C), as in self_attention; but of what attention computed on the way nothing is kept

What is there in backward: packed, the constants, and `start`, a copy of the generator as it was before forward drew
which weights to drop (None where nothing is dropped). heads_of(array, 3, heads) gives query, key and value as views.
ops.attention.raw(xp, query, key, value, ..., rng=...) returns what the heads say, and its backward. Two passes must
give the same gradient.
"""

import copy

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.self_attention import heads_of

EXERCISE = OpExercise(ops.blockwise_self_attention, __doc__, hints=(
    "What was not kept can be computed again from what was. What must be the same as the first time, although it is "
    "random?",
    "Run the forward once more, from a generator in the state in which the first one was: then the same weights are "
    "dropped. A generator moves on when it is asked, so ask a copy of `start`.",
    "rng=copy.deepcopy(start) in ops.attention.raw gives attention_backward; the rest is self_attention's: the heads "
    "out of dout, and the three gradients into dpacked."))


@EXERCISE.given
def blockwise_self_attention(xp, packed, *, heads, keep=None, causal=False, rate=0.0, rng=None, block=256):
    start = copy.deepcopy(rng)
    constants = dict(keep=keep, causal=causal, rate=rate)
    said = ops.attention.raw(xp, *heads_of(packed, 3, heads), rng=rng, **constants)[0]
    out = xp.empty((*packed.shape[:2], packed.shape[2] // 3), packed.dtype)
    heads_of(out, 1, heads)[0][...] = said

    def backward(dout):
        again = copy.deepcopy(start)
        attention_backward = ops.attention.raw(xp, *heads_of(packed, 3, heads), rng=again, **constants)[1]
        dpacked = xp.empty(packed.shape, dout.dtype)
        gradients = attention_backward(heads_of(dout, 1, heads)[0])
        for view, gradient in zip(heads_of(dpacked, 3, heads), gradients, strict=True):
            view[...] = gradient
        return dpacked

    return out, backward


def _again(xp, packed, heads, rng, chance, **constants):
    """The right forward, and the backward of a run whose noise comes from chance()."""
    out = ops.blockwise_self_attention.raw(xp, packed, heads=heads, rng=rng, **constants)[0]
    return out, lambda dout: ops.self_attention.raw(xp, packed, heads=heads, rng=chance(), keep=constants["keep"],
                                                    causal=constants["causal"], rate=constants["rate"])[1](dout)


@EXERCISE.mistake
def blockwise_self_attention_with_other_noise(xp, packed, *, heads, keep=None, causal=False, rate=0.0, rng=None,
                                              block=256):
    """the generator has moved on since forward asked it: backward drops other weights"""
    return _again(xp, packed, heads, rng, lambda: rng, keep=keep, causal=causal, rate=rate, block=block)


@EXERCISE.mistake(caught_by="twice")
def blockwise_self_attention_right_only_once(xp, packed, *, heads, keep=None, causal=False, rate=0.0, rng=None,
                                             block=256):
    """`start` itself is asked, and moves on: the second pass drops other weights"""
    start = copy.deepcopy(rng)
    return _again(xp, packed, heads, rng, lambda: start, keep=keep, causal=causal, rate=rate, block=block)


@EXERCISE.mistake
def blockwise_self_attention_without_noise(xp, packed, *, heads, keep=None, causal=False, rate=0.0, rng=None,
                                           block=256):
    """backward runs as if no weight had been dropped"""
    return _again(xp, packed, heads, rng, lambda: None, keep=keep, causal=causal, rate=rate, block=block)

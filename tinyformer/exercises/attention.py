"""How does a gradient find its way back to query, key and value?

    out = p value, p = softmax(query keyᵀ / sqrt(D) + bias), over the keys that a query may see (`seen`)

query (..., T, D), key (..., S, D), value (..., S, E), out (..., T, E); bias (..., T, S) or None. Return dquery, dkey,
dvalue and, where there is a bias, dbias. Some weights may have been dropped: `drop`
does to an array what was done to p. `softmax_backward` takes dp and returns dscores; `shrink` is 1 / sqrt(D).
A check on paper: with a single key p is 1, so that query and key get 0, and only the value learns.
"""

import math

from tinyformer import ops
from tinyformer.engine import Call
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.attention import visible
from tinyformer.ops.dropout import draw_kept
from tinyformer.ops.softmax import masked_softmax

EXERCISE = OpExercise(ops.attention, __doc__, hints=(
    "Read it from the end: out = drop(p) value is a matrix product. What are the gradients of its two factors?",
    "dvalue = drop(p)ᵀ dout, and drop(p) gets dout valueᵀ, which must go through drop once more to become dp. "
    "softmax_backward(dp) is dscores; and scores = shrink query keyᵀ is a product again.",
    "dquery = dscores @ key * shrink, dkey = dscoresᵀ @ query * shrink, dbias = dscores; the transpose of the last two "
    "axes is .swapaxes(-1, -2)."))


@EXERCISE.given
def attention(xp, query, key, value, bias=None, *, keep=None, causal=False, rate=0.0, rng=None):
    shrink = 1 / math.sqrt(query.shape[-1])
    seen = visible(xp, keep, causal, query.shape[-2], key.shape[-2])
    scores = query @ key.swapaxes(-1, -2) * shrink + (0 if bias is None else bias)
    p, softmax_backward = masked_softmax.raw(xp, scores, keep=seen)
    kept, lift = draw_kept(xp, p.shape, rate, rng) if rng is not None and rate else (True, 1.0)

    def drop(weights):
        return weights * kept * lift

    def backward(dout):
        dvalue = drop(p).swapaxes(-1, -2) @ dout
        dp = drop(dout @ value.swapaxes(-1, -2))
        dscores = softmax_backward(dp)
        grads = dscores @ key * shrink, dscores.swapaxes(-1, -2) @ query * shrink, dvalue, dscores
        return grads[:3] if bias is None else grads

    return drop(p) @ value, backward


def _attention(xp, query, key, value, bias, change, **constants):
    """The right attention, with its first three gradients changed."""
    out, right = ops.attention.raw(xp, query, key, value, bias, **constants)

    def backward(dout):
        grads = right(dout)
        return *change(*grads[:3]), *grads[3:]

    return out, backward


@EXERCISE.mistake
def attention_without_the_scale(xp, query, key, value, bias=None, *, keep=None, causal=False, rate=0.0, rng=None):
    """1 / sqrt(D) is forgotten on the way to the keys"""
    root = math.sqrt(query.shape[-1])
    return _attention(xp, query, key, value, bias, lambda dq, dk, dv: (dq, dk * root, dv),
                      keep=keep, causal=causal, rate=rate, rng=rng)


@EXERCISE.mistake
def attention_without_any_scale(xp, query, key, value, bias=None, *, keep=None, causal=False, rate=0.0, rng=None):
    """1 / sqrt(D) is forgotten on the way to queries and keys"""
    root = math.sqrt(query.shape[-1])
    return _attention(xp, query, key, value, bias, lambda dq, dk, dv: (dq * root, dk * root, dv),
                      keep=keep, causal=causal, rate=rate, rng=rng)


@EXERCISE.mistake
def attention_through_no_softmax(xp, query, key, value, bias=None, *, keep=None, causal=False, rate=0.0, rng=None):
    """dp goes to the scores as it is: the softmax between the two products is left out"""
    shrink = 1 / math.sqrt(query.shape[-1])
    state = None if rng is None else rng.bit_generator.state
    out, right = ops.attention.raw(xp, query, key, value, bias, keep=keep, causal=causal, rate=rate, rng=rng)
    if rng is not None:
        rng.bit_generator.state = state
    shape = out.shape[:-1] + key.shape[-2:-1]
    kept, lift = draw_kept(xp, shape, rate, rng) if rng is not None and rate else (True, 1.0)

    def backward(dout):
        dscores = dout @ value.swapaxes(-1, -2) * kept * lift
        grads = dscores @ key * shrink, dscores.swapaxes(-1, -2) @ query * shrink, right(dout)[2], dscores
        return grads[:3] if bias is None else grads

    return out, backward


@EXERCISE.mistake
def attention_with_query_and_key_swapped(xp, query, key, value, bias=None, *, keep=None, causal=False, rate=0.0,
                                         rng=None):
    """queries get the keys' gradient; equal lengths hide it from the engine"""
    return _attention(xp, query, key, value, bias, lambda dq, dk, dv: (dk, dq, dv),
                      keep=keep, causal=causal, rate=rate, rng=rng)


attention_with_query_and_key_swapped.cases.clear()


@attention_with_query_and_key_swapped.case
def _(rng):
    """as many queries as keys"""
    return Call(*(rng.normal(size=(3, 4)) for _ in range(3)))


@EXERCISE.mistake
def attention_that_forgets_what_was_dropped(xp, query, key, value, bias=None, *, keep=None, causal=False, rate=0.0,
                                            rng=None):
    """backward runs as if no weight had been dropped"""
    out, _ = ops.attention.raw(xp, query, key, value, bias, keep=keep, causal=causal, rate=rate, rng=rng)
    return out, ops.attention.raw(xp, query, key, value, bias, keep=keep, causal=causal)[1]


@EXERCISE.mistake
def attention_with_a_bias_that_learns_nothing(xp, query, key, value, bias=None, *, keep=None, causal=False, rate=0.0,
                                              rng=None):
    """the bias gets zeros, as if it were a mask"""
    out, right = ops.attention.raw(xp, query, key, value, bias, keep=keep, causal=causal, rate=rate, rng=rng)
    return out, lambda dout: (*right(dout)[:3], *(0 * d for d in right(dout)[3:]))

"""How does one position look at the others, and how does the gradient find its way back to all three parts?

Here stands the formula with its derivation.  `self_attention` computes the same, faster, for the case on which a
transformer spends its time, and is held to `attention` by the tests.
"""

import math

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.dropout import check_rate, draw_kept
from tinyformer.ops.softmax import masked_softmax


@primitive(keeps="query, key, value, p (..., T, S), kept (..., T, S) bool")
def attention(xp, query, key, value, bias=None, *, keep=None, causal: bool = False, rate: float = 0.0, rng=None):
    """softmax(query keyᵀ / sqrt(D) + bias) value (Vaswani et al. 2017, equation 1, where there is no bias).

    query (..., T, D), key (..., S, D), value (..., S, E) -> (..., T, E); heads are one of the leading axes, and heads
    that share their keys have an axis of 1 there.  bias (broadcast to (..., T, S)) may know how far apart two stand.
    keep (broadcast to (..., T, S)) is True where a query may look; a query with nothing to look at gets zeros.
    causal: query t sees keys up to t + S - T.  rate, rng: dropout on the weights.

    Backward reads the chain scores = query keyᵀ / sqrt(D), p = softmax(scores), out = p value from the end: the rule of
    `matmul` for each product, and the backward of `masked_softmax` between them.  It needs the factors of both
    products, of which p is the softmax's too; the scores, and the weights left after dropout, need not be kept.
    """
    if (min(query.ndim, key.ndim, value.ndim) < 2 or query.shape[-1] != key.shape[-1] or not key.shape[-1]
            or key.shape[-2] != value.shape[-2]):
        raise ValueError(f"attention: query is {query.shape}, key is {key.shape}, value is {value.shape}; "
                         "they must be (..., T, D), (..., S, D) and (..., S, E)")
    check_rate("attention", rate, rng)
    shrink = 1 / math.sqrt(query.shape[-1])
    seen = visible(xp, keep, causal, query.shape[-2], key.shape[-2])
    scores = (query * shrink) @ key.swapaxes(-1, -2)           # (..., T, S)
    scores = scores if bias is None else scores + bias
    p, softmax_backward = masked_softmax.raw(xp, scores, keep=seen)
    kept, lift = draw_kept(xp, p.shape, rate, rng) if rng is not None and rate else (None, 1)
    biased = bias is not None

    def drop(weights):
        return weights if kept is None else weights * kept * lift

    def backward(dout):                                        # δout = drop(δp) value + drop(p) δvalue
        dp = drop(dout @ value.swapaxes(-1, -2))               # <dout, drop(δp) value> = <drop(dout valueᵀ), δp>
        dvalue = drop(p).swapaxes(-1, -2) @ dout               # <dout, drop(p) δvalue> = <drop(p)ᵀ dout, δvalue>
        dscores = softmax_backward(dp)                         # δscores = (δquery keyᵀ + query δkeyᵀ) shrink
        dquery = dscores @ key * shrink                        # <dscores, δquery keyᵀ> = <dscores key, δquery>
        dkey = dscores.swapaxes(-1, -2) @ (query * shrink)     # <dscores, query δkeyᵀ> = <dscoresᵀ query, δkey>
        return (dquery, dkey, dvalue, dscores) if biased else (dquery, dkey, dvalue)

    return drop(p) @ value, backward


def visible(xp, keep, causal: bool, queries: int, keys: int):
    """The mask of what each query may look at, (..., T, S) or broadcast to it; None where that is everything."""
    if keep is not None:
        keep = xp.asarray(keep)
        if keep.dtype != bool:
            raise TypeError(f"attention: keep has dtype {keep.dtype}; it must be boolean, True = may be seen")
    if not causal:
        return keep
    past = xp.arange(keys) <= xp.arange(queries)[:, None] + (keys - queries)     # (T, S), row t: True up to t + S - T
    return past if keep is None else keep & past


def _qkv(rng, *shape):
    return [rng.normal(size=shape) for _ in range(3)]


@attention.case
def _(rng):
    """two heads, everything seen"""
    return Call(*_qkv(rng, 2, 3, 4))


@attention.case
def _(rng):
    """fewer queries than keys, looking back only"""
    return Call(rng.normal(size=(2, 4)), rng.normal(size=(3, 4)), rng.normal(size=(3, 2)), causal=True)


@attention.case
def _(rng):
    """padding hidden, and weights dropped"""
    return Call(*_qkv(rng, 2, 3, 4), keep=np.array([[[True, True, False]], [[True, True, True]]]),
                rate=0.25, rng=np.random.default_rng(1))


@attention.case
def _(rng):
    """four heads, two of which share keys, and a bias for each pair of places"""
    keys = [rng.normal(size=(2, 1, 3, 2)) for _ in range(2)]
    return Call(rng.normal(size=(2, 2, 2, 2)), *keys, rng.normal(size=(2, 2, 2, 3)), causal=True)


@attention.special
def _(rng):
    """a query that may look nowhere gives zeros and a zero gradient"""
    nowhere = np.array([[False, False], [True, True]])
    return Special(*_qkv(rng, 2, 3)[:2], np.ones((2, 3)), keep=nowhere).expect(
        out=[[0.0] * 3, [1.0] * 3], grads=(np.zeros((2, 3)), np.zeros((2, 3)), None))

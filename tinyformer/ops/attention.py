"""How does one position look at the others, and how does the gradient find its way back to all three parts?

`attention` is the formula, with its derivation.  `self_attention` computes the same for the case on which a
transformer spends its time, and is held to `attention` by the tests.
"""

import math

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.dropout import check_rate, draw_kept
from tinyformer.ops.softmax import masked_softmax


@primitive(keeps="query, key, value, p (..., T, S), kept (..., T, S) bool")
def attention(xp, query, key, value, *, keep=None, causal: bool = False, rate: float = 0.0, rng=None):
    """softmax(query keyᵀ / sqrt(D)) value (Vaswani et al. 2017, equation 1).

    query (..., T, D), key (..., S, D), value (..., S, E) -> (..., T, E); heads are one of the leading axes.
    keep (broadcast to (..., T, S)) is True where a query may look; a query with nothing to look at gets zeros.
    causal: query t sees keys up to t + S - T.  rate, rng: dropout on the weights.

    Backward reads the chain scores = query keyᵀ / sqrt(D), p = softmax(scores), out = p value from the end: the rule of
    `matmul` for each product, and the backward of `masked_softmax` between them.  It needs the factors of both products
    and p, which the softmax asks for too; the weights after dropout, and the scores, are not kept.
    """
    if (min(query.ndim, key.ndim, value.ndim) < 2 or query.shape[-1] != key.shape[-1] or not key.shape[-1]
            or key.shape[-2] != value.shape[-2]):
        raise ValueError(f"attention: query is {query.shape}, key is {key.shape}, value is {value.shape}; "
                         "they must be (..., T, D), (..., S, D) and (..., S, E)")
    check_rate("attention", rate, rng)
    shrink = 1 / math.sqrt(query.shape[-1])
    seen = visible(xp, keep, causal, query.shape[-2], key.shape[-2])
    scores = (query * shrink) @ key.swapaxes(-1, -2)           # (..., T, S)
    p, softmax_backward = masked_softmax.raw(xp, scores, keep=seen)
    kept, lift = draw_kept(xp, p.shape, rate, rng) if rng is not None and rate else (None, 1)

    def drop(weights):
        return weights if kept is None else weights * kept * lift

    def backward(dout):                                        # δout = drop(δp) value + drop(p) δvalue
        dp = drop(dout @ value.swapaxes(-1, -2))               # (..., T, S)
        dvalue = drop(p).swapaxes(-1, -2) @ dout
        dscores = softmax_backward(dp)                         # δscores = shrink δquery keyᵀ + shrink query δkeyᵀ
        dquery = dscores @ key * shrink
        dkey = dscores.swapaxes(-1, -2) @ (query * shrink)     # the transpose of (shrink query)ᵀ dscores
        return dquery, dkey, dvalue

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


@primitive(keeps="packed, odds (B, H, T, S), total (B, H, T, 1), out, kept (B, H, T, S) bool")
def self_attention(xp, packed, *, heads: int, keep=None, causal: bool = False, rate: float = 0.0, rng=None):
    """Multi-head attention of positions among themselves: packed (B, T, 3C) -> (B, T, C).

    The last axis of packed holds query, key and value, each of `heads` heads of C / heads channels, as one product
    gives them.  keep broadcasts to (B, heads, T, T).

    The formula is that of `attention`.  What is saved: the heads are views and are not copied; scores become the odds
    exp(score - top) in place and are never divided by their total, which the smaller output is instead.  And the row
    sum of p dp that the softmax asks for is that of dout out, over D numbers instead of S: dp_s = <dout, value_s>, so
    that sum_s p_s <dout, value_s> = <dout, sum_s p_s value_s> = <dout, out> (Dao et al. 2022, appendix B.2).  Of what
    is kept the odds are the most; without them the first product and the exponential would have to be done again.
    """
    if heads < 1 or packed.ndim != 3 or 0 in packed.shape[1:] or packed.shape[-1] % (3 * heads):
        raise ValueError(f"self_attention: packed is {packed.shape}, heads is {heads}; it must be (B, T, 3C) with T of "
                         "at least 1 and C a multiple of heads")
    shape, (batch, length, width) = packed.shape, (*packed.shape[:2], packed.shape[2] // 3)
    if keep is not None and not _stretches(keep.shape, (batch, heads, length, length)):
        raise ValueError(f"self_attention: keep is {keep.shape}; it must have the axes (B, H, T, T), each whole or 1: "
                         "a mask of real positions (B, T) goes in as (B, 1, 1, T), one for all as (1, 1, T, T)")
    check_rate("self_attention", rate, rng)
    shrink = 1 / math.sqrt(width // heads)
    seen = visible(xp, keep, causal, length, length)
    kept, lift = draw_kept(xp, (batch, heads, length, length), rate, rng) if rng is not None and rate else (None, 1)
    query, key, value = heads_of(packed, 3, heads)             # each (B, H, T, D)

    odds = (query * shrink) @ key.swapaxes(-1, -2)             # (B, H, T, S): scores, written over from here on
    if seen is not None:
        odds = xp.where(seen, odds, -np.inf)
    top = odds.real.max(-1, keepdims=True)
    odds -= top if seen is None else xp.where(top == -np.inf, 0, top)
    xp.exp(odds, out=odds)
    total = odds @ xp.ones((length, 1), packed.dtype)          # (B, H, T, 1)
    if seen is not None:
        total = xp.where(total.real == 0, 1, total)

    out = xp.empty((batch, length, width), packed.dtype)
    (out_heads,) = heads_of(out, 1, heads)                     # (B, H, T, D)
    out_heads[...] = (odds if kept is None else odds * kept) @ value * (lift / total)

    def backward(dout):
        dpacked = xp.empty(shape, dout.dtype)
        dquery, dkey, dvalue = heads_of(dpacked, 3, heads)
        (dout_heads,) = heads_of(dout, 1, heads)
        dmixed = dout_heads * (lift / total)                   # of (odds * kept) value, which out is after its division
        dvalue[...] = (odds if kept is None else odds * kept).swapaxes(-1, -2) @ dmixed
        dscores = dmixed @ value.swapaxes(-1, -2)              # (B, H, T, S): dp / total, for p = odds / total
        if kept is not None:
            dscores *= kept
        dscores -= (dout_heads * out_heads).sum(-1, keepdims=True) / total
        dscores *= odds
        dquery[...] = dscores @ key * shrink
        dkey[...] = dscores.swapaxes(-1, -2) @ (query * shrink)
        return dpacked

    return out, backward


def heads_of(packed, parts: int, heads: int) -> tuple:
    """Views of (B, T, parts * C) as `parts` arrays (B, H, T, D): nothing is copied."""
    batch, length, width = packed.shape
    split = packed.reshape(batch, length, parts, heads, width // (parts * heads))
    return tuple(split[:, :, i].swapaxes(1, 2) for i in range(parts))


def _stretches(shape: tuple, to: tuple) -> bool:
    return len(shape) == len(to) and all(mine in (1, whole) for mine, whole in zip(shape, to, strict=True))


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


@attention.special
def _(rng):
    """a query that may look nowhere gives zeros and a zero gradient"""
    nowhere = np.array([[False, False], [True, True]])
    return Special(*_qkv(rng, 2, 3)[:2], np.ones((2, 3)), keep=nowhere).expect(
        out=[[0.0] * 3, [1.0] * 3], grads=(np.zeros((2, 3)), np.zeros((2, 3)), None))


@self_attention.case
def _(rng):
    """two heads, everything seen"""
    return Call(rng.normal(size=(2, 3, 12)), heads=2)


@self_attention.case
def _(rng):
    """looking back only, with padding hidden"""
    return Call(rng.normal(size=(2, 3, 6)), heads=1, causal=True,
                keep=np.array([[True, True, False], [True, True, True]])[:, None, None])


@self_attention.case
def _(rng):
    """weights dropped"""
    return Call(rng.normal(size=(2, 3, 6)), heads=1, rate=0.25, rng=np.random.default_rng(1))


@self_attention.special
def _(rng):
    """queries that may look nowhere give zeros and a zero gradient"""
    keep = np.zeros((1, 1, 1, 2), bool)
    return Special(rng.normal(size=(1, 2, 6)), heads=1, keep=keep).expect(
        out=np.zeros((1, 2, 2)), grads=(np.zeros((1, 2, 6)),))

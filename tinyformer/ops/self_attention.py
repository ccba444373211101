"""How is the attention of a transformer computed fast?  All heads side by side, in place, from one packed array."""

import math

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.attention import visible
from tinyformer.ops.dropout import check_rate, draw_kept


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
    check_heads("self_attention", packed, heads, keep)
    shape, (batch, length), width = packed.shape, packed.shape[:2], packed.shape[2] // 3
    check_rate("self_attention", rate, rng)
    shrink = 1 / math.sqrt(width // heads)
    seen = visible(xp, keep, causal, length, length)
    kept, lift = draw_kept(xp, (batch, heads, length, length), rate, rng) if rng is not None and rate else (None, 1)
    query, key, value = heads_of(packed, 3, heads)             # each (B, H, T, D)

    scores = (query * shrink) @ key.swapaxes(-1, -2)           # (B, H, T, S), written over from here on
    if seen is not None:
        xp.copyto(scores, -np.inf, where=~seen)                # a fourth of the time of a new array from `where`
    top = scores.real.max(-1, keepdims=True)
    scores -= top if seen is None else xp.where(top == -np.inf, 0, top)
    odds = xp.exp(scores, out=scores)
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


def check_heads(op: str, packed, heads: int, keep) -> None:
    """ValueError, with the op's name, where `packed` has no such heads, or the mask is not one for them."""
    if heads < 1 or packed.ndim != 3 or 0 in packed.shape[1:] or packed.shape[-1] % (3 * heads):
        raise ValueError(f"{op}: packed is {packed.shape}, heads is {heads}; it must be (B, T, 3C) with T of at least "
                         "1 and C a multiple of heads")
    batch, length = packed.shape[:2]
    if keep is not None and not _stretches(keep.shape, (batch, heads, length, length)):
        raise ValueError(f"{op}: keep is {keep.shape}; it must have the axes (B, H, T, T), each whole or 1: a mask of "
                         "real positions (B, T) goes in as (B, 1, 1, T), one for all as (1, 1, T, T)")


def heads_of(packed, parts: int, heads: int) -> tuple:
    """Views of (B, T, parts * C) as `parts` arrays (B, H, T, D): nothing is copied."""
    batch, length, width = packed.shape
    split = packed.reshape(batch, length, parts, heads, width // (parts * heads))
    return tuple(split[:, :, i].swapaxes(1, 2) for i in range(parts))


def _stretches(shape: tuple, to: tuple) -> bool:
    return len(shape) == len(to) and all(mine in (1, whole) for mine, whole in zip(shape, to, strict=True))


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

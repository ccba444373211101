"""How does attention do without its T x S weights?  Block by block, with a softmax that is mended as it goes.

A softmax needs the largest score and the total of its row before it can give the first weight.  Both can be had on the
way (Milakov and Gimelshein 2018).  Let m be the largest score of the blocks so far, l = sum_s exp(score_s - m) and
a = sum_s exp(score_s - m) value_s.  A further block may bring a larger maximum m'.  Then everything so far was taken
exp(m' - m) times too large, and is made smaller once,

    l' = l exp(m - m') + sum over the block of exp(score_s - m'),        a' likewise,

and behind the last block out = a / l, which is the formula of `attention` and no approximation of it.

Backward computes each block of weights again, p = exp(score - m) / l, from the m and l that were kept, which are two
numbers for each query in place of S weights (Dao et al. 2022, algorithm 4).  A row of the softmax's backward,
dscore_s = p_s (dp_s - sum_u p_u dp_u), asks for a sum over all blocks, but that sum is known before the first of them:
dp_u = <dout, value_u>, so that sum_u p_u dp_u = <dout, sum_u p_u value_u> = <dout, out> (their appendix B.2).  Dropout
changes nothing in this: with the weights that were left in the place of p, out is their sum in the same way.

So what is kept, and what is held at one time, grows with T and no longer with T S.  The price is the scores once more
in backward, one product in five; what is gained beside the memory is that a block stays in the cache.
"""

import copy
import math

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.dropout import check_rate, draw_kept, random_bytes
from tinyformer.ops.self_attention import check_heads, heads_of

BLOCK = 256                                   # positions in a block: 256 x 256 scores stay in a core's cache


@primitive(keeps="query, key, value, keep, out, top (..., T, 1), total (..., T, 1)")
def blockwise_attention(xp, query, key, value, *, keep=None, causal: bool = False, rate: float = 0.0, rng=None,
                        block: int = BLOCK):
    """What `attention` computes, softmax(query keyᵀ / sqrt(D)) value, in blocks of `block` queries and keys.

    query (..., T, D), key (..., S, D), value (..., S, E) -> (..., T, E).  keep, causal, rate and rng as there; also the
    noise is the same to the bit.  (Dao et al. 2022, FlashAttention, algorithms 1 and 4.)
    """
    if (min(query.ndim, key.ndim, value.ndim) < 2 or query.shape[-1] != key.shape[-1] or not key.shape[-1]
            or key.shape[-2] != value.shape[-2]):
        raise ValueError(f"blockwise_attention: query is {query.shape}, key is {key.shape}, value is {value.shape}; "
                         "they must be (..., T, D), (..., S, D) and (..., S, E)")
    lead = np.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    whole = tuple(xp.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (query, key, value))
    plan = _Plan(xp, "blockwise_attention", lead, query.shape[-2:], key.shape[-2], causal, rate, rng, block)
    keep = plan.mask(keep)
    out = xp.zeros((*lead, query.shape[-2], value.shape[-1]), query.dtype)
    top, total = plan.forward(whole, keep, out)

    def backward(dout):
        grads = tuple(xp.zeros(x.shape, x.dtype) for x in whole)
        plan.backward(whole, keep, out, top, total, dout, grads)
        return grads

    return out, backward


@primitive(keeps="packed, keep, out, top (B, H, T, 1), total (B, H, T, 1)")
def blockwise_self_attention(xp, packed, *, heads: int, keep=None, causal: bool = False, rate: float = 0.0, rng=None,
                             block: int = BLOCK):
    """What `self_attention` computes, packed (B, T, 3C) -> (B, T, C), in blocks of `block` queries and keys.

    heads, keep, causal, rate and rng as there; also the noise is the same to the bit.
    """
    check_heads("blockwise_self_attention", packed, heads, keep)
    batch, length, width = packed.shape[0], packed.shape[1], packed.shape[2] // 3
    plan = _Plan(xp, "blockwise_self_attention", (batch, heads), (length, width // heads), length, causal, rate, rng,
                 block)
    keep = plan.mask(keep)
    out = xp.zeros((batch, length, width), packed.dtype)
    top, total = plan.forward(heads_of(packed, 3, heads), keep, *heads_of(out, 1, heads))

    def backward(dout):
        dpacked = xp.zeros(packed.shape, dout.dtype)
        plan.backward(heads_of(packed, 3, heads), keep, *heads_of(out, 1, heads), top, total, *heads_of(dout, 1, heads),
                      heads_of(dpacked, 3, heads))
        return dpacked

    return out, backward


class _Plan:
    """In which pieces two sequences are gone through, and what may be seen in each of them.

    On the CPU, and where weights are dropped, one head after the other; a GPU takes a block of all heads at once.
    """

    def __init__(self, xp, op, lead, queries, keys, causal, rate, rng, block):
        check_rate(op, rate, rng)
        if block < 1:
            raise ValueError(f"{op}: block is {block}; it must be at least 1")
        self.xp, self.op, self.lead, (self.queries, size), self.keys = xp, op, lead, queries, keys
        self.shrink, self.causal = 1 / math.sqrt(size), causal
        self.rows, self.columns = _pieces(self.queries, block), _pieces(keys, block)
        self.rate, self.noise = rate, None
        if rng is not None and rate:
            self.noise = _Noise(rng, 2 * math.prod(lead) * self.queries * keys)
        one_by_one = xp is np or self.noise
        self.heads = list(np.ndindex(lead)) if one_by_one else [...]

    def mask(self, keep):
        """The mask stretched over all scores, which is a view and takes no memory."""
        if keep is None:
            return None
        keep = self.xp.asarray(keep)
        if keep.dtype != bool:
            raise TypeError(f"{self.op}: keep has dtype {keep.dtype}; it must be boolean, True = may be seen")
        return self.xp.broadcast_to(keep, (*self.lead, self.queries, self.keys))

    def forward(self, parts: tuple, keep, out) -> tuple:
        """Fill `out` from query, key and value; the largest score of each query, and the total of its odds below it."""
        query, key, value = parts
        xp, noise = self.xp, self.noise and self.noise.first()
        tops = xp.zeros((*self.lead, self.queries, 1), query.real.dtype)
        totals = xp.zeros((*self.lead, self.queries, 1), query.dtype)
        ones = xp.ones((self.keys, 1), query.dtype)            # a sum as a product is four times as fast
        for head in self.heads:
            for rows in self.rows:
                asked = query[head][..., rows, :] * self.shrink
                kept, lift = self._kept(noise, rows)
                top = xp.full((*asked.shape[:-1], 1), -np.inf, tops.dtype)
                total, mixed = xp.zeros(top.shape, query.dtype), xp.zeros(out[head][..., rows, :].shape, query.dtype)
                for columns in self._seen_by(rows):
                    scores = self._scores(asked, key, keep, head, rows, columns)
                    new = xp.maximum(top, scores.real.max(-1, keepdims=True))
                    shift = xp.where(new == -np.inf, 0, new)   # nothing to look at so far
                    odds = self._odds(scores, shift)
                    before = xp.exp(top - shift)               # 0 at the first block, where top is -inf
                    total = total * before + odds @ ones[columns]
                    odds = odds if kept is None else odds * kept[:, columns]
                    mixed = mixed * before + odds @ value[head][..., columns, :]
                    top = new
                total = xp.where(total.real == 0, 1, total)
                out[head][..., rows, :] = mixed * (lift / total)
                tops[head][..., rows, :] = xp.where(top == -np.inf, 0, top)
                totals[head][..., rows, :] = total
        return tops, totals

    def backward(self, parts: tuple, keep, out, tops, totals, dout, grads: tuple) -> None:
        """Add to the gradients of query, key and value, which are zeros before."""
        (query, key, value), (dquery, dkey, dvalue) = parts, grads
        noise = self.noise and self.noise.again()
        for head in self.heads:
            for rows in self.rows:
                asked, total = query[head][..., rows, :] * self.shrink, totals[head][..., rows, :]
                kept, lift = self._kept(noise, rows)
                dmixed = dout[head][..., rows, :] * (lift / total)
                share = (dout[head][..., rows, :] * out[head][..., rows, :]).sum(-1, keepdims=True) / total
                for columns in self._seen_by(rows):
                    odds = self._odds(self._scores(asked, key, keep, head, rows, columns), tops[head][..., rows, :])
                    left = odds if kept is None else odds * kept[:, columns]
                    dvalue[head][..., columns, :] += left.swapaxes(-1, -2) @ dmixed
                    dscores = dmixed @ value[head][..., columns, :].swapaxes(-1, -2)      # dp / total
                    if kept is not None:
                        dscores *= kept[:, columns]
                    dscores -= share
                    dscores *= odds
                    dquery[head][..., rows, :] += dscores @ key[head][..., columns, :] * self.shrink
                    dkey[head][..., columns, :] += dscores.swapaxes(-1, -2) @ asked

    def _seen_by(self, rows: slice) -> list[slice]:
        """The blocks of keys of which these queries may see anything; the future is not even computed."""
        last = rows.stop + self.keys - self.queries            # of the last query, not included
        return [columns for columns in self.columns if not self.causal or columns.start < last]

    def _scores(self, asked, key, keep, head, rows: slice, columns: slice):
        """The scores of one block, -inf where a query may not look."""
        xp, seen = self.xp, None
        scores = asked @ key[head][..., columns, :].swapaxes(-1, -2)
        first = rows.start + self.keys - self.queries          # the last key that the first of these queries sees
        if self.causal and columns.stop - 1 > first:
            places = xp.arange(rows.stop - rows.start)[:, None]
            seen = xp.arange(columns.stop - columns.start) <= places + (first - columns.start)
        if keep is not None:
            here = keep[head][..., rows, columns]
            seen = here if seen is None else here & seen
        return scores if seen is None else xp.where(seen, scores, -np.inf)

    def _odds(self, scores, shift):
        """exp(score - shift), in the memory of the scores."""
        scores -= shift
        return self.xp.exp(scores, out=scores)

    def _kept(self, noise, rows: slice) -> tuple:
        """Which weights of these queries stay, (rows, S), and the factor that keeps their mean."""
        return (None, 1) if noise is None else draw_kept(self.xp, (rows.stop - rows.start, self.keys), self.rate, noise)


class _Noise:
    """The bytes that a generator gives for an array that is never there as a whole: piece by piece, and once more.

    A generator that gives some rows of a larger array, as a worker has, is asked where its own begin: `ahead`.
    """

    def __init__(self, rng: np.random.Generator, length: int):
        ahead = getattr(rng, "ahead", None)
        self.rng: np.random.Generator = rng
        self.skipped = 0
        if ahead is not None:
            self.rng, self.skipped = ahead(length)
        self.start = copy.deepcopy(self.rng.bit_generator)

    def first(self) -> "_Pieces":
        """The bytes, from the generator itself, which then stands behind them."""
        return _Pieces(self.rng, self.skipped)

    def again(self) -> "_Pieces":
        """The same bytes."""
        return _Pieces(np.random.Generator(copy.deepcopy(self.start)), self.skipped)


class _Pieces:
    """Bytes that come to the same in pieces of any length; a generator gives them in words of four, or loses some."""

    def __init__(self, rng: np.random.Generator, skipped: int):
        self.rng, self.rest = rng, b""
        self.bytes(skipped)

    def bytes(self, length: int) -> bytes:
        """The next of them."""
        words = -(-max(0, length - len(self.rest)) // 4)
        found = self.rest + (bytes(random_bytes(self.rng, 4 * words)) if words else b"")
        self.rest = found[length:]
        return found[:length]


def _pieces(length: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]


def _qkv(rng, *shape):
    return [rng.normal(size=shape) for _ in range(3)]


@blockwise_attention.case
def _(rng):
    """two heads, everything seen, blocks of two"""
    return Call(*_qkv(rng, 2, 3, 2), block=2)


@blockwise_attention.case
def _(rng):
    """fewer queries than keys, looking back only"""
    return Call(rng.normal(size=(3, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 2)), causal=True, block=2)


@blockwise_attention.case
def _(rng):
    """padding hidden, and weights dropped"""
    return Call(*_qkv(rng, 2, 3, 2), keep=np.array([[[True, True, False]], [[True, True, True]]]), rate=0.25,
                rng=np.random.default_rng(1), block=2)


@blockwise_attention.special
def _(rng):
    """a query that may look nowhere gives zeros and a zero gradient"""
    nowhere = np.array([[False, False, False], [True, False, True]])
    return Special(*_qkv(rng, 3, 2)[:2], np.ones((3, 2)), keep=nowhere[[0, 1, 1]], block=2).expect(
        out=[[0.0] * 2, [1.0] * 2, [1.0] * 2], grads=(np.zeros((3, 2)), np.zeros((3, 2)), None))


@blockwise_attention.special
def _(rng):
    """scores that grow by more than exp can hold from one block to the next"""
    return Special(np.array([[1.0], [-1.0]]), np.array([[0.0], [-2000.0], [2000.0]]), np.array([[1.0], [2.0], [3.0]]),
                   block=1).expect(out=[[3.0], [2.0]], grads=(np.zeros((2, 1)), np.zeros((3, 1)), None))


@blockwise_self_attention.case
def _(rng):
    """two heads, everything seen, blocks of two"""
    return Call(rng.normal(size=(1, 3, 12)), heads=2, block=2)


@blockwise_self_attention.case
def _(rng):
    """looking back only, with padding hidden"""
    return Call(rng.normal(size=(2, 3, 6)), heads=1, causal=True, block=2,
                keep=np.array([[True, True, False], [True, True, True]])[:, None, None])


@blockwise_self_attention.case
def _(rng):
    """weights dropped"""
    return Call(rng.normal(size=(2, 3, 6)), heads=1, rate=0.25, rng=np.random.default_rng(1), block=2)


@blockwise_self_attention.special
def _(rng):
    """queries that may look nowhere give zeros and a zero gradient"""
    keep = np.zeros((1, 1, 1, 2), bool)
    return Special(rng.normal(size=(1, 2, 6)), heads=1, keep=keep, block=1).expect(
        out=np.zeros((1, 2, 2)), grads=(np.zeros((1, 2, 6)),))

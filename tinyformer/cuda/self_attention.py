"""How does attention run on a GPU?  Four products, and between them one launch each that lays numbers out or softens.

CuPy copies a factor of a stack of products that does not lie row by row.  So every array is laid out as the product
that reads it wants it, also transposed; and where that would be an array as large as the scores, the product is taken
the other way round: value gets (doutᵀ p)ᵀ instead of pᵀ dout.
"""

import math

import numpy as np

from tinyformer.cuda.philox import drop_of, place_of
from tinyformer.cuda.products import product
from tinyformer.cuda.softmax import KERNELS as SOFTMAX
from tinyformer.cuda.softmax import NO_DROPOUT, strides_of
from tinyformer.cuda.source import Source, beginning, in_order
from tinyformer.cuda.uploads import up

KERNELS = Source(r"""
#define EACH_PLACE(i, n)                          /* i walks over (B, H, T, D), and its four indices with it */      \
    EACH(i, n) for (whole d = i % D, t = i / D % length, h = i / D / length % heads, b = i / D / length / heads,     \
                    row = b * heads + h, once = 1; once; once = 0)

KERNEL lay_out(const T *packed, T *query, T *key_t, T *value, whole n, whole heads, whole length, whole D,
               double shrink) {
    EACH_PLACE(i, n) {
        const T *here = packed + (b * length + t) * 3 * heads * D + h * D + d;
        query[i] = here[0] * (T)shrink;
        key_t[(row * D + d) * length + t] = here[heads * D];
        value[i] = here[2 * heads * D];
    }
}

KERNEL lay_out_back(const T *packed, const T *dout, T *query_t, T *key, T *value_t, T *dheads, T *dheads_t,
                    whole n, whole heads, whole length, whole D, double shrink) {
    EACH_PLACE(i, n) {
        const T *here = packed + (b * length + t) * 3 * heads * D + h * D + d;
        whole turned = (row * D + d) * length + t;
        query_t[turned] = here[0] * (T)shrink;
        key[i] = here[heads * D];
        value_t[turned] = here[2 * heads * D];
        dheads[i] = dheads_t[turned] = dout[((b * length + t) * heads + h) * D + d];
    }
}

KERNEL bring_together(const T *mixed, T *out, whole n, whole heads, whole length, whole D) {
    EACH_PLACE(i, n) out[((b * length + t) * heads + h) * D + d] = mixed[i];
}

KERNEL bring_together_back(const T *dquery, const T *dkey_t, const T *dvalue_t, T *dpacked, whole n, whole heads,
                           whole length, whole D, double shrink) {
    EACH_PLACE(i, n) {
        T *here = dpacked + (b * length + t) * 3 * heads * D + h * D + d;
        whole turned = (row * D + d) * length + t;
        here[0] = dquery[i] * (T)shrink;
        here[heads * D] = dkey_t[turned];
        here[2 * heads * D] = dvalue_t[turned];
    }
}
""")


def self_attention(xp, packed, *, heads: int, keep=None, causal: bool = False, rate: float = 0.0, rng=None):
    """`ops.self_attention`; packed and the shares are kept, and dropout draws the same again."""
    if packed.ndim != 3 or not packed.size or heads < 1 or packed.shape[-1] % (3 * heads):
        return None
    batch, length, width = packed.shape[0], packed.shape[1], packed.shape[2] // 3
    if keep is not None:
        keep = up(xp, keep)
        if keep.dtype != bool or keep.ndim != 4 or any(
                mine not in (1, whole) for mine, whole in zip(keep.shape, (batch, heads, length, length), strict=True)):
            return None
    draws = batch * heads * length * length
    chance = NO_DROPOUT
    if rate or rng is not None and not isinstance(rng, np.random.Generator):
        if not 0 < rate < 1 or not (rng is None or isinstance(rng, np.random.Generator)):
            return None
        if rng is not None:
            if (place := place_of(rng, draws)) is None:
                return None
            chance = *place, *drop_of(rate)
    packed = in_order(packed)
    size, shrink = (batch * length * width, heads, length, width // heads), 1 / math.sqrt(width // heads)
    dropped = chance is not NO_DROPOUT

    def empty(*shape):
        return xp.empty((batch, heads, *shape), packed.dtype)

    query, key_t, value = empty(length, size[3]), empty(size[3], length), empty(length, size[3])
    KERNELS.over_numbers("lay_out", packed, size[0], packed, query, key_t, value, *size, shrink)
    p = product(xp, query, key_t)                              # (B, H, T, S): scores, then shares
    mixed = xp.empty_like(p) if dropped else p
    rows = batch * heads * length
    SOFTMAX.over_rows("shares", p, rows, length, p, mixed if dropped else 0, beginning(keep), rows, heads, length,
                      length, *strides_of(keep), int(not causal), *chance)
    mixed = product(xp, mixed, value)                          # (B, H, T, D)
    out = xp.empty((batch, length, width), packed.dtype)
    KERNELS.over_numbers("bring_together", out, size[0], mixed, out, *size)

    def backward(dout):
        dout = in_order(dout)
        query_t, value_t, dheads_t = (empty(size[3], length) for _ in range(3))
        key, dheads = (empty(length, size[3]) for _ in range(2))
        KERNELS.over_numbers("lay_out_back", packed, size[0], packed, dout, query_t, key, value_t, dheads, dheads_t,
                             *size, shrink)
        dscores = product(xp, dheads, value_t)                 # (B, H, T, S): dmixed, then in place dscores
        again = xp.empty_like(p) if dropped else p
        SOFTMAX.over_rows("shares_back", p, rows, length, p, dscores, again if dropped else 0, rows, length, *chance)
        dvalue_t = product(xp, dheads_t, again)                # (B, H, D, S)
        dquery = product(xp, dscores, key)                     # (B, H, T, D)
        dkey_t = product(xp, query_t, dscores)                 # (B, H, D, S)
        dpacked = xp.empty(packed.shape, packed.dtype)
        KERNELS.over_numbers("bring_together_back", packed, size[0], dquery, dkey_t, dvalue_t, dpacked, *size, shrink)
        return dpacked

    return out, backward

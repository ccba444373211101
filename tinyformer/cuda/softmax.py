"""How does a row of scores become shares in one launch?  One block a row, which stays in the cache from end to end."""

from tinyformer.cuda.philox import DRAW
from tinyformer.cuda.source import Source, in_order
from tinyformer.cuda.uploads import up

KERNELS = Source(DRAW, r"""
INLINE T lifted(whole i, word key0, word key1, word first, whole threshold, double lift) {
    word four[4];                                              /* the factor of number i: 0, lift, or 1 */
    if (!threshold) return 1;
    draw(key0, key1, (first + i) / 16, four);
    return is_kept(four, (first + i) % 16, threshold) ? (T)lift : 0;
}

/* scores (rows, keys), of batch, head and query, become shares in place, and what dropout leaves of them `mixed`.
   keep has a stride for each of these axes and the keys, 0 where it stretches; it may be null.  future: 0 hides it. */
KERNEL shares(T *scores, T *mixed, const truth *keep, whole rows, whole heads, whole queries, whole keys,
              whole of_batch, whole of_head, whole of_query, whole of_key, whole future,
              word key0, word key1, word first, whole threshold, double lift) {
    EACH_ROW(row, rows) {
        T *x = scores + row * keys;
        whole query = row % queries, head = row / queries % heads, batch = row / queries / heads;
        const truth *seen = keep ? keep + batch * of_batch + head * of_head + query * of_query : 0;
        whole last = future ? keys : query + 1 + keys - queries;
        T top = -MANY, total = 0;
        EACH_OF_ROW(i, keys) {
            if (i >= last || (seen && !seen[i * of_key])) x[i] = -MANY;
            else if (!(x[i] <= top)) top = x[i];
        }
        top = most_of_all(top);
        if (top == -MANY) top = 0;
        EACH_OF_ROW(i, keys) {
            x[i] = REAL(exp)(x[i] - top);
            total += x[i];
        }
        total = sum_of_all(total);
        if (total == 0) total = 1;
        EACH_OF_ROW(i, keys) {
            x[i] /= total;
            if (mixed) mixed[row * keys + i] = x[i] * lifted(row * keys + i, key0, key1, first, threshold, lift);
        }
    }
}

/* dshares (rows, keys), the gradient of `mixed`, becomes that of the scores in place; `mixed` is made again. */
KERNEL shares_back(const T *shares, T *dshares, T *mixed, whole rows, whole keys,
                   word key0, word key1, word first, whole threshold, double lift) {
    EACH_ROW(row, rows) {
        const T *p = shares + row * keys;
        T *d = dshares + row * keys, total = 0;
        EACH_OF_ROW(i, keys) {
            T factor = lifted(row * keys + i, key0, key1, first, threshold, lift);
            if (mixed) mixed[row * keys + i] = p[i] * factor;
            d[i] = p[i] == 0 ? 0 : p[i] * d[i] * factor;
            total += d[i];
        }
        total = sum_of_all(total);
        EACH_OF_ROW(i, keys) d[i] -= p[i] * total;
    }
}
""")
NO_DROPOUT = 0, 0, 0, 0, 1.0


def masked_softmax(xp, x, *, keep=None, axis: int = -1):
    """`ops.masked_softmax` over the last axis; the shares are kept."""
    if not x.shape or not x.size or axis not in (-1, x.ndim - 1):
        return None
    keys = x.shape[-1]
    rows = x.size // keys
    strides = 0, 0, 0, 0
    if keep is not None:
        keep = up(xp, keep)
        if keep.dtype != bool or keep.ndim > x.ndim:
            return None
        keep, strides = in_order(xp.broadcast_to(keep, x.shape)), (keys, 0, 0, 1)
    p = x.copy()
    KERNELS.over_rows("shares", p, rows, keys, p, 0, 0 if keep is None else keep, rows, 1, 1, keys, *strides, 1,
                      *NO_DROPOUT)

    def backward(dout):
        dx = dout.copy()
        KERNELS.over_rows("shares_back", dx, rows, keys, p, dx, 0, rows, keys, *NO_DROPOUT)
        return dx

    return p, backward


def strides_of(keep) -> tuple:
    """For each axis of a mask how many bytes lie from one place to the next, 0 where it stretches: a truth is one."""
    return (0,) * 4 if keep is None else tuple(
        0 if size == 1 else step for size, step in zip(keep.shape, keep.strides, strict=True))

"""How does one token look back at all the others in one launch?  A block for each query, and keys where they lie.

For writing: the keys and values of a text lie in buffers with room for more, which CuPy would copy, all of them and for
every token, before it multiplies.  For many queries products are faster, and the plain form serves; it also goes back.
"""

import math

import numpy as np

from tinyformer.cuda.softmax import strides_of
from tinyformer.cuda.source import Source, beginning, in_order
from tinyformer.cuda.uploads import up
from tinyformer.ops import attention as plain

FEW = 8                                                        # queries in a row of text

KERNELS = Source(r"""
/* query (B, H, T, D) lies in order; a head of keys and of values begins `of_head` numbers after the one before it */
KERNEL look(const T *queries, const T *keys, const T *values, const truth *keep, T *shares, T *out, whole rows,
            whole heads, whole asking, whole length, whole D, whole of_text, whole of_head, whole of_batch,
            whole keep_head, whole of_query, whole of_key, whole future, double shrink) {
    EACH_ROW(row, rows) {
        whole query = row % asking, head = row / asking % heads, text = row / asking / heads;
        whole last = future ? length : query + 1 + length - asking, from = text * of_text + head * of_head;
        const truth *seen = keep ? keep + text * of_batch + head * keep_head + query * of_query : 0;
        const T *q = queries + row * D;
        T *p = shares + row * length, top = -MANY, total = 0;
        EACH_OF_ROW(s, length) {
            T score = 0;
            for (whole d = 0; d < D; d++) score += q[d] * (T)shrink * keys[from + s * D + d];
            p[s] = s >= last || (seen && !seen[s * of_key]) ? -MANY : score;
            if (p[s] > top) top = p[s];
        }
        top = most_of_all(top);
        if (top == -MANY) top = 0;
        EACH_OF_ROW(s, length) {
            p[s] = REAL(exp)(p[s] - top);
            total += p[s];
        }
        total = sum_of_all(total);                             /* and every lane sees what the others wrote */
        if (total == 0) total = 1;
        EACH_OF_ROW(d, D) {
            T mixed = 0;
            for (whole s = 0; s < length; s++) if (p[s] != 0) mixed += p[s] * values[from + s * D + d];
            out[row * D + d] = mixed / total;
        }
    }
}
""")


def attention(xp, query, key, value, *, keep=None, causal: bool = False, rate: float = 0.0, rng=None):
    """`ops.attention` of few queries (B, H, T, D) and keys and values (B, H, S, D); its backward is the plain one."""
    if (query.ndim != 4 or key.ndim != 4 or key.shape != value.shape or not query.size or not key.size or rate
            or query.shape[2] > FEW or query.shape[:2] != key.shape[:2] or query.shape[3] != key.shape[3]
            or not _rows_in_order(key, value)):
        return None
    (batch, heads, asking, size), length = query.shape, key.shape[2]
    if keep is not None:
        keep = up(xp, keep)
        if keep.dtype != bool or keep.ndim != 4 or any(
                mine not in (1, whole) for mine, whole in zip(keep.shape, (batch, heads, asking, length), strict=True)):
            return None
    query, rows, starts = in_order(query), batch * heads * asking, (step // key.itemsize for step in key.strides[:2])
    out, shares = xp.empty(query.shape, query.dtype), xp.empty((rows, length), query.dtype)
    KERNELS.over_rows("look", query, rows, length, query, beginning(key), beginning(value), beginning(keep), shares,
                      out, rows, heads, asking, length, size, *starts, *strides_of(keep), int(not causal),
                      1 / math.sqrt(size))

    def backward(dout):
        return plain.raw(xp, query, key, value, keep=keep, causal=causal)[1](dout)

    return out, backward


def _rows_in_order(key, value) -> bool:
    """Does each head of both lie number by number, wherever it begins?"""
    one = key.itemsize
    return key.strides == value.strides and key.strides[2:] == (one * key.shape[3], one) and not np.any(
        np.less(key.strides, 0))

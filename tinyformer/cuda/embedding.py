"""How does a word that occurs several times gather its gradients on a GPU, the same way each time?

Atomic additions come in any order, and so does their rounding.  The ids are known to the host, which sorts them; then
one lane adds up one number of one word, in the order of the text: in stretches, for some words are everywhere.
"""

import numpy as np

from tinyformer.backend import to_host
from tinyformer.cuda.source import Source, in_order
from tinyformer.cuda.uploads import up

STRETCH = 64                                                   # places of one word that one lane adds up

KERNELS = Source(r"""
/* places (N,): those of one word after the other; stretch s has those from starts[s] to starts[s + 1] */
KERNEL gather(const T *rows, const whole *places, const whole *starts, T *partial, whole stretches, whole width) {
    EACH(i, stretches * width) {
        whole s = i / width;
        T total = 0;
        for (whole at = starts[s]; at < starts[s + 1]; at++) total += rows[places[at] * width + i % width];
        partial[i] = total;
    }
}

/* word w has the id ids[w], and stretches firsts[w] to firsts[w + 1] */
KERNEL gather_end(const T *partial, const whole *firsts, const whole *ids, T *table, whole words, whole width) {
    EACH(i, words * width) {
        whole w = i / width;
        T total = 0;
        for (whole s = firsts[w]; s < firsts[w + 1]; s++) total += partial[s * width + i % width];
        table[ids[w] * width + i % width] = total;
    }
}
""")


def embedding(xp, weight, *, ids):
    """`ops.embedding`: rows (..., C) of a table (V, C); where each word stands is kept."""
    host = to_host(ids) if hasattr(ids, "dtype") else np.asarray(ids)
    size = weight.shape[0] if weight.ndim == 2 else 0
    if not host.size or not weight.size or host.dtype.kind not in "iu" or host.min() < 0 or host.max() >= size:
        return None
    flat, shape = host.ravel().astype(np.int64), weight.shape
    picked, places, starts, firsts, words = _up(xp, flat, *stretches_of(flat))

    def backward(dout):
        dweight, partial = xp.zeros(shape, dout.dtype), xp.empty((starts.size - 1, shape[1]), dout.dtype)
        KERNELS.over_numbers("gather", partial, partial.size, in_order(dout), places, starts, partial, len(partial),
                             shape[1])
        KERNELS.over_numbers("gather_end", partial, words.size * shape[1], partial, firsts, words, dweight, words.size,
                             shape[1])
        return dweight

    return weight[picked].reshape(*host.shape, shape[1]), backward


def stretches_of(ids: np.ndarray) -> tuple:
    """Where ids (N,) stand, word after word: places, starts of stretches, the first stretch of each word, the words."""
    places = np.argsort(ids, kind="stable")
    words, begins, counts = np.unique(ids[places], return_index=True, return_counts=True)
    parts = -(-counts // STRETCH)                              # stretches of each word
    firsts = np.concatenate([[0], np.cumsum(parts)])
    inside = np.arange(firsts[-1]) - np.repeat(firsts[:-1], parts)                 # the how manieth of its word
    starts = np.repeat(begins, parts) + STRETCH * inside
    return places, np.concatenate([starts, [ids.size]]), firsts, words


def _up(xp, *columns: np.ndarray) -> list:
    """Columns of whole numbers, which go up as one array."""
    ends = np.cumsum([len(column) for column in columns]).tolist()
    whole = up(xp, np.concatenate(columns))
    return [whole[first:last] for first, last in zip([0, *ends], ends, strict=False)]

"""How does a word that occurs several times gather its gradients on a GPU, the same way each time?

Atomic additions come in any order, and so does their rounding.  The ids are known to the host, which sorts them; then
one lane adds up one number of one word, in the order of the text.
"""

import numpy as np

from tinyformer.backend import to_host
from tinyformer.cuda.source import Source, in_order

KERNELS = Source(r"""
/* places (N,): those of one word after the other; word w has those from starts[w] to starts[w + 1] and the id ids[w] */
KERNEL gather(const T *rows, const whole *places, const whole *starts, const whole *ids, T *table, whole words,
              whole width) {
    EACH(i, words * width) {
        whole w = i / width, channel = i % width;
        T total = 0;
        for (whole at = starts[w]; at < starts[w + 1]; at++) total += rows[places[at] * width + channel];
        table[ids[w] * width + channel] = total;
    }
}
""")


def embedding(xp, weight, *, ids):
    host = to_host(ids) if hasattr(ids, "dtype") else np.asarray(ids)
    size = weight.shape[0] if weight.ndim == 2 else 0
    if not host.size or not weight.size or host.dtype.kind not in "iu" or host.min() < 0 or host.max() >= size:
        return None
    flat, shape = host.ravel().astype(np.int64), weight.shape
    places = np.argsort(flat, kind="stable")
    words, starts = np.unique(flat[places], return_index=True)
    layout = xp.asarray(np.concatenate([flat, places, starts, [flat.size], words]))           # one array goes up
    picked, places, starts, words = (layout[first:last] for first, last in _stretches(
        flat.size, flat.size, len(starts) + 1, len(words)))

    def backward(dout):
        dweight = xp.zeros(shape, dout.dtype)
        KERNELS.over_numbers("gather", dweight, words.size * shape[1], in_order(dout), places, starts,
                             words, dweight, words.size, shape[1])
        return dweight

    return weight[picked].reshape(*host.shape, shape[1]), backward


def _stretches(*sizes: int):
    ends = np.cumsum(sizes).tolist()
    return zip([0, *ends], ends, strict=False)

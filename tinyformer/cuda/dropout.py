"""How is dropout one launch on a GPU, with the sum behind it?  A lane draws for its numbers alone, backwards too."""

import numpy as np

from tinyformer.cuda.philox import DRAW, NUMBERS, drop_of, place_of
from tinyformer.cuda.source import Source, in_order

KERNELS = Source(DRAW, r"""
/* out = dropout(h), and where `adds`, onto + dropout(h) */
KERNEL drop(const T *h, const T *onto, T *out, whole adds, whole n, word key0, word key1, word first, whole threshold,
            double lift) {
    whole before = first % 16, blocks = (before + n + 15) / 16;
    EACH(block, blocks) {
        word four[4];
        draw(key0, key1, first / 16 + block, four);
        for (whole number = 0; number < 16; number++) {
            whole i = 16 * block + number - before;
            if (0 <= i && i < n) {
                T passed = is_kept(four, number, threshold) ? h[i] * (T)lift : 0;
                out[i] = adds ? onto[i] + passed : passed;
            }
        }
    }
}
""")


def dropout(xp, x, *, rate: float, rng: np.random.Generator | None):
    """`ops.dropout`; nothing is kept but the place in the stream."""
    drop = _drop(xp, x.size, rate, rng)
    return drop and (drop(x), drop)


def dropout_add(xp, x, h, *, rate: float, rng: np.random.Generator | None):
    """`ops.dropout_add` of two arrays of one shape and precision; x is not kept either."""
    drop = (x.shape, x.dtype) == (h.shape, h.dtype) and _drop(xp, h.size, rate, rng)
    return (drop(h, x), lambda dout: (dout, drop(dout))) if drop else None


def _drop(xp, size: int, rate: float, rng):
    """What drops of `size` numbers those of the next place in the stream, and may add the rest to others; or None."""
    if not isinstance(rng, np.random.Generator) or not 0 < rate < 1 or (place := place_of(rng, size)) is None:
        return None

    def drop(h, onto=None):
        h = in_order(h)
        out = xp.empty_like(h)
        KERNELS.over_numbers("drop", h, size // NUMBERS + 2, h, h if onto is None else in_order(onto), out,
                             int(onto is not None), size, *place, *drop_of(rate))
        return out

    return drop

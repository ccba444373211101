"""How is dropout one launch on a GPU?  Each lane draws for its numbers alone, and backward draws the same again."""

import numpy as np

from tinyformer.cuda.philox import DRAW, NUMBERS, drop_of, place_of
from tinyformer.cuda.source import Source, in_order

KERNELS = Source(DRAW, r"""
KERNEL drop(const T *x, T *out, whole n, word key0, word key1, word first, whole threshold, double lift) {
    whole before = first % 16, blocks = (before + n + 15) / 16;
    EACH(block, blocks) {
        word four[4];
        draw(key0, key1, first / 16 + block, four);
        for (whole number = 0; number < 16; number++) {
            whole i = 16 * block + number - before;
            if (0 <= i && i < n) out[i] = is_kept(four, number, threshold) ? x[i] * (T)lift : 0;
        }
    }
}
""")


def dropout(xp, x, *, rate: float, rng: np.random.Generator | None):
    """`ops.dropout`; nothing is kept but the place in the stream."""
    if not isinstance(rng, np.random.Generator) or not 0 < rate < 1 or (place := place_of(rng, x.size)) is None:
        return None
    threshold, lift = drop_of(rate)

    def drop(numbers):
        numbers = in_order(numbers)
        out = xp.empty_like(numbers)
        KERNELS.over_numbers("drop", numbers, numbers.size // NUMBERS + 2, numbers, out, numbers.size, *place,
                             threshold, lift)
        return out

    return drop(x), drop

"""What does a model over vectors make of sounds or pictures, layer by layer?  To be looked at, or read off."""

from collections.abc import Sequence

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.frames import padded
from tinyformer.engine import no_grad
from tinyformer.models.vectors import VectorEncoder
from tinyformer.nn import padding_mask

ROWS = 64                                     # that are read at a time


def layers_of(encoder: VectorEncoder, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Of rows of vectors (T, F), each of its own length, what enters the first layer and what leaves each.

    (L + 1, T, C) for each row.  A row that is longer than the model has room for is read in pieces.
    """
    room = encoder.config.context
    pieces = [(n, first) for n, row in enumerate(rows) for first in range(0, len(row), room)]
    pieces.sort(key=lambda piece: len(rows[piece[0]]))         # rows of one length beside one another, for less padding
    found = [np.empty((encoder.config.layers + 1, len(row), encoder.config.width), np.float32) for row in rows]
    with no_grad():
        for at in range(0, len(pieces), ROWS):
            some = pieces[at:at + ROWS]
            vectors, keep = padded([rows[n][first:first + room] for n, first in some])
            x = encoder.embed(vectors)
            states, seen = [x], padding_mask(keep, x)
            for layer in encoder.layers:
                states.append(layer(states[-1], seen))
            whole = np.stack([to_host(each.data) for each in states])                    # (L + 1, B, T, C)
            for (n, first), row, real in zip(some, whole.swapaxes(0, 1), keep, strict=True):
                found[n][:, first:first + room] = row[:, :real.sum()]
    return found

"""What need not be computed again when one more token comes?  The keys and values of all tokens before it.

A position looks back only, so nothing that comes later changes what it offers.  Each layer keeps its keys and values,
and a new token costs one position instead of all of them.  These are raw arrays without a graph: for writing, not for
training.
"""

import numpy as np

from tinyformer.backend import device_of, library, to_device

ROOM = 64                                                      # positions in the first buffer; later ones are doubled


class KeyValues:
    """What one layer remembers: keys and values (B, H, S, D) of S positions, in buffers with room for more."""

    def __init__(self):
        self.length = 0                                        # S
        self.buffers = None                                    # keys and values, each (B, H, room, D)

    def extend(self, key, value) -> tuple:
        """Remember the next positions, key and value (B, H, T, D); those of all S + T positions come back."""
        start, self.length = self.length, self.length + key.shape[2]
        if self.buffers is None or self.length > self.buffers[0].shape[2]:
            self._grow(key, start)
        for buffer, new in zip(self.buffers, (key, value), strict=True):
            buffer[:, :, start:self.length] = new
        return tuple(buffer[:, :, :self.length] for buffer in self.buffers)

    def take(self, rows) -> None:
        """Go on with these rows, a whole-number array where the buffers are."""
        self.buffers = [buffer[rows] for buffer in self.buffers]

    def _grow(self, like, filled: int) -> None:
        batch, heads, _, size = like.shape
        before, room = self.buffers, max(ROOM, 2 * self.length)
        self.buffers = [library(like).empty((batch, heads, room, size), like.dtype) for _ in range(2)]
        for buffer, old in zip(self.buffers, before or (), strict=before is not None):
            buffer[:, :, :filled] = old[:, :, :filled]


class Cache:
    """What all layers remember of B rows of text, and where the next tokens of each row stand.

    Rows of unequal length are padded at the left, so that all of them end, and go on, in the same column:
    `padding` (B,) counts the empty columns of each.  A row's positions are counted from its own first token.
    """

    def __init__(self, layers: int, padding: np.ndarray | None = None):
        self.layers = [KeyValues() for _ in range(layers)]
        self.padding = padding if padding is not None and padding.any() else None

    @property
    def length(self) -> int:
        """How many columns have been read."""
        return self.layers[0].length

    def places(self, count: int) -> np.ndarray:
        """The positions of the next `count` columns: (T,), or (B, T) where rows are padded; 0 in the padding."""
        columns = np.arange(self.length, self.length + count)
        return columns if self.padding is None else np.maximum(columns - self.padding[:, None], 0)

    def keep(self, count: int, like):
        """Which columns may be seen once `count` more are there, (B, 1, 1, S) on the device of `like`; None: all."""
        if self.padding is None:
            return None
        real = np.arange(self.length + count) >= self.padding[:, None]             # (B, S)
        return to_device(real[:, None, None, :], like.device)

    def take(self, rows: np.ndarray) -> None:
        """Go on with rows[0], rows[1], ... of those so far; one may come several times, another not at all."""
        rows = np.asarray(rows)
        self.padding = None if self.padding is None else self.padding[rows]
        for layer in self.layers:
            layer.take(to_device(rows, device_of(layer.buffers[0])))

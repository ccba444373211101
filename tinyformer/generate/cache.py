"""What need not be computed again when one more token comes?  The keys and values of all tokens before it.

Each layer keeps its own (nn/key_values.py); a new token costs one position instead of all of them.
"""

from typing import Any

import numpy as np

from tinyformer.backend import device_of, to_device
from tinyformer.nn import KeyValues


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

    def keep(self, count: int, like) -> Any:
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

"""What does a decoder not have to compute again?  The keys and values of the source, and of all it has written.

A new position asks every earlier one, but nothing that an earlier one computed depends on it.  So each layer keeps
its keys and values, and a step costs one position instead of all.
"""

import numpy as np

from tinyformer.backend import device_of, to_device
from tinyformer.engine import Tensor
from tinyformer.nn import KeyValues


class LayerCache:
    """What one layer keeps: cross_key, cross_value (B, H, S, D) of the source, and `own` for the tokens written."""

    def __init__(self, cross_key: Tensor, cross_value: Tensor, keep):
        self.cross_key, self.cross_value, self.keep = cross_key.data, cross_value.data, keep
        self.own = KeyValues()

    def extended(self, key: Tensor, value: Tensor) -> tuple:
        """Add the keys and values of new positions; those of all positions come back."""
        return self.own.extend(key.data, value.data)

    def take(self, rows) -> None:
        """Go on with these rows of the batch, in this order."""
        rows = to_device(rows, device_of(self.cross_key))
        self.cross_key, self.cross_value = self.cross_key[rows], self.cross_value[rows]
        self.keep = None if self.keep is None else self.keep[rows]
        self.own.take(rows)


class DecoderCache:
    """The caches of all layers; `length` positions have been written so far."""

    def __init__(self, cross: list[tuple[Tensor, Tensor]], keep=None):
        self.layers = [LayerCache(key, value, keep) for key, value in cross]

    @property
    def length(self) -> int:
        return self.layers[0].own.length

    def take(self, rows) -> None:
        """Go on with these rows (R,) of the batch, in this order: a search copies what is worth following up."""
        if np.array_equal(rows, np.arange(len(self.layers[0].cross_key))):
            return                                             # all as they are: nothing to copy
        for layer in self.layers:
            layer.take(rows)

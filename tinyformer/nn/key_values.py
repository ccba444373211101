"""What does one layer not have to compute again?  The keys and values of the positions before, in buffers with room.

A position looks back only, so nothing that comes later changes what it offers.  These are raw arrays without a graph:
for writing, not for training.
"""

from tinyformer.backend import library

ROOM = 64                                                      # positions in the first buffer; later ones are doubled


class KeyValues:
    """What one layer remembers: keys and values (B, H, S, D) of S positions, in buffers with room for more."""

    def __init__(self):
        self.length = 0                                        # S
        self.buffers = []                                      # keys and values, each (B, H, room, D)

    def extend(self, key, value) -> tuple:
        """Remember the next positions, key and value (B, H, T, D); those of all S + T positions come back."""
        start, self.length = self.length, self.length + key.shape[2]
        if not self.buffers or self.length > self.buffers[0].shape[2]:
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
        for buffer, old in zip(self.buffers, before, strict=bool(before)):
            buffer[:, :, :filled] = old[:, :, :filled]

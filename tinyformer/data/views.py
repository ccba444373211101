"""How does one picture become two that show the same?  It is turned, moved, cut, made darker and covered with noise.

What a view changes is what a model will learn to pass over: this is all that contrastive learning is told of the world
(Chen et al. 2020, section 3).  Views are drawn from a generator that is handed in, and so are functions of the seed and
the step alone.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Views:
    """How far a view may go: turned by radians, stretched by a share, moved by pixels, cut down to a share of the side;
    contrast times a number, a grain of noise of a standard deviation.  Each is drawn evenly from nothing to that."""

    turn: float = 0.2
    zoom: float = 0.1
    shift: float = 2.0
    crop: float = 1.0                         # the least share of the side that stays; 1: all
    contrast: float = 0.4
    grain: float = 0.05

    def __call__(self, pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A view of each picture, (N, S, S) -> (N, S, S) float32."""
        count, side = len(pictures), pictures.shape[-1]
        angle = rng.uniform(-self.turn, self.turn, count)
        sizes = 1 + rng.uniform(-self.zoom, self.zoom, (2, count))
        kept = rng.uniform(self.crop, 1, count)
        room = (1 - kept) * (side - 1) / 2                     # how far the window may go to either side
        move = rng.uniform(-self.shift, self.shift, (2, count)) + rng.uniform(-room, room, (2, count))
        cos, sin = np.cos(angle) * kept, np.sin(angle) * kept
        matrix = np.array([[cos / sizes[0], -sin / sizes[0]], [sin / sizes[1], cos / sizes[1]]])       # (2, 2, N)
        found = warp(pictures, np.moveaxis(matrix, -1, 0), move.T)
        found *= (1 + rng.uniform(-self.contrast, self.contrast, (count, 1, 1))).astype(np.float32)
        found += rng.uniform(0, self.grain, (count, 1, 1)).astype(np.float32) * rng.standard_normal(
            found.shape, np.float32)
        return found

    def pair(self, pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The first views of all pictures and then the second, (2N, S, S)."""
        return np.concatenate([self(pictures, rng), self(pictures, rng)])


def warp(pictures: np.ndarray, matrix: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Pictures (N, S, S) as seen through matrix (N, 2, 2) and move (N, 2), both in pixels and around the centre.

    The new picture shows at p what the old one has at matrix p + move, as a mean of the four pixels around that place
    by their nearness (bilinear); outside all is 0.
    """
    count, side = len(pictures), pictures.shape[-1]
    middle = (side - 1) / 2
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij")).reshape(2, -1) - middle    # (2, SS)
    source = (matrix.astype(np.float32) @ places.astype(np.float32)
              + (move[..., None] + middle).astype(np.float32))                         # (N, 2, SS)
    framed = np.pad(np.asarray(pictures, np.float32), ((0, 0), (1, 1), (1, 1)))        # zeros around
    source = np.clip(source + 1, 0, side + 1)                  # in the frame, beyond which all is 0 as well
    corner = np.minimum(source.astype(np.int64), side)         # the pixel above and left
    (top, left), (down, right) = corner.swapaxes(0, 1), (source - corner.astype(np.float32)).swapaxes(0, 1)
    flat, wide = framed.reshape(-1), side + 2
    first = np.arange(count)[:, None] * (wide * wide) + top * wide + left      # (N, SS)
    upper = flat[first] * (1 - right) + flat[first + 1] * right
    lower = flat[first + wide] * (1 - right) + flat[first + wide + 1] * right
    return (upper * (1 - down) + lower * down).reshape(count, side, side)

"""How does a picture become a row of vectors?  It is cut into squares, from the left to the right and row by row."""

import numpy as np


def cut(pictures: np.ndarray, size: int) -> np.ndarray:
    """(N, S, S) -> (N, T, size * size): T = (S / size)² patches; ValueError where they do not fill the picture."""
    count, height, width = pictures.shape
    if height % size or width % size:
        raise ValueError(f"cut: pictures are {height} x {width}, patches {size} x {size}; both sides must be multiples "
                         f"of {size}")
    tiles = pictures.reshape(count, height // size, size, width // size, size).swapaxes(2, 3)
    return tiles.reshape(count, -1, size * size)


def joined(patches: np.ndarray, side: int) -> np.ndarray:
    """The pictures (N, side, side) that patches (N, T, P) were cut from."""
    count, _, numbers = patches.shape
    size = round(numbers ** 0.5)
    tiles = patches.reshape(count, side // size, side // size, size, size).swapaxes(2, 3)
    return tiles.reshape(count, side, side)

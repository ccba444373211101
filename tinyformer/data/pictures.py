"""Where do pictures come from?  From scikit-learn's digits, shapes that are drawn, an IDX file, or a folder of PNG.

A set of pictures is square, grey, and holds numbers from 0, nothing, to 1.  On a canvas that is larger than they are,
each stands at a random place of its own ("wander"): then pixels alone tell little, and a model has something to learn.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyformer.data.picture_files import read_idx, read_idx_pictures, read_pngs
from tinyformer.data.shapes import NAMES, shapes
from tinyformer.errors import InputError
from tinyformer.options import suggestion
from tinyformer.rng import stream

DIGITS, SHAPES = "digits", "shapes"
SIDES = {DIGITS: 12, SHAPES: 16}              # of the canvas where nobody names one
PNG_SIDE = 32
DRAWN = 1800                                  # shapes in the set
SHUFFLED = 0                                  # the seed of the order: whoever reads a set has the same parts of it


@dataclass(frozen=True, eq=False)
class Pictures:
    """N pictures of S x S, and of which class each is, where that is known."""

    pixels: np.ndarray                        # (N, S, S) float32
    labels: np.ndarray | None                 # (N,) int
    names: tuple[str, ...]                    # of the classes

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def side(self) -> int:
        """Pixels on each side."""
        return self.pixels.shape[-1]

    def some(self, places) -> "Pictures":
        """Those at these places."""
        return Pictures(self.pixels[places], None if self.labels is None else self.labels[places], self.names)

    def split(self, share: float) -> tuple["Pictures", "Pictures"]:
        """(training, held out): the last `share` is held out; the set was shuffled when it was read."""
        first = len(self) - round(share * len(self))
        return self.some(slice(0, first)), self.some(slice(first, None))

    def sha256(self) -> str:
        """A hash of all pixels and labels."""
        found = hashlib.sha256(np.ascontiguousarray(self.pixels).tobytes())
        found.update(repr(self.pixels.shape).encode() + (b"" if self.labels is None else self.labels.tobytes()))
        return found.hexdigest()


def read_pictures(source: str | None, side: int | None = None) -> Pictures:
    """The set of a name or a path, in an order of its own, on a canvas of side x side where one is asked for.

    InputError where there is no such set, where a file is damaged, where a picture is larger than the canvas.
    """
    if source is None:
        raise InputError("no pictures were named; give --corpus digits (scikit-learn's), shapes, an IDX file as "
                         "MNIST's, or a folder of PNG files")
    path = Path(source)
    if source == DIGITS:
        pixels, labels = _digits()
        names = tuple("0123456789")
    elif source == SHAPES:
        side = side or SIDES[SHAPES]
        pixels, labels = shapes(DRAWN, side, SHUFFLED)
        names = NAMES
    elif path.is_dir():
        pixels, labels, names = read_pngs(path, side or PNG_SIDE)
    elif path.exists():
        pixels, labels = read_idx_pictures(path)
        names = () if labels is None else tuple(map(str, range(int(labels.max(initial=0)) + 1)))
    else:
        raise InputError(f"{source}: no such pictures; give digits, shapes, an IDX file or a folder of PNG files"
                         + suggestion(source, SIDES))
    if len(pixels) < 2 or not pixels.shape[-1]:
        raise InputError(f"{source}: holds {len(pixels)} pictures; there must be two at least")
    order = stream(SHUFFLED, "order of pictures").permutation(len(pixels))
    pixels, labels = pixels[order], None if labels is None else labels[order]
    return Pictures(wandering(pixels, side or side_of(source), source), labels, names)


def side_of(source: str | None) -> int | None:
    """The side of the canvas that a set gets where nobody names one; None where there is no such set."""
    path = Path(source or "")
    if source in SIDES:
        return SIDES[source]
    if not source or not path.exists():
        return None
    return PNG_SIDE if path.is_dir() else max(read_idx(path).shape[1:], default=None)


def wandering(pixels: np.ndarray, side: int, source: str = "pictures") -> np.ndarray:
    """Each picture (N, H, W) at a random place of an empty canvas, (N, side, side), always the same one."""
    count, height, width = pixels.shape
    if side < max(height, width):
        raise InputError(f"{source}: pictures are {height} x {width}, and --side is {side}; the canvas must not be "
                         "smaller than they are")
    rng = stream(SHUFFLED, "places")
    canvas = np.zeros((count, side, side), np.float32)
    down, right = (rng.integers(0, side - size + 1, count) for size in (height, width))
    rows = (down[:, None] + np.arange(height))[:, :, None]
    columns = (right[:, None] + np.arange(width))[:, None, :]
    canvas[np.arange(count)[:, None, None], rows, columns] = pixels
    return canvas


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """The 1,797 handwritten digits of 8 x 8 that scikit-learn carries (from the UCI repository)."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise InputError("--corpus digits are those of scikit-learn, which is not installed; pip install "
                         "'tinyformer[pictures]', or take --corpus shapes") from None
    found = load_digits()
    return (found.images / 16).astype(np.float32), found.target.astype(np.int64)

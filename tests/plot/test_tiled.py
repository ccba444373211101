"""Do rows of small pictures come out grey where they are pictures, and in colours where they are weights?"""

import numpy as np
import pytest

from tinyformer import plot


def colours(path, row: int) -> np.ndarray:
    """How far from grey the pixels in the middle of one of two rows of a picture are."""
    from matplotlib.image import imread
    pixels = imread(path)[..., :3]
    half = len(pixels) // 2
    return np.ptp(pixels[row * half:(row + 1) * half], axis=-1)


@pytest.mark.parametrize("signed, coloured", [(False, ()), (True, (0, 1)), ([1], (1,))])
def test_weights_have_colours(tmp_path, signed, coloured):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    picture = np.array([[0.0, 1.0], [0.5, -0.5]])
    plot.tiles([("one", [picture] * 3), ("two", [picture] * 3)], tmp_path / "tiles.png", signed=signed)
    for row in (0, 1):
        assert (colours(tmp_path / "tiles.png", row).max() > 0.3) == (row in coloured)


def test_nothing_is_no_picture(tmp_path):
    for rows in ([], [("one", [])]):
        with pytest.raises(ValueError, match="there is no picture to draw"):
            plot.tiles(rows, tmp_path / "tiles.png")

"""Is a large picture small by its palette, and does it look as it did?"""

from io import BytesIO

import numpy as np
import pytest

from tinyformer import plot
from tinyformer.plot import palette, style

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
Image = pytest.importorskip("PIL.Image", reason="pictures need Pillow")


def lines(path) -> int:
    """Draw many noisy lines side by side: the size of the file."""
    rng = np.random.default_rng(0)
    panels = [plot.Panel(f"panel {number}", "score",
                         {name: [list(enumerate(rng.normal(size=60).cumsum().tolist())) for _ in range(3)]
                          for name in ("one", "two", "three")}) for number in range(2)]
    plot.single_runs(panels, path, title="Many lines")
    return path.stat().st_size


def pixels(path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"), int)


def test_a_large_picture_takes_less_room_and_looks_the_same(tmp_path, monkeypatch):
    small = lines(tmp_path / "small.png")
    monkeypatch.setattr(style, "smaller", lambda picture: picture)
    full = lines(tmp_path / "full.png")
    assert full > palette.LARGE and small < 0.5 * full
    few, all_of_them = (Image.open(tmp_path / f"{name}.png") for name in ("small", "full"))
    assert few.mode == "P" and few.info["dpi"] == all_of_them.info["dpi"] and few.text == all_of_them.text
    changed = np.abs(pixels(tmp_path / "small.png") - pixels(tmp_path / "full.png")).max(-1)
    assert 0 < changed.max() <= palette.MOST and changed.mean() <= 1


@pytest.mark.parametrize("colours", ["few and small", "more than a palette holds"])
def test_a_picture_stays_as_it_was_where_nothing_would_be_won(colours):
    side = 32 if colours == "few and small" else 150
    rng, picture = np.random.default_rng(0), BytesIO()
    Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)).save(picture, "PNG")
    assert palette.smaller(picture) is picture

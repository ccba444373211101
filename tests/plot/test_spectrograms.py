"""Are the spectrograms drawn on one scale, high sounds above, with gaps where nothing was heard?"""

import numpy as np
import pytest

from tinyformer import plot

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
pytestmark = pytest.mark.filterwarnings("error::UserWarning")


def test_a_row_for_each_sound(drawn, words, tmp_path):
    sound = np.arange(12.0).reshape(4, 3)
    got = np.where(np.arange(4)[:, None] == 2, np.nan, sound)
    plot.heard([sound, sound[:2]], [got, sound[:2]], [sound + 1, sound[:2]], tmp_path / "a.png", seconds=0.01,
               title="x")
    first, second, third, *below = [axes.images[0] for axes in drawn[0].axes]
    assert len(below) == 3 and first.get_clim() == second.get_clim() == third.get_clim()
    np.testing.assert_array_equal(first.get_array(), sound.T)
    assert second.get_array().mask[:, 2].all() and second.get_array().mask.sum() == 3
    assert first.origin == "lower" and list(first.get_extent()) == [0, 0.04, 0, 3]
    for part in ("what was there", "what the model got", "what it guessed", "seconds", "band", "x"):
        assert part in words()


def test_as_many_of_each_are_needed(tmp_path):
    with pytest.raises(ValueError, match="there are 1, 0 and 1 spectrograms"):
        plot.heard([np.eye(3)], [], [np.eye(3)], tmp_path / "a.png", seconds=0.01)

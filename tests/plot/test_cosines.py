"""Are the squares drawn as they are, with their texts and groups, above the curves?"""

import numpy as np
import pytest

from tinyformer import plot

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
pytestmark = pytest.mark.filterwarnings("error::UserWarning")
PANEL = plot.Panel("All words", "apart", {"has read": [[(0, 0.0), (1, 0.5)], [(0, 0.1), (1, 0.6)]]}, "layer",
                   levels={"to be seen": 0.3})
TEXTS, GROUPS = ["an apple", "the apple", "Apple Inc."], ["food", "food", "company"]


def test_squares_groups_and_curves(drawn, words, tmp_path):
    squares = {"what enters": np.eye(3), "layer 1": -np.ones((3, 3))}
    plot.alike(squares, TEXTS, GROUPS, [PANEL], tmp_path / "a.png", title="apple")
    first, second = [axes for axes in drawn[0].axes if axes.images][:2]
    np.testing.assert_array_equal(first.images[0].get_array(), np.eye(3))
    assert first.images[0].get_clim() == second.images[0].get_clim() == (-1, 1)
    assert [line.get_ydata()[0] for line in first.lines][:1] == [1.5]          # between the groups
    assert list(first.get_xticks()) == [0.5, 2]
    for part in ("apple", "what enters", "layer 1", *TEXTS, "food", "company", "cosine", "All words", "has read",
                 "to be seen"):
        assert part in words()


def test_what_does_not_fit_is_refused(tmp_path):
    for squares, groups, panels in (({"a": np.eye(2)}, GROUPS, [PANEL]), ({"a": np.eye(3)}, GROUPS[:2], [PANEL]),
                                    ({}, GROUPS, [PANEL]), ({"a": np.eye(3)}, GROUPS, [])):
        with pytest.raises(ValueError, match=r"squares are \(N, N\) for N texts and groups"):
            plot.alike(squares, TEXTS, groups, panels, tmp_path / "a.png")

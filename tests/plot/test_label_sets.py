"""Does the picture of many labels show how each was found, missed and given wrongly?"""

import pytest

from tinyformer.plot.label_sets import SHOWN, label_bars

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
pytestmark = pytest.mark.filterwarnings("error::UserWarning")


def bars(axes) -> list[list[tuple[float, float]]]:
    """(left end, length) of the parts of each bar, from the top."""
    found = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    return [found[n:n + 3] for n in range(0, len(found), 3)]


def test_each_label_has_a_bar_of_three_parts(drawn, words, tmp_path):
    label_bars({"rare": (1, 0, 0), "never given": (0, 5, 0), "all": (6, 2, 4)}, tmp_path / "a.png")
    assert bars(drawn[0].axes[0]) == [[(0, 6), (6, 2), (-4, 4)], [(0, 0), (0, 5), (0, 0)], [(0, 1), (1, 0), (0, 0)]]
    said = words()
    for part in ("all  (8)", "never given  (5)", "rare  (1)", "F1 0.67", "F1 0.00", "F1 1.00", "found", "missed",
                 "given wrongly"):
        assert part in said
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_the_most_frequent_of_many_labels_are_shown(drawn, words, tmp_path):
    label_bars({f"label {n}" + "中$x$" * 20 * (n == 3): (n, 1, 0) for n in range(SHOWN + 10)}, tmp_path / "b.png")
    assert len(bars(drawn[0].axes[0])) == SHOWN and f"the {SHOWN} most frequent of {SHOWN + 10} labels" in words()
    assert f"label {SHOWN + 9}" in words() and "label 9 " not in words()


def test_a_label_that_nothing_is_known_of_is_drawn_too(tmp_path):
    label_bars({"a": (0, 0, 0)}, tmp_path / "c.png")
    with pytest.raises(ValueError, match="no label to draw"):
        label_bars({}, tmp_path / "d.png")

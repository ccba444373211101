"""Is every run drawn as it was, in the colour of its name?"""

from dataclasses import replace

import numpy as np
import pytest

from tinyformer import plot

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
pytestmark = pytest.mark.filterwarnings("error::UserWarning")
CURVES = {"deep": [[(0, 2), (10, 99)], [(0, 1), (20, 98)]], "flat": [[(0, 3), (10, 4)]]}
PANEL = plot.Panel("Accuracy", "% right", CURVES, levels={"a coin": 50.0})


def test_every_run_is_a_line(drawn, words, tmp_path):
    plot.single_runs([PANEL, replace(PANEL, title="Loss", curves={"flat": CURVES["flat"]})], tmp_path / "r.png",
                     title="All runs")
    first, second = drawn[0].axes[:2]
    runs = [line for line in first.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    np.testing.assert_array_equal([line.get_ydata() for line in runs], [[2, 99], [1, 98], [3, 4]])
    colours = [line.get_color() for line in runs]
    assert colours[0] == colours[1] != colours[2]
    assert colours[2] in {line.get_color() for line in second.lines}           # a name keeps its colour
    for part in ("All runs", "Accuracy", "Loss", "deep", "flat", "a coin", "% right", "step"):
        assert part in words()


def test_nothing_to_draw_is_said(tmp_path):
    with pytest.raises(ValueError, match="no panel"):
        plot.single_runs([], tmp_path / "r.png")
    for runs in ([], [[]]):
        with pytest.raises(ValueError, match="'deep' has no runs"):
            plot.single_runs([replace(PANEL, curves={"deep": runs})], tmp_path / "r.png")

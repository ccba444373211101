"""Do the pictures of predictions show what they were given, whatever texts and however many classes it is?"""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tinyformer import plot
from tinyformer.plot.comparison import together
from tinyformer.plot.fonts import legible, width
from tinyformer.plot.page import PAGE, fitted, lines

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
pytestmark = pytest.mark.filterwarnings("error::UserWarning")
ODD = "中文 $x$ \u200bé\t\ud800" + "long" * 100


# Confusion matrices


def test_confusion_has_numbers_and_shares(drawn, words, tmp_path):
    plot.confusion(["no", "yes"], [[30, 10], [0, 0]], tmp_path / "c.png", title="Reviews")
    said = words()
    for part in ("30\n75%", "10\n25%", "no  (40)", "yes  (0)", "30 of 40 right (75.0%)", "Reviews", "predicted"):
        assert part in said
    np.testing.assert_allclose(drawn[0].axes[0].get_images()[0].get_array(), [[0.75, 0.25], [0, 0]])


@pytest.mark.parametrize("K", [1, 12, 29])
def test_confusion_of_few_classes_is_in_their_order(K, drawn, tmp_path):
    plot.confusion([f"{k}" for k in range(K)], np.diag(np.arange(K)), tmp_path / "c.png")
    assert [label.get_text() for label in drawn[0].axes[0].get_xticklabels()] == [f"{k}" for k in range(K)]
    assert len(drawn[0].axes[0].texts) == K + 1                # on the diagonal, and below the title


def test_confusion_of_many_classes_is_sorted_and_joined(drawn, tmp_path):
    counts = np.diag(np.arange(100))
    counts[0, 99] = 500
    plot.confusion([f"{k}" + ODD for k in range(100)], counts, tmp_path / "c.png")
    axes = drawn[0].axes[0]
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert len(names) == 60 and names[-1] == "(41 others)" and names[0].startswith("0") and names[1].startswith("99")
    assert max(map(len, names)) <= 24
    shares = axes.get_images()[0].get_array()
    assert shares[0, 1] == 1 and shares[1, 1] == 1 and shares[59, 59] == 1
    assert len(axes.texts) == 1


def test_confusion_refuses_what_does_not_fit(tmp_path):
    with pytest.raises(ValueError, match=r"\(2, 3\) for 2 labels"):
        plot.confusion(["a", "b"], np.zeros((2, 3)), tmp_path / "c.png")
    with pytest.raises(ValueError, match="0 labels"):
        plot.confusion([], np.zeros((0, 0)), tmp_path / "c.png")


# Sentences


def test_tagged_sentences_count_and_frame_what_is_wrong(drawn, words, tmp_path):
    sentences = [(["Ada", "slept", "there"], ["B-PER", "O", "O"], ["O", "O"]), ([ODD, "x"], ["A", "B"], ["A", "C"])]
    plot.tagged_sentences(sentences, tmp_path / "t.png")
    assert "2 of 4 wrong" in words() and "there" in words()
    framed = [patch for patch in drawn[0].axes[0].patches if patch.get_edgecolor()[3] > 0]
    assert len(framed) == 2 and "B-PER" in words()


def test_tagged_sentences_break_into_rows_and_stop_at_the_most(drawn, words, tmp_path):
    plot.tagged_sentences([(["word"] * 60, ["TAG"] * 60, ["TAG"] * 60)] * 3, tmp_path / "t.png", most=2)
    placed = [text for text in drawn[0].axes[0].texts if text.get_text() == "word"]
    assert len(placed) == 120 and max(text.get_position()[0] for text in placed) < PAGE
    assert "0 of 120 wrong" in words()
    plot.tagged_sentences([(["a", "b"], None, ["X", "Y"])], tmp_path / "t.png")
    assert "wrong" not in words()
    plot.tagged_sentences([], tmp_path / "none.png")
    with pytest.raises(ValueError, match="sentence 1 has 1 words, 2 predicted"):
        plot.tagged_sentences([(["a"], ["X"], ["X", "X"])], tmp_path / "t.png")


# Passages


def test_marked_answers_marks_prediction_and_gold_where_they_stand(drawn, words, tmp_path):
    document = "Ada lives in Rome."
    plot.marked_answers([(document, "Where?", (10, 17), [(13, 17)])], tmp_path / "a.png")
    assert "predicted: in Rome" in words() and "gold: Rome" in words() and "overlaps" in words()
    axes = drawn[0].axes[0]
    line, = (line for line in axes.lines if line.get_linewidth() == 2)
    left, right = (width(document[:place], 10.5) for place in (13, 17))
    np.testing.assert_allclose(line.get_xdata(), [left, right])
    assert axes.patches[0].get_xy()[:, 0].min() == pytest.approx(width(document[:10], 10.5) - 1)


@pytest.mark.parametrize("predicted, gold, verdict", [
    (None, [], "right"), (None, [(0, 3)], "wrong"), ((0, 3), [], "wrong"), ((0, 3), [(0, 3)], "right"),
    ((8, 11), [(0, 3)], "right"), ((4, 7), [(0, 3)], "wrong"), ((2, 5), [(0, 3)], "overlaps")])
def test_verdicts(predicted, gold, verdict, words, tmp_path):
    plot.marked_answers([("Ada and Ada", "Who?", predicted, gold)], tmp_path / "a.png")
    assert verdict in words() and ("no answer" in words()) == (predicted is None or not gold)


def test_of_a_long_passage_the_lines_with_answers_are_shown(drawn, words, tmp_path):
    document = "nothing here. " * 3000 + "The answer is SEVEN. " + "nor here. " * 3000 + ODD
    start = document.index("SEVEN")
    plot.marked_answers([(document, ODD, (start, start + 5), [(0, 7)])], tmp_path / "a.png")
    shown = [text.get_text() for text in drawn[0].axes[0].texts]
    assert "The answer is SEVEN." in " ".join(shown) and len(shown) < 22 and "…" in shown
    with pytest.raises(ValueError, match=r"answer at \(3, 99\) of a document of 5 characters"):
        plot.marked_answers([("short", "?", (3, 99), [])], tmp_path / "a.png")


def test_lines_are_full_and_lose_nothing():
    text = "one two three four five\nsix " * 9 + "seven" * 60 + "\n\n" + "字" * 100
    cuts = list(lines(text, 12, 200))
    assert [a for a, _ in cuts] == [0, *(b for _, b in cuts[:-1])] and cuts[-1][1] == len(text)
    widths = [width(legible(text[a:b].rstrip()), 12) for a, b in cuts]
    assert max(widths) <= 203 and sum(w > 150 for w in widths) > 10
    assert fitted("word " * 99, 12, 100).endswith("…") and width(fitted("word " * 99, 12, 100), 12) <= 100
    assert fitted("short", 12, 100) == "short"


# Scores


def test_score_scatter_says_the_figures(drawn, words, tmp_path):
    plot.score_scatter([1, 2, 3], [1.5, 2, np.nan], tmp_path / "s.png", title=ODD, pearson=0.9, spearman=-0.25)
    assert "Pearson 0.900, Spearman -0.250, 3 pairs" in words()
    np.testing.assert_allclose(drawn[0].axes[0].collections[0].get_offsets(), [[1, 1.5], [2, 2]])
    plot.score_scatter([1.0], [1.0], tmp_path / "one.png")
    assert "1 pair;" in words()
    with pytest.raises(ValueError, match=r"\(2,\) true and \(1,\) predicted"):
        plot.score_scatter([1, 2], [1], tmp_path / "s.png")


# Comparisons


def panel(**more) -> plot.Panel:
    runs = [[(0, 0.5), (10, 0.7)], [(0, 0.5), (10, 0.9)]]
    return plot.Panel("A task", "accuracy", {"pre-trained": runs, "scratch": [[(0, 0.5), (10, 0.6)]]}, **more)


@pytest.mark.parametrize("band, low, high", [("range", 0.7, 0.9), ("deviation", 0.8 - 0.02 ** 0.5, 0.8 + 0.02 ** 0.5)])
def test_compared_draws_mean_and_band(band, low, high, drawn, words, tmp_path):
    plot.compared([panel(levels={"majority": 0.5, "ceiling": 0.95}), panel(), panel()], tmp_path / "p.png",
                  title="All", band=band)
    for part in ("pre-trained 0.80", "scratch 0.60", "majority", "ceiling", "mean of 1 to 2 seeds", "step"):
        assert part in words()
    axes = drawn[0].axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.5, 0.8])
    at_the_end = [y for path in axes.collections[0].get_paths() for x, y in path.vertices if x == 10]
    assert (min(at_the_end), max(at_the_end)) == pytest.approx((low, high))
    assert axes.lines[0].get_color() == drawn[0].axes[1].lines[0].get_color()


def test_controls_are_thin_and_sizes_stand_on_a_logarithmic_axis(drawn, words, tmp_path):
    sizes = (62_528, 223_360, 3_252_736)
    runs = {name: [[(size, base + n) for n, size in enumerate(sizes)]] for name, base in (("4", 60), ("misled", 5))}
    panel = plot.Panel("mappings", "% right", {"4": runs["4"]}, controls={"misled": runs["misled"]}, percent=True,
                       logarithmic=True)
    plot.compared([panel], tmp_path / "p.png")
    axes = drawn[0].axes[0]
    assert axes.get_xscale() == "log" and axes.get_ylim() == (-3, 103)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["63 k", "223 k", "3.3 M"]
    assert [line.get_linestyle() for line in axes.lines] == ["-", "--"] and "misled 7.00" in words()


def test_compared_refuses_what_it_cannot_draw(words, tmp_path):
    plot.compared([plot.Panel(ODD, "F1", {ODD: [[(0, 50)]]})], tmp_path / "p.png")
    assert "one seed each" in words() and "50.0" in words()
    with pytest.raises(ValueError, match="no panel"):
        plot.compared([], tmp_path / "p.png")
    with pytest.raises(ValueError, match="must be 'range' or 'deviation'"):
        plot.compared([panel()], tmp_path / "p.png", band="std")
    with pytest.raises(ValueError, match="no runs"):
        plot.compared([plot.Panel("A task", "accuracy", {"a": []})], tmp_path / "p.png")


def test_runs_measured_at_different_places_are_brought_together():
    x, y = together([[(0, 0), (10, 10)], [(10, 0), (4, 6), (2, 8)]])
    np.testing.assert_allclose(x, [2, 4, 10])
    np.testing.assert_allclose(y, [[2, 4, 10], [8, 6, 0]])
    with pytest.raises(ValueError, match="share no stretch"):
        together([[(0, 0), (1, 0)], [(2, 0), (3, 0)]])


def test_glue_table_averages_over_tasks(words, tmp_path):
    plot.glue_table([("cola", {"a": [10, 30], "b": -5}), ("sst2", {"a": 60.0})], tmp_path / "g.png")
    for part in ("cola", "sst2", "average", "20.0", "60.0", "40.0", "-5.0", "■ a", "■ b"):
        assert part in words()
    with pytest.raises(ValueError, match="no score"):
        plot.glue_table([], tmp_path / "g.png")


def test_grouped_bars_have_the_mean_the_seeds_and_the_level(words, tmp_path):
    names = plot.Bars("names", "f1 x 100", {"mask": [10, 30], "rotate": [-5], "none": [0.0]}, ("copying", 62.0))
    groups = {"hides": ["mask"], "reorders": ["rotate"], "nothing": ["none"]}
    plot.grouped([names, replace(names, title="tags", level=None)], groups, tmp_path / "g.png", title="All")
    for part in ("All", "names", "tags", "mask", "20.0", "-5.0", "copying", "■ reorders", "mean of 2 seeds"):
        assert part in words()
    plot.grouped([replace(names, values=names.values | {"none": []})], groups, tmp_path / "g.png")
    assert "–" in words()                                      # a name without values
    with pytest.raises(ValueError, match="no values for none"):
        plot.grouped([replace(names, values={"mask": [1], "rotate": [2]})], groups, tmp_path / "g.png")
    with pytest.raises(ValueError, match="no panel or no group"):
        plot.grouped([], groups, tmp_path / "g.png")


def test_standings_have_the_averages_and_every_task_where_it_ends(drawn, words, tmp_path):
    scores = {"old": [{"cola": 10, "sst2": 30}, {"cola": 20, "sst2": 40}], "new": [{"cola": 60, "sst2": 90}]}
    plot.standings(scores, tmp_path / "s.png", levels={"a perfect reader": 100}, title="Nine")
    for part in ("25.0", "75.0", "average 75.0", "cola 60", "sst2 90", "a perfect reader", "Nine", "old", "new"):
        assert part in words()
    heights = [list(line.get_ydata()) for line in drawn[0].axes[0].get_lines()[:3]]
    assert heights == [[15, 60], [35, 90], [25, 75]]
    with pytest.raises(ValueError, match="has no scores"):
        plot.standings({"old": []}, tmp_path / "s.png")


# Where there is no home


@pytest.mark.parametrize("call", ["confusion(['é'], [[1]]", "tagged_sentences([(['a'], ['X'], ['X'])]"])
def test_nothing_is_said_where_the_home_directory_cannot_be_written(call, tmp_path):
    (tmp_path / "file").write_text("in the place of a home directory")
    homes = {name: str(tmp_path / "file") for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "USERPROFILE")}
    environment = {name: value for name, value in os.environ.items() if name != "MPLCONFIGDIR"} | homes
    code = f"from tinyformer import plot; plot.{call}, {str(tmp_path / 'p.png')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "") and (tmp_path / "p.png").exists()

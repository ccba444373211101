"""Do the pictures come out, with what was drawn in them said in words?"""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tinyformer import plot
from tinyformer.plot.fonts import BOX, legible
from tinyformer.plot.losses import _smoothed
from tinyformer.plot.style import spread

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
PNG = b"\x89PNG\r\n\x1a\n"


def test_loss_curve_names_its_lines_and_levels(words, tmp_path):
    training = [(step, 5 - step / 100) for step in range(1, 101)]
    path = tmp_path / "new" / "loss.png"
    plot.loss_curve(training, path, validation=[(50, 4.6), (100, 4.25)], entropy=4.5, start=5.0)
    assert path.read_bytes().startswith(PNG)
    said = words()
    for part in ("training 4.0", "validation 4.25", "unigram entropy = 4.50", "ln V = 5.00", "step", "nats per token"):
        assert part in said


def test_loss_curve_of_one_point_and_of_none(tmp_path):
    plot.loss_curve([(1, 2.0)], tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 1000
    with pytest.raises(ValueError, match="no point to draw"):
        plot.loss_curve([], tmp_path / "none.png")


def test_smoothing_keeps_the_mean_of_a_constant_and_the_length():
    np.testing.assert_allclose(_smoothed(np.full(200, 3.0)), 3.0)
    noisy = np.random.default_rng(0).normal(size=600)
    assert len(_smoothed(noisy)) == 600
    assert _smoothed(noisy).std() < 0.4


def test_attention_map_has_a_square_for_each_head(drawn, tmp_path):
    tokens = ["[CLS]", "a", "[MASK]", "[SEP]"]
    weights = np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 4))
    plot.attention_map(weights, tokens, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(PNG)
    images = [image.get_array() for axes in drawn[0].axes for image in axes.get_images()][:3]
    np.testing.assert_allclose(np.stack(images), weights)
    with pytest.raises(ValueError, match=r"\(3, 4, 4\) for 2 tokens"):
        plot.attention_map(weights, ["a", "b"], tmp_path / "map.png")


def test_attention_to_another_sequence_names_its_tokens_below(drawn, tmp_path):
    weights = np.random.default_rng(0).dirichlet(np.ones(5), size=(1, 2))
    plot.attention_map(weights, ["la", "loutre"], tmp_path / "map.png", sources=["the", "old", "otter", "woke", "."])
    axes = drawn[0].axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["the", "old", "otter", "woke", "."]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["la", "loutre"]
    np.testing.assert_allclose(axes.get_images()[0].get_array(), weights[0])
    with pytest.raises(ValueError, match=r"\(1, 2, 5\) for 2 tokens that look at 2"):
        plot.attention_map(weights, ["la", "loutre"], tmp_path / "map.png")


def test_valley_has_three_named_lines(drawn, words, tmp_path):
    steps = np.logspace(-16, -1, 16)
    found = SimpleNamespace(name="square", steps=steps, float64=steps ** 2 + 1e-16 / steps,
                            float32=steps ** 2 + 1e-7 / steps, complex_step=np.zeros(16))
    plot.valley(found, tmp_path / "valley.png")
    said = words()
    for part in ("float32", "float64", "complex step", "square", "best step 1e-06", "best step 1e-03"):
        assert part in said
    assert drawn[0].axes[0].get_xscale() == drawn[0].axes[0].get_yscale() == "log"


def test_a_function_that_knows_no_complex_numbers_has_two_lines(words, tmp_path):
    steps = np.logspace(-16, -1, 16)
    found = SimpleNamespace(name="abs", steps=steps, float64=steps, float32=steps, complex_step=np.full(16, np.nan))
    plot.valley(found, tmp_path / "valley.png")
    assert "complex step" not in words()


def test_pictures_need_no_global_state(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)           # importing it now fails
    plot.loss_curve([(1, 2.0), (2, 1.0)], tmp_path / "loss.png")
    assert (tmp_path / "loss.png").exists()


def test_names_at_the_ends_are_spread_evenly_and_stay_inside():
    np.testing.assert_allclose(spread([0.2, 0.5], 0.1), [0.2, 0.5])
    np.testing.assert_allclose(spread([0.5, 0.5], 0.1), [0.45, 0.55])             # both give way
    np.testing.assert_allclose(spread([0.3, 0.5, 0.52, 0.54], 0.1), [0.3, 0.42, 0.52, 0.62])
    np.testing.assert_allclose(spread([0.99, 1.0], 0.1), [0.9, 1.0])
    np.testing.assert_allclose(spread([0.0] * 5, 0.5), [0, 0.25, 0.5, 0.75, 1])   # no room for more
    assert spread([], 0.1) == []


def test_two_levels_that_are_close_are_named_on_two_sides(drawn, tmp_path):
    plot.loss_curve([(1, 5.0), (2, 2.0)], tmp_path / "loss.png", entropy=2.1, start=2.2)
    sides = {text.get_text()[:4]: text.get_va() for text in drawn[0].axes[0].texts}
    assert (sides["unig"], sides["ln V"]) == ("top", "bottom")


@pytest.mark.filterwarnings("error::UserWarning")
def test_texts_that_no_font_has_and_formulas_that_are_none(drawn, tmp_path):
    assert legible("a\tb\u200d\ud800") == f"a b{BOX}"
    assert legible("naïve") == "naïve"
    tokens = ["$x^$", "\U0001F9FF", "\u4e2d\u6587", r"\$"]
    plot.attention_map(np.full((1, 4, 4), 0.25), tokens, tmp_path / "map.png", title="$5 or $6")
    assert drawn[0].axes[0].get_xticklabels()[0].get_text() == r"\$x^\$"


def test_a_function_applied_again_and_again_has_a_curve_for_each_time(drawn, words, tmp_path):
    x = np.linspace(0.1, 1, 10)
    plot.repeated(x, [x ** 0.5, x ** 0.25], tmp_path / "repeated.png", band=(0.9, 1.0), title="Roots")
    plain, logarithmic = drawn[0].axes
    assert logarithmic.get_xscale() == "log" and len(plain.lines) == 3
    assert np.array_equal(plain.lines[1].get_ydata(), x ** 0.25)
    for part in ("Roots", "once", "2", "0.90 to 1.00: never left again"):
        assert part in words()
    with pytest.raises(ValueError, match=r"x is \(10,\) and values \(10,\); give values \(times, n\)"):
        plot.repeated(x, x, tmp_path / "repeated.png")
    with pytest.raises(ValueError, match="above 0"):
        plot.repeated(x - 1, [x], tmp_path / "repeated.png")

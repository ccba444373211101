"""Is what was read apart from what was held out, does the rule hold, and are texts of a user looked at?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.phenomena import overfit
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts.letter_readers import Letters, learned, told


def test_what_is_held_out_is_not_read():
    text = told(3, 2000, 500)
    assert len(text.training) == 2000 and len(text.held_out) == 500
    assert (told(3, 2000, 500).training == text.training).all() and (told(4, 2000, 500).training != text.training).any()
    made = Letters.of("ab" * 50 + "axx", 3)
    assert made.vocabulary == 3 and made.held_out.tolist() == [1, 0, 0], "a letter that only they have is unknown"


def test_a_text_of_one_sentence_is_known_by_heart_and_nothing_else():
    rng = np.random.default_rng(0)
    letters = "".join(rng.choice(list("abcdefgh"), 300))
    found = learned(Letters.of(letters, 150), 80, 32, 1, 60, 4, 0, "adamw")
    assert found["train"] + 1 < found["test"] and found["parameters"] > 10_000


def outcome(gaps) -> dict:
    """Both losses for each amount of text, from how far they are apart and the loss on new letters."""
    return {"by amount": [{"train": new - gap, "test": new, "parameters": 1} for gap, new in gaps]}


@pytest.mark.parametrize("small, large, word", [
    ([(0.3, 3), (0.1, 2.8), (0, 2.7)], [(4, 5), (1, 3), (0.1, 2)], "seen"),
    ([(0.3, 3), (0.1, 2.8), (0.5, 2.7)], [(4, 5), (1, 3), (0.1, 2)], "not seen"),
    ([(0.3, 3), (0.1, 2.8), (0, 2.7)], [(0.4, 5), (1, 3), (0.1, 2)], "not seen"),
    ([(0.3, 3), (0.1, 2.8), (0, 2.1)], [(4, 5), (1, 3), (0.1, 2)], "not seen")])
def test_the_rule(small, large, word):
    found = Found(overfit.EXPERIMENT.full, [0, 1, 2], [
        {"seed": seed, "arm": arm, **outcome(gaps)} for seed in range(3)
        for arm, gaps in zip(overfit.WIDTHS, (small, small, large), strict=True)])
    assert overfit.verdict(found).word == word


def test_a_quick_run_with_a_text_of_the_user(tmp_path, monkeypatch, capsys, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = overfit.EXPERIMENT.quick.but(steps=1, amounts=(100, 200), held_out=100)
    monkeypatch.setattr(overfit, "EXPERIMENT", replace(overfit.EXPERIMENT, quick=small))
    (tmp_path / "mine.txt").write_text("Some words of mine. " * 20)
    words = ["reproduce", "overfit", "--quick", "--seeds", "1", "--data", str(tmp_path / "mine.txt")]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    kept = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [each["arm"] for each in kept["given"][0]["arms"]] == list(overfit.WIDTHS)
    assert "mine.txt" in (tmp_path / "out" / "page.md").read_text()
    assert (tmp_path / "out" / "overfit.png").stat().st_size > 5000
    (tmp_path / "mine.txt").write_text("Too few.")
    assert main([*words, "--out", str(tmp_path / "none")]) != 0
    assert "8 letters, and 300 are wanted; give more text" in capsys.readouterr().err

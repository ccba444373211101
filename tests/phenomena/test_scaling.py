"""Is a law fitted to five rungs alone, is its interval the textbook's, and is a sixth held against it?"""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.phenomena import scaling
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts import letter_readers
from tinyformer.phenomena.parts.power_laws import PowerLaw
from tinyformer.phenomena.scaling import LADDERS, RUNGS

SMALL = scaling.EXPERIMENT.quick.but(widths=(4, 6, 8, 10, 12, 16), steps=4, rows=1, held_out=130)


def test_a_power_law_is_found_again_and_has_no_interval():
    law = PowerLaw.of([10, 100, 1000, 10_000], [3 * size ** -0.25 for size in (10, 100, 1000, 10_000)])
    assert law.exponent == pytest.approx(0.25) and law.factor == pytest.approx(3)
    assert law(10 ** 6) == pytest.approx(3 * 10 ** -1.5) == pytest.approx(law.between(10 ** 6)[0], rel=1e-6)
    with pytest.raises(ValueError, match="2 sizes"):
        PowerLaw.of([1, 2], [2, 1])


def test_the_interval_holds_what_is_drawn_as_often_as_it_says():
    """Points are scattered around a line, and the next one is inside in 95 % of the cases, also far out."""
    rng, sizes, inside = np.random.default_rng(0), [1, 2, 4, 8, 16], []
    for _ in range(2000):
        losses = np.exp(-0.3 * np.log([*sizes, 64]) + 0.1 * rng.normal(size=6))
        low, high = PowerLaw.of(sizes, losses[:5]).between(64)
        inside.append(low < losses[5] < high)
    assert 0.93 < np.mean(inside) < 0.97


def test_ladders_end_at_the_largest_and_take_one_thing_more_at_a_time():
    class Text:
        """Stands for a text; `learned` below looks at nothing of it."""

    asked, text = [], Text()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "disorderly", lambda text, seed: text)
        patch.setattr(scaling, "learned", lambda text, sizes, seed, width, amount: (
            asked.append((width, amount)) or (width * 10 ** 6, 1.0)))
        found = [scaling.climbed(text, SMALL, 0, rung) for rung in RUNGS]
    read = [scaling.letters(SMALL, rung) for rung in RUNGS]
    assert read == sorted(read) and read[-1] == 4 * 64 and read[-1] == 2 * read[-4]
    assert [each["parameters"]["size"] for each in found] == [rung * 10 ** 6 for rung in RUNGS]
    assert [each["data"]["size"] for each in found] == read
    assert [each["compute"]["size"] for each in found] == pytest.approx(
        [6e-3 * n * d for n, d in zip(RUNGS, read, strict=True)], rel=0.01)
    assert ["disorder" in each for each in found] == [True, False, False, False, False, True]
    assert {(1, 6), (6, 6), (5, 1), (5, 6), (1, 1), (3, 3)} <= {*asked} and (6, 5) not in asked


def test_it_learns_from_order_and_from_nothing_else():
    sizes = SMALL.but(widths=(4, 4, 4, 4, 4, 16), steps=40, rows=2)
    text = letter_readers.Letters.of("abcdefgh" * 800, 1000)
    count, loss = scaling.learned(text, sizes, 0, 6, 6)
    assert count == 12 * 16 ** 2 + 13 * 16 and loss < 1
    assert abs(scaling.learned(scaling.disorderly(text, 0), sizes, 0, 6, 6)[1] - math.log(8)) < 0.15


@pytest.mark.parametrize("exponents, sixth, disorder, word", [
    ((0.2, 0.2, 0.2), 1.0, 0.0, "seen"), ((0.2, 0.1, 0.3), 1.05, 0.0, "not seen"),
    ((0.2, 0.1, 0.3), 1.0, 0.1, "unclear")])
def test_the_rule(exponents, sixth, disorder, word):
    """Losses on a power law with a little scatter; the sixth lies on it, or off it by a share."""
    scatter = (1.0, 1.004, 0.997, 1.002, 0.998, 1.0)

    def rung(n: int) -> dict:
        climbs = {ladder: {"size": 2.0 ** n, "loss": scatter[n - 1] * 2.0 ** (-n * exponent) * (sixth if n == 6 else 1)}
                  for ladder, exponent in zip(LADDERS, exponents, strict=True)}
        return {"arm": n, **climbs, "disorder": 3.0 - disorder * (n == 6)}

    found = Found(scaling.EXPERIMENT.full, [0, 1, 2],
                  [{"seed": seed, **rung(n)} for seed in range(3) for n in RUNGS])
    assert scaling.verdict(found).word == word
    climb = scaling.climbs({n: found[n] for n in RUNGS}, LADDERS[0])[0]
    assert len(climb) == 6 and scaling.law(climb) == scaling.law([*climb[:5], (64.0, 9.0)])


def test_a_quick_run_with_a_text_of_the_user(tmp_path, monkeypatch, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    monkeypatch.setattr(scaling, "EXPERIMENT", replace(scaling.EXPERIMENT, quick=SMALL))
    letter_readers.told.cache_clear()
    (tmp_path / "mine.txt").write_text("Some words of mine. " * 20)
    assert main(["reproduce", "scaling", "--quick", "--seeds", "1", "--data", str(tmp_path / "mine.txt"), "--out",
                 str(tmp_path / "out")]) == 0
    kept = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [each["arm"] for each in kept["given"][0]["arms"]] == list(RUNGS)
    assert "mine.txt" in (tmp_path / "out" / "page.md").read_text()
    assert (tmp_path / "out" / "scaling.png").stat().st_size > 5000

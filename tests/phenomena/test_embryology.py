"""Is a model looked at from before its first step to after its last, and does the rule ask for what it says?"""

import json

import pytest

from tinyformer.phenomena import embryology
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.kit.report import Report
from tinyformer.phenomena.parts.hidden_words import CONTENT, FUNCTION

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


def test_it_looks_before_the_first_step_and_after_the_last(tmp_path):
    sizes = embryology.EXPERIMENT.quick.but(steps=4, documents=100, told=60, most=90, looks=2)
    outcome = json.loads(json.dumps(embryology.one(sizes, 7)))
    done = Report.of("embryology", embryology, Found(sizes, [7], [{"seed": 7, "arm": None, "seconds": 1.0, **outcome}]),
                     True)
    assert [row["step"] for row in outcome["curve"]] == [0, 1, 4]
    asked = {*embryology.PROBED.values(), *embryology.MATCHED.values(), FUNCTION, CONTENT, "NOUN", "DET"}
    assert asked < set(outcome["curve"][0]) and {*outcome["hidden"]} == {*outcome["curve"][0]} - {
        "step", *embryology.PROBED.values()}
    embryology.draw(done.found, tmp_path)
    assert "half the way" in done.text() and (tmp_path / "embryology.png").read_bytes().startswith(b"\x89PNG")


def test_the_looks_stand_on_a_logarithmic_axis():
    at = embryology.looks_at(embryology.EXPERIMENT.full)
    assert len(at) == embryology.EXPERIMENT.full.looks and at[0] == 0 and at == sorted(set(at))
    ratios = [b / a for a, b in zip(at[-6:-1], at[-5:], strict=True)]
    assert max(ratios) / min(ratios) < 1.02


def test_half_the_way_by_hand():
    def half(values) -> float:
        steps = (0, 1, 10, 100, 1000)
        return embryology.half_way({"curve": [{"step": a, "x": b} for a, b in zip(steps, values, strict=True)]}, "x")

    assert half((0, 0, 0, 8, 8)) == pytest.approx(10 ** 1.5) and half((0, 0, 4, 8, 8)) == pytest.approx(10)
    assert half((2, 8, 8, 8, 8)) == 1 and half((0, 0, 0, 0, 8)) == pytest.approx(10 ** 2.5)
    assert half((3, 9, 9, 0, 3)) == half((5, 4, 0, 0, 0)) == 1000


def test_a_curve_that_does_not_rise_is_never_half_the_way():
    curves = [[{"step": step, "x": value} for step, value in zip((0, 1, 10), values, strict=True)]
              for values in ((0, 2, 8), (3, 9, 3))]
    found = Found(embryology.EXPERIMENT.full, [0, 1], [{"seed": seed, "arm": None, "curve": curve}
                                                       for seed, curve in enumerate(curves)])
    assert embryology.told(found, "x") == f"{10 ** (1 / 3):,.0f}, never"


@pytest.mark.parametrize("speech, content, matched, word", [(10, 100, 100, "seen"), (1000, 100, 100, "not seen"),
                                                            (10, 1, 100, "not seen"), (10, 100, 1, "unclear")])
def test_what_the_rule_asks_for(speech, content, matched, word):
    """Every curve jumps from 0 to 50 at one step: senses and function words at 10 or 100."""
    at = dict.fromkeys(embryology.PROBED.values(), 100)
    at |= {"part of speech": speech, FUNCTION: 10, CONTENT: content, embryology.MATCHED[FUNCTION]: 10,
           embryology.MATCHED[CONTENT]: matched}
    outcome = {"arm": None, "curve": [{"step": step, **{name: 50.0 * (step >= jump) for name, jump in at.items()}}
                                      for step in (0, 1, 10, 100, 1000)]}
    found = Found(embryology.EXPERIMENT.full, [0, 1, 2], [{"seed": seed, **outcome} for seed in range(3)])
    assert embryology.verdict(found).word == word

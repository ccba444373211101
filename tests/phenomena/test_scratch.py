"""Does the comparison of three starts leave a figure for every share, and does its rule ask for what it says?"""

import json

import pytest

from tinyformer.phenomena import scratch
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.kit.report import Report
from tinyformer.phenomena.scratch import ARMS, FRESH, READ, SETS, SHUFFLED

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


def test_every_start_has_a_figure_for_every_share_and_a_curve(tmp_path, monkeypatch):
    taught, known, learned = [], [], scratch.learned

    def noted(spec, start, tokenizer, examples, *more):
        """Teaches the first start, and says the same of the others."""
        taught.append((float(abs(start.words.weight.data).sum()), *map(len, examples)))
        if len(taught) <= 4:
            known.append(learned(spec, start, tokenizer, examples, *more))
        return known[(len(taught) - 1) % 4]

    monkeypatch.setattr(scratch, "learned", noted)
    sizes = scratch.EXPERIMENT.quick.but(steps=3, documents=60, steps_of_heads=2, dev=8)
    outcomes = [{"seed": 7, "arm": arm, "seconds": 1.0, **json.loads(json.dumps(scratch.one(sizes, 7, arm)))}
                for arm in ARMS]
    starts = [{start for start, *_ in taught[at:at + 4]} for at in (0, 4, 8)]
    assert [len(each) for each in starts] == [1, 1, 1] and len(set.union(*starts)) == 3
    assert [number for _, *number in taught] == 6 * [[10, 8], [100, 8]]
    for each in outcomes:
        for spec in SETS:
            figures, curve = each[spec.title]["figures"], each[spec.title]["curve"]
            assert len(figures) == 2 and [step for step, _ in curve] == [0, 1, 2]
            assert all(0 <= right <= 100 for _, right in curve)
    done = Report.of("scratch", scratch, Found(sizes, [7], outcomes), True)
    scratch.draw(done.found, tmp_path)
    assert "steps saved" in done.text() and (tmp_path / "scratch.png").read_bytes().startswith(b"\x89PNG")


def test_the_steps_that_are_left_by_hand():
    curve = [(0, 10.0), (10, 30.0), (20, 50.0), (40, 60.0)]
    assert [scratch.left(curve, level) for level in (5, 30, 45, 60, 61)] == [100, 75, 50, 0, 0]


@pytest.mark.parametrize("read, shuffled, arrives, word", [
    (60, 50, 1, "seen"), (49, 40, 1, "not seen"), (60, 50, 3, "not seen"), (60, 58, 1, "unclear")])
def test_what_the_rule_asks_for(read, shuffled, arrives, word):
    """Figures are the same with every share; the curve is at the level of the fresh one's end from one look on."""
    def outcome(arm: str, figure: float, first: int) -> dict:
        curve = [(look, 90.0 * (look >= first)) for look in range(5)]
        return {"arm": arm, **{spec.title: {"figures": 4 * [figure], "curve": curve} for spec in SETS}}

    arms = [outcome(READ, read, arrives), outcome(SHUFFLED, shuffled, arrives), outcome(FRESH, 40, 4)]
    found = Found(scratch.EXPERIMENT.full, [0, 1, 2], [{"seed": seed, **each} for seed in range(3) for each in arms])
    assert scratch.verdict(found).word == word

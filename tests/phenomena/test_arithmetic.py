"""Are the questions right, is what is kept back never trained on, and does the experiment judge as its rule says?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.data.masking import IGNORED
from tinyformer.phenomena import arithmetic as lab
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts import shown_sums as parts


def text(ids) -> str:
    return "".join(parts.CHARACTERS[id] for id in ids)


def rows_of(batch) -> list[str]:
    """Every row with its last answer, as text."""
    return [text([*ids, targets[-1]]) for ids, targets in zip(batch.ids, batch.targets, strict=True)]


def test_lines_read_as_text():
    a, b = np.array([12, 999, 3]), np.array([34, 1, 5])
    assert [text(row) for row in parts.lines("sum", True, a, b)] == [
        "0012+0034=64000", "0999+0001=00010", "0003+0005=80000"]
    assert [text(row) for row in parts.lines("first number", False, a, b)] == [
        "0012?0034=21000", "0999?0001=99900", "0003?0005=30000"]
    assert [text(row) for row in parts.lines("logic", True, a, b)] == [
        "0012^0034=00000", "0999^0001=10000", "0003^0005=00000"]


def test_carries_are_counted():
    a, b = np.array([111, 999, 995, 500, 5]), np.array([222, 1, 15, 500, 5])
    assert parts.carries(a, b).tolist() == [0, 3, 3, 1, 1]


def test_no_list_has_what_is_asked_for():
    back = parts.kept_back(3)
    assert (back == back.T).all() and 0.09 < back.mean() < 0.11
    batches, seen, signs = parts.Lists(16, 3), set(), {}
    assert np.array_equal(batches.batch(5).ids, parts.Lists(16, 3).batch(5).ids)
    for step in range(10):
        for row in rows_of(batches.batch(step)):
            lines = [row[at:at + parts.LINE] for at in range(0, len(row), parts.LINE)]
            assert len(lines) == parts.LINES and len({line[parts.ROOM] for line in lines}) == 1
            for line in lines:
                a, b = int(line[:parts.ROOM]), int(line[parts.ROOM + 1:line.index("=")])
                assert not back[a, b] and {len(str(a)), len(str(b))} in ({2}, {3})
                seen.add(len(str(a)))
            signs[lines[0][parts.ROOM]] = signs.get(lines[0][parts.ROOM], 0) + 1
    assert seen == {2, 3} and signs == {"+": 60, "<": 10, "^": 10, "?": 80}


@pytest.mark.parametrize("count", lab.DIGITS)
def test_a_question_is_kept_back_and_its_last_answer_alone_is_asked_for(count):
    back, rng = parts.kept_back(0), np.random.default_rng(0)
    numbers = np.stack([parts.pairs(rng, count, 40, back, kept=True) for _ in range(3)])
    assert count == 4 or all(back[a, b].all() for a, b in numbers)
    batch = parts.question("sum", "first number", False, numbers)
    assert (batch.targets != IGNORED).sum() == 40 * parts.ANSWER
    for row, (a, b), (x, y) in zip(rows_of(batch), numbers[-1].T, numbers[0].T, strict=True):
        assert row.endswith(f"{a:04}?{b:04}=" + f"{a + b:05}"[::-1])
        assert row.startswith(f"{x:04}?{y:04}=" + f"{x:05}"[::-1])


def found(**changes) -> Found:
    """Three seeds of a model that calculates with two and three digits, but for `changes`: operation_digits_way."""
    outcomes = []
    for seed in range(3):
        right = {operation: {str(n): {
            lab.TOLD: [50.0 if operation == lab.LOGIC else 100.0 * (n < 4)] * 4,
            lab.SHOWN: [50.0] * 4 if operation == lab.LOGIC else [20.0 * (n < 4)] + [100.0 * (n < 4)] * 3,
            lab.ASTRAY: 0.0} for n in lab.DIGITS} for operation in parts.OPERATIONS}
        for place, value in changes.items():
            operation, n, way = place.split("_")
            right[operation][n][way] = value if way == lab.ASTRAY else [value] * 4
        outcomes.append({"seed": seed, "arm": None, "right": right, "carries": [100.0] * 4})
    return Found(lab.EXPERIMENT.full, [0, 1, 2], outcomes)


@pytest.mark.parametrize("changes, word", [
    ({}, "seen"), ({"sum_3_told": 98.0}, "not seen"), ({"sum_2_shown": 100.0}, "not seen"),
    ({"sum_4_shown": 60.0}, "not seen"), ({"logic_3_shown": 70.0}, "unclear")])
def test_the_rule(changes, word):
    assert lab.verdict(found(**changes)).word == word


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = lab.EXPERIMENT.quick.but(steps=2, rows=3, asked=4)
    monkeypatch.setattr(lab, "EXPERIMENT", replace(lab.EXPERIMENT, quick=small))
    assert main(["reproduce", "arithmetic", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    (outcome,) = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert set(outcome["right"]) == set(parts.OPERATIONS) and len(outcome["carries"]) == lab.CARRIED + 1
    assert (tmp_path / "arithmetic.png").stat().st_size > 5000
    assert lab.ASTRAY in capsys.readouterr().out

"""Are the questions and answers right, is what is held out never trained on, and is a whole answer judged as one?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.models import GPTConfig
from tinyformer.phenomena import addition
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts import sums as parts
from tinyformer.phenomena.parts.sums import CHARACTERS, TASKS, Calculator, Sums, batch_of, commonest, held_out, rows


def written(task, a, b) -> list[str]:
    return ["".join(CHARACTERS[id] for id in row) for row in rows(task, np.array(a), np.array(b))]


def test_a_thousand_answers_read_as_text():
    a, b = np.random.default_rng(0).integers(0, 1000, (2, 1000))
    forms = {"last digit first": lambda x, y: f"{x:03}+{y:03}={x + y:04}"[:8] + f"{x + y:04}"[::-1],
             "first digit first": lambda x, y: f"{x:03}+{y:03}={x + y:04}",
             "logic": lambda x, y: f"{x:03}^{y:03}={(f'{x:b}{y:b}'.count('1') % 2)}000"}
    for name, task in TASKS.items():
        assert written(task, a, b) == [forms[name](x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert written(TASKS["last digit first"], [123, 7], [456, 995]) == ["123+456=9750", "007+995=2001"]


def test_logic_is_balanced_and_no_single_digit_tells():
    """Over all pairs half the answers are 1, and so they are, within five points, whatever any one digit is."""
    a, b = np.divmod(np.arange(1_000_000), 1000)
    odd = parts.odd_ones(a, b)
    assert odd.mean() == 0.5 and commonest(TASKS["logic"]) == 0.5
    for numbers in (a, b):
        for column in parts.digits(numbers, 3).T:
            assert all(abs(odd[column == digit].mean() - 0.5) < 0.05 for digit in range(10))


def test_logic_needs_every_digit():
    """The best guess from all digits but one, over all pairs: a coin without a last digit, and not much more."""
    a, b = np.divmod(np.arange(1_000_000), 1000)
    odd, digits = parts.odd_ones(a, b), np.concatenate([parts.digits(a, 3), parts.digits(b, 3)], axis=1)
    best = []
    for missing in range(6):
        seen = np.delete(digits, missing, axis=1) @ 10 ** np.arange(5)
        ones = np.bincount(seen, odd)
        best.append(np.maximum(ones, np.bincount(seen) - ones).sum() / 1e6)
    assert best == [0.58, 0.64, 0.5, 0.58, 0.64, 0.5]


def test_one_answer_for_all_sums_is_right_once_in_a_thousand():
    assert commonest(TASKS["last digit first"]) == commonest(TASKS["first digit first"]) == 0.001       # 999


def test_only_the_answer_is_asked_for():
    batch = batch_of(TASKS["last digit first"], np.array([123]), np.array([456]))
    assert "".join(CHARACTERS[id] for id in batch.ids[0]) == "123+456=975"
    assert batch.targets[0].tolist() == 7 * [-100] + [9, 7, 5, 0] and batch.counts == {"tokens": 4}


def test_what_is_held_out_is_never_trained_on_in_either_order():
    """Half of all pairs held out, so that without the rule half of every batch would break it."""
    held = held_out(3, 250_000)
    assert len(np.unique(held @ [1000, 1])) == 250_000 and (held[:, 0] <= held[:, 1]).all()
    sums, closed = Sums(TASKS["logic"], held, 64, seed=3), set(map(tuple, held.tolist()))
    seen = set()
    for step in range(20):
        ids = sums.batch(step).ids
        pairs = np.stack([ids[:, :3] @ [100, 10, 1], ids[:, 4:7] @ [100, 10, 1]], axis=1)
        assert len(pairs) > 32
        seen |= {(min(pair), max(pair)) for pair in pairs.tolist()}
    assert len(seen) > 600 and not seen & closed


def test_batches_are_pure_and_full():
    sums = Sums(TASKS["last digit first"], held_out(1, 2000), 64, seed=1)
    assert len(sums.batch(4)) == 64 and np.array_equal(sums.batch(4).ids, sums.batch(4).ids)
    assert not np.array_equal(sums.batch(4).ids, sums.batch(5).ids)


def test_an_answer_is_right_if_all_of_it_is():
    """A model that says 9 whatever is asked."""
    model = Calculator(GPTConfig(vocabulary=13, layers=1, heads=1, width=4, context=11, dropout=0.0),
                       np.random.default_rng(0))
    for p in model.parameters():
        p.data[...] = 0
    model.norm.bias.data[0] = model.words.weight.data[9, 0] = 1
    batch = batch_of(TASKS["first digit first"], np.array([999, 111, 100]), np.array([0, 222, 800]))
    assert model.measure(batch) == {"exact": (0, 3), "character 1": (0, 3), "character 2": (2, 3),
                                    "character 3": (1, 3), "character 4": (1, 3)}
    batch.targets[0, -4] = 9
    assert model.measure(batch)["exact"] == (1, 3)


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = addition.EXPERIMENT.quick.but(steps=4, looks=2, held_out=30)
    monkeypatch.setattr(addition, "EXPERIMENT", replace(addition.EXPERIMENT, quick=small))
    assert main(["reproduce", "addition", "--quick", "--seeds", "1", "--seed", "100", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert [each["arm"] for each in found["outcomes"]] == list(TASKS)
    for each in found["outcomes"]:
        assert [row["step"] for row in each["curve"]] == [0, 2, 4] and 0 <= each["exact"] <= each["character 1"]
        assert each["parameters"] == 201_600
    assert (tmp_path / "addition.png").read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr()
    assert all(name in shown.out for name in TASKS) and "logic, seed 100" in shown.err


def test_sums_and_no_logic_is_what_is_asked_for():
    """By the rule that stands in the file, on figures that were made up."""
    def found(last: float, first: float, logic: float) -> Found:
        exact = dict(zip(TASKS, (last, first, logic), strict=True))
        return Found(addition.EXPERIMENT.full, [0, 1, 2], [{"seed": seed, "arm": name, "exact": exact[name]}
                                                           for seed in range(3) for name in TASKS])
    assert addition.verdict(found(1.0, 0.99, 0.5)).word == "seen"
    assert addition.verdict(found(1.0, 0.98, 0.5)).word == "not seen"
    assert addition.verdict(found(1.0, 0.99, 0.6)).word == "unclear"

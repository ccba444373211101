"""Is the comparison of corruptions a fair one, and does it count and say what it finds?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.data.noise import NOISES
from tinyformer.metrics.bleu import words_of
from tinyformer.phenomena import corruptions
from tinyformer.phenomena.corruptions import HIDE, REORDER
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts.repairing import MAX_LENGTH, NONE, Counted, repaired
from tinyformer.phenomena.parts.told_of_tomorrow import told_of_tomorrow
from tinyformer.tinyland import World
from tinyformer.tinyland.grammar import grammar

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

SMALL = corruptions.EXPERIMENT.quick.but(steps=3, documents=60, vocabulary=300, width=16, shorter=150, dev=8)


def test_every_corruption_is_of_one_kind():
    assert sorted(HIDE + REORDER) == sorted(NOISES) and NONE not in NOISES


def test_the_budget_is_the_same_for_all():
    """The same weights, as many steps, and at each step the same rows of the same text."""
    tokenizer, documents = corruptions.corpus(100, SMALL)
    budgets, rows = {}, {}
    for noise in NOISES:
        model, budgets[noise] = repaired(noise, documents, tokenizer, SMALL, 100)
        batches = Counted(documents, tokenizer, batch_size=8, max_length=MAX_LENGTH, seed=100, noise=noise)
        rows[noise] = []
        pair = batches.pair
        batches.pair = lambda number, rng, seen=rows[noise], pair=pair: (seen.append(number), pair(number, rng))[1]
        for step in range(SMALL.steps):
            batches.batch(step)
        assert budgets[noise]["text"] == batches.text == sum(len(part) for number in rows[noise]
                                                             for part in batches.rows[number])
    assert {budget["steps"] for budget in budgets.values()} == {3}
    assert len({budget["text"] for budget in budgets.values()}) == 1 and budgets["mask"]["text"] > 0
    assert all(row == rows["mask"] for row in rows.values()) and len(rows["mask"]) == 24
    text = budgets["mask"]["text"]
    for noise in ("mask", "permute", "rotate", "deshuffle"):
        assert budgets[noise]["read"] == budgets[noise]["asked"] == text
    assert budgets["delete"]["read"] < text == budgets["delete"]["asked"]
    assert budgets["mass"]["asked"] < text == budgets["mass"]["read"] and budgets["spans"]["asked"] < text


def test_all_begin_with_the_weights_of_who_reads_nothing():
    tokenizer, documents = corruptions.corpus(100, SMALL)
    fresh, budget = repaired(NONE, documents, tokenizer, SMALL, 100)
    assert budget == {"steps": 0, "text": 0, "read": 0, "asked": 0}
    model, _ = repaired("infill", documents, tokenizer, SMALL, 100, learning_rate=0.0)
    assert all(np.array_equal(fresh.state()[name], value) for name, value in model.state().items())


@pytest.mark.parametrize("noise", ["infill", "mass", NONE])
def test_each_corruption_has_its_own_learning_rate(noise):
    budget = corruptions.one(SMALL, 100, noise)["budget"]
    assert budget.get("learning rate") == corruptions.PEAKS.get(noise) and sorted(corruptions.PEAKS) == sorted(NOISES)


def test_what_is_told_of_tomorrow():
    found = told_of_tomorrow(5, 60)
    assert found == told_of_tomorrow(5, 80)[:60] and len({one.source for one in found}) == 60
    told = {sentence.text for index in range(200)
            for sentence in World(5, kinds=("story", "retelling")).document(index).sentences}
    base = {forms["past"]: forms["base"] for forms in grammar().lexicon.verbs.values()}
    for one in found:
        assert one.source in told and " will " in one.target
        left, right = words_of(one.source), words_of(one.target.replace("will ", ""))
        assert len(left) == len(right) and all(a == b or base.get(a) == b for a, b in zip(left, right, strict=True))


SCORES = {"a": {"infill": [90.0, 70.0], "mask": [80.0, 70.0], "permute": [10.0, 20.0], NONE: [10.0, 0.0]}}


def test_ranks_are_shared_by_equals():
    assert corruptions.ranks(SCORES) == {"infill": 1.25, "mask": 1.75, "permute": 3.25, NONE: 3.75}


def test_the_mean_of_a_kind_is_taken_seed_by_seed():
    assert corruptions.group_means(SCORES, ("infill", "mask")) == [85.0, 70.0]


@pytest.mark.parametrize("hidden, word", [(0.6, "seen"), (0.4, "not seen"), (0.5, "unclear")])
def test_the_two_kinds_are_compared(hidden, word):
    """Reordering has 50 in every task; the seeds differ by a point up and down."""
    found = [{"seed": seed, "arm": noise, **{spec.title: {spec.figure: (hidden if noise in HIDE else 0.5) + more}
                                             for spec in corruptions.FEW}}
             for seed, more in enumerate((-0.01, 0.0, 0.01)) for noise in corruptions.ARMS]
    for each in found:
        if each["arm"] in REORDER:                             # the seeds' differences do not cancel
            each |= {spec.title: {spec.figure: 0.5} for spec in corruptions.FEW}
    verdict = corruptions.verdict(Found(corruptions.EXPERIMENT.full, [0, 1, 2], found))
    assert verdict.word == word and len(verdict.checks) == 1


def test_what_a_run_leaves(tmp_path, monkeypatch, capsys, here):
    monkeypatch.setattr(corruptions, "EXPERIMENT", replace(corruptions.EXPERIMENT, quick=SMALL))
    assert main(["reproduce", "corruptions", "--quick", "--seeds", "1", "--seed", "100", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert [each["arm"] for each in found["outcomes"]] == [*NOISES, NONE]
    assert all(each["acceptable?"]["blind"] == 0 for each in found["outcomes"])
    assert (tmp_path / "corruptions.png").read_bytes().startswith(b"\x89PNG")
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith((*NOISES, NONE)) for line in lines) == 9
    assert any(line.startswith("every corruption: 3 steps over ") for line in lines)

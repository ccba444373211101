"""Does each side decide what it is said to decide, is the right place asked, and does the experiment leave its page?"""

import json
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.phenomena import cloze
from tinyformer.phenomena.kit import Found
from tinyformer.phenomena.parts.one_blank import FITTING, NAMES, SEASONS, SIDES, WAITS, OneBlank, sentence


def cue(words: list[str], place: int, side: str, part: str) -> str:
    """What of one side could tell the blank: all words but the opening."""
    return " ".join(word for word in (words[place + 1:] if part == "right" else words[:place]) if word not in NAMES)


@pytest.mark.parametrize("side", SIDES)
def test_a_side_tells_the_word_or_tells_nothing(side):
    rng, of_left, of_right, of_both = np.random.default_rng(0), *(defaultdict(list) for _ in range(3))
    for _ in range(3000):
        words, place = sentence(rng, side)
        left, right = cue(words, place, side, "left"), cue(words, place, side, "right")
        assert words[place] in FITTING[side]
        for found, key in ((of_left, left), (of_right, right), (of_both, (left, right))):
            found[key].append(words[place])
    assert all(len({*said}) == 1 for said in of_both.values()), "both together always tell it"
    for found, tells in ((of_left, side == "left"), (of_right, side == "right")):
        for said in found.values():
            assert len({*said}) == (1 if tells else 4)
            if not tells:
                assert max(said.count(word) for word in FITTING[side]) / len(said) < 0.4


def test_seasons_come_round():
    words, place = sentence(np.random.default_rng(3), "both")
    sow, wait, reap = SEASONS.index(words[place - 3]), WAITS.index(words[place]) + 1, SEASONS.index(words[-2])
    assert (sow + wait - reap) % 4 == 0


@pytest.mark.parametrize("arm", cloze.MODELS)
def test_a_model_is_asked_at_the_blank_alone(arm):
    """Only a model that sees the word itself could answer otherwise when another word stands there."""
    batches = OneBlank(4, 0, masked=arm == "BERT")
    size = dict(vocabulary=len(batches.vocab), layers=2, width=16, context=batches.length, dropout=0.0, init_std=0.3)
    model, ask = cloze.MAKERS[arm](size, np.random.default_rng(0))
    asked = next(batches.asked("both", 6))
    assert np.array_equal(asked.fitting[asked.right], asked.ids[np.arange(6), asked.places])
    other = replace(asked, ids=asked.ids.copy())
    other.ids[np.arange(6), asked.places] = asked.fitting[(asked.right + 1) % 4]
    scores = ask(model, asked, batches.vocab["[MASK]"])
    assert scores.shape == (6, 4)
    np.testing.assert_allclose(scores, ask(model, other, batches.vocab["[MASK]"]), atol=1e-5)
    for part, seen in (("left", True), ("right", arm != "GPT")):
        changed = replace(asked, ids=asked.ids.copy())
        changed.ids[np.arange(6), asked.places + (-1 if part == "left" else 1)] = batches.vocab["anna"]
        moved = np.abs(ask(model, changed, batches.vocab["[MASK]"]) - scores).max() > 1e-4
        assert moved == seen, part


def found(**shares) -> Found:
    """An outcome of three seeds, with these shares for each model: left, right, both."""
    return Found(cloze.EXPERIMENT.full, [0, 1, 2], [
        {"seed": seed, "arm": arm, **dict(zip(SIDES, values, strict=True))}
        for seed in range(3) for arm, values in shares.items()])


@pytest.mark.parametrize("bert, elmo, word", [
    ((1, 1, 0.9), (1, 1, 0.2), "seen"), ((1, 1, 0.8), (1, 1, 0.2), "not seen"), ((1, 1, 0.9), (1, 1, 0.4), "unclear")])
def test_the_rule(bert, elmo, word):
    assert cloze.verdict(found(GPT=(1, 0.2, 0.2), ELMo=elmo, BERT=bert)).word == word


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = cloze.EXPERIMENT.quick.but(steps=2, asked=8)
    monkeypatch.setattr(cloze, "EXPERIMENT", replace(cloze.EXPERIMENT, quick=small))
    assert main(["reproduce", "cloze", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcomes = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in outcomes] == list(cloze.MODELS)
    assert all(0 <= each[side] <= 1 for each in outcomes for side in SIDES)
    assert (tmp_path / "cloze.png").stat().st_size > 5000 and "Verdict" in (tmp_path / "page.md").read_text()

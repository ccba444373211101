"""Does the experiment on judgement judge as its rule says, and does it leave what it promises?"""

import json
from dataclasses import replace

import pytest

from tinyformer.cli import main
from tinyformer.phenomena import rlhf
from tinyformer.phenomena.kit import Found, jobs
from tinyformer.phenomena.parts.asked_world import END, Words


def found(held, free, right=0.9, score=1.0) -> Found:
    """Three seeds that begin at 0.3 and end with these figures of gold, with KL and without."""
    def at(gold, reward=0.0):
        return {"gold": gold, "reward": reward, "kl": 1.0, "length": 6.0, "distinct": 0.5}

    return Found(rlhf.EXPERIMENT.full, [0, 1, 2], [
        {"seed": seed, "arm": None, "right": right, "start": at(0.3), "with KL": [at(gold)],
         "without KL": [at(free, score)], "PPO, three passes": [at(gold)], "DPO": [at(gold)]}
        for seed, gold in enumerate(held)])


@pytest.mark.parametrize("held, free, more, word", [
    ((0.8, 0.7, 0.6), 0.2, {}, "seen"), ((0.8, 0.8, 0.5), 0.2, {}, "unclear"), ((0.6, 0.6, 0.6), 0.2, {}, "not seen"),
    ((0.8, 0.7, 0.6), 0.4, {}, "not seen"), ((0.8, 0.7, 0.6), 0.2, {"score": -1}, "not seen"),
    ((0.8, 0.7, 0.6), 0.2, {"right": 0.8}, "unclear")])
def test_the_rule(held, free, more, word):
    assert rlhf.verdict(found(held, free, **more)).word == word


def test_answers_are_numbers_and_words():
    words = Words()
    ids = [*words.ids("the dog eats meat ."), END]
    assert words.text(ids) == "the dog eats meat ." and list(words.gold([0, 0, 1], [ids, ids[:-1], ids])) == [1, 0, 0]
    row = words.row(0, ids)
    assert row.ids[-6:] == ids and row.answers.count(True) == 6 and len(words.names) == len(words.vocab) < 60


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = rlhf.EXPERIMENT.quick.but(read=2, follow=2, shown=20, choices=12, held=4, reward=2, steps=2, ppo=3, times=1)
    monkeypatch.setattr(rlhf, "EXPERIMENT", replace(rlhf.EXPERIMENT, quick=small))
    monkeypatch.setattr(jobs, "side_by_side", lambda title, one, asked, said: ((job, one(*job)) for job in asked))
    assert main(["reproduce", "rlhf", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcome, = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert 0 <= outcome["start"]["gold"] <= 1 and [row["step"] for row in outcome["PPO, three passes"]] == [0, 1, 2, 3]
    assert (tmp_path / "rlhf.png").stat().st_size > 5000 and "without KL" in capsys.readouterr().out

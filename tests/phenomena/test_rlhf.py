"""Does the experiment on judgement judge as its rule says, and does it leave what it promises?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.models import GPT, GPTConfig
from tinyformer.models.heads import PairScorer
from tinyformer.phenomena import rlhf
from tinyformer.phenomena.kit import Found, jobs
from tinyformer.phenomena.parts.asked_world import END, LOOK, Lineage, Words, learn_to_choose, settings


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


def test_a_reward_model_learns_until_it_is_nearly_right():
    words, ended = Words(), []
    good, bad = (words.row(0, [*words.ids(text), END]) for text in ("the dog eats meat .", "i do not know ."))
    config = GPTConfig(vocabulary=len(words.names), layers=1, heads=2, width=16, context=48, dropout=0.0)
    for steps, held in ((200, (good, bad)), (300, (good, bad)), (20, (bad, good))):
        model = PairScorer(GPT(config, np.random.default_rng(0)), (), np.random.default_rng(0))
        right = learn_to_choose(model, [(good, bad)] * 8, [held] * 4, settings(steps, 1e-2, 0, "constant", LOOK))
        ended.append((right, np.concatenate([array.ravel() for array in model.state().values()])))
    assert [right for right, _ in ended] == [1, 1, 0], "the last is asked the contrary, and learns to its end"
    assert np.array_equal(ended[0][1], ended[1][1]), "both ended at one look"


def test_what_is_heard_is_counted():
    words = Words()
    config = GPTConfig(vocabulary=len(words.names), layers=1, heads=2, width=16, context=48, dropout=0.0)
    model = GPT(config, np.random.default_rng(0))
    found = Lineage(words, model, [], None, 0.9).heard(model, 0, times=4)
    assert 0 <= found["true"] <= 1 and found["unsure"] == 0 and len(found["first"]) == 3
    assert all(share in (0.25, 0.5, 0.75, 1) for _, share in found["first"])


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = rlhf.EXPERIMENT.quick.but(read=2, follow=2, shown=20, choices=12, held=4, reward=2, steps=2, ppo=3,
                                       direct=2, times=1)
    monkeypatch.setattr(rlhf, "EXPERIMENT", replace(rlhf.EXPERIMENT, quick=small))
    monkeypatch.setattr(jobs, "side_by_side", lambda title, one, asked, said: ((job, one(*job)) for job in asked))
    assert main(["reproduce", "rlhf", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcome, = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert 0 <= outcome["start"]["gold"] <= 1 and [row["step"] for row in outcome["PPO, three passes"]] == [0, 1, 2, 3]
    assert (tmp_path / "rlhf.png").stat().st_size > 5000 and "without KL" in capsys.readouterr().out

"""Are the scores of heads right in models made by hand, and does the experiment leave what it promises?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.models import GPTConfig
from tinyformer.phenomena import induction
from tinyformer.phenomena.parts.attention_scores import named
from tinyformer.phenomena.parts.repeats import FIRST, LENGTH, Repeats, Watched


def test_scores_in_a_model_that_looks_evenly():
    """With zero weights each position gives 1/(t + 1) to every place up to itself."""
    model, batch = induction.fresh(2, seed=0), Repeats(20, seed=2).batch(0)
    for p in model.parameters():
        p.data[...] = 0
    found = {name: value / count for name, (value, count) in model.measure(batch).items()}
    wanted = []
    for ids, repeated in zip(batch.ids, batch.repeated, strict=True):
        wanted += [sum(ids[s - 1] == ids[t] for s in range(1, t + 1)) / (t + 1) for t in np.flatnonzero(repeated)]
    for head in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert found[f"prefix: {named(head)}"] == pytest.approx(np.mean(wanted), rel=1e-5)
        assert found[f"previous: {named(head)}"] == pytest.approx(np.mean(1 / np.arange(2, FIRST + 1)), rel=1e-5)
    assert found["repeated loss"] == pytest.approx(np.log(52), rel=1e-5)


def test_scores_in_a_model_made_by_hand():
    """A layer whose queries and keys are the places alone, each asking for the one before: a previous-token head."""
    T = LENGTH - 1
    model = Watched(GPTConfig(vocabulary=52, layers=1, heads=1, width=52 + T, context=T, dropout=0.0, norm="pre"),
                    np.random.default_rng(0))
    for p in model.parameters():
        p.data[...] = 0
    model.words.weight.data[:, :52] = np.eye(52)
    model.positions.weight.data[:, 52:] = np.eye(T)
    layer, C = model.layers[0], 52 + T
    layer.attend_norm.gain.data[...] = 1
    for t in range(T):
        layer.attend.project.weight.data[52 + t, 52 + t] = 60                  # the query says where it stands,
        if t:
            layer.attend.project.weight.data[C + 52 + t, 51 + t] = 60          # the key which place comes next
    found = {name: value / count for name, (value, count) in model.measure(Repeats(10, seed=2).batch(0)).items()}
    assert found["previous: layer 1, head 1"] > 0.999
    assert found["prefix: layer 1, head 1"] < 0.2


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = induction.EXPERIMENT.quick.but(steps=4, looks=2)
    monkeypatch.setattr(induction, "EXPERIMENT", replace(induction.EXPERIMENT, quick=small))
    assert main(["reproduce", "induction", "--quick", "--seeds", "2", "--seed", "100", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert [(each["seed"], each["arm"]) for each in found["outcomes"]] == [(100, 1), (100, 2), (101, 1), (101, 2)]
    for each in found["outcomes"]:
        assert [row["step"] for row in each["curve"]] == [0, 2, 4]
        assert set(each["without"]) == set(induction.REMOVED) and each["without"]["no head"] == each["accuracy"]
        assert {f"{kind}: layer {each['arm']}, head 2" for kind in ("prefix", "previous")} <= set(each["curve"][-1])
    for name in ("induction.png", "heads.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr()
    assert "another head, on average" in shown.out and "layers 2, seed 101" in shown.err


def test_what_is_reported_of_a_run(monkeypatch):
    """The phase change is the first look at which more than half is right; who is best at nothing is another head.

    Training and evaluation are made up: what is left without heads is read off their names.
    """
    names = [named((layer, head)) for layer in range(2) for head in range(2)]
    left = {(): 1.0, ((1, 1),): 0.3, ((0, 0),): 0.2, ((0, 1),): 0.9, ((1, 0),): 0.7, ((0, 1), (1, 1)): 0.1}

    def curve(last: float, scores: tuple[float, ...]) -> list[dict]:
        return [{"step": step, "repeated accuracy": right, "repeated loss": 1.0,
                 **{f"prefix: {name}": score for name, score in zip(names, scores, strict=True)},
                 **{f"previous: {name}": 1 - n / 10 for n, name in enumerate(names)}}
                for step, right in ((0, 0.1), (30, 0.5), (60, last))]

    monkeypatch.setattr(induction, "without_heads", lambda model, *cut: cut)
    monkeypatch.setattr(induction, "evaluate", lambda cut, batches: {"repeated accuracy": left.get(cut, 0.5)
                                                                     if isinstance(cut, tuple) else 0.5})

    def outcome(*given) -> dict:
        monkeypatch.setattr(induction, "watch", lambda *more: curve(*given))
        return induction.one(induction.EXPERIMENT.quick, 0, 2)

    run = outcome(0.6, (0.0, 0.1, 0.2, 0.3))                   # no score above a half: no induction head
    assert run["phase change"] == 60 and run["prefix"]["head"] == named((1, 1)) and run["accuracy"] == 0.6
    assert run["previous"] | {"looks": 0} == {"head": named((0, 0)), "score": 1.0, "looks": 0}
    assert list(run["without"].values()) == [1.0, 0.2, 0.3, 1.0]
    assert run["without another"] == pytest.approx((0.9 + 0.7) / 2)
    run = outcome(0.5, (0.0, 0.9, 0.2, 0.95))
    assert run["phase change"] is None and run["without"]["every induction head"] == 0.1
    assert run["without another"] == pytest.approx(0.7)

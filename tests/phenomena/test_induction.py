"""Are the scores of heads right in models made by hand, and does the experiment leave what it promises?"""

import json

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.models import GPTConfig
from tinyformer.phenomena import induction
from tinyformer.phenomena.induction import Watched
from tinyformer.phenomena.parts.attention_scores import named
from tinyformer.phenomena.parts.repeats import FIRST, LENGTH, Repeats


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


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    monkeypatch.setattr(induction, "QUICK", dict(steps=4, evaluations=2))
    assert main(["reproduce", "induction", "--quick", "--seeds", "2", "--seed", "100", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert [(each["layers"], each["seed"]) for each in found["models"]] == [(1, 100), (1, 101), (2, 100), (2, 101)]
    for each in found["models"]:
        assert [row["step"] for row in each["curve"]] == [0, 2, 4]
        assert len(each["accuracy without"]) == 2 * each["layers"] + (each["prefix"]["score"] > 0.5)
        assert {f"{kind}: layer {each['layers']}, head 2" for kind in ("prefix", "previous")} <= set(each["curve"][-1])
    for name in ("induction.png", "heads.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr()
    assert "another head, on average" in shown.out and "layers 2, seed 101" in shown.err


def test_what_is_reported_of_a_run():
    """The phase change is the first look at which more than half is right; who is best at nothing is another head."""
    names = [named((layer, head)) for layer in range(2) for head in range(2)]
    curve = [{"step": step, "repeated accuracy": right, **{f"prefix: {name}": n / 10 for n, name in enumerate(names)},
              **{f"previous: {name}": 1 - n / 10 for n, name in enumerate(names)}}
             for step, right in ((0, 0.1), (30, 0.5), (60, 0.6), (90, 1.0))]
    removed = dict(zip(names, (0.2, 0.9, 0.7, 0.3), strict=True)) | {"every induction head": 0.1}
    run = induction.Trained(2, 0, curve, removed=removed)
    assert run.change == 60 and run.best("prefix") == (1, 1) and run.best("previous") == (0, 0)
    assert run.score("prefix") == pytest.approx(0.3) and run.accuracy == 100
    assert [run.without(each) for each in induction.REMOVED] == pytest.approx([1.0, 0.2, 0.3, 0.1, 0.8])
    assert run.induction == []                                 # no score above a half
    curve[-1][f"prefix: {names[1]}"] = curve[-1][f"prefix: {names[3]}"] = 0.9
    assert run.induction == [(0, 1), (1, 1)] and run.without(induction.REMOVED[-1]) == pytest.approx(0.7)
    run.curve = curve[:2]
    assert run.change is None

"""Does the comparison with few labels leave what it promises, with a pre-training of its own for each seed?"""

import json
from dataclasses import replace

import pytest

from tinyformer.cli import main
from tinyformer.phenomena import few_labels

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


def test_every_seed_has_its_own_model_and_every_head_its_line(tmp_path, monkeypatch, capsys, here):
    small = few_labels.EXPERIMENT.quick.but(steps=3, documents=40, shorter=100, fewer=50)
    monkeypatch.setattr(few_labels, "EXPERIMENT", replace(few_labels.EXPERIMENT, quick=small))
    tenth = tuple(replace(spec, labels=spec.labels // 10) for spec in few_labels.HEADS)
    monkeypatch.setattr(few_labels, "HEADS", tenth)
    assert main(["reproduce", "few-labels", "--quick", "--seeds", "2", "--seed", "5", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found["seeds"] == [5, 6] and len(found["outcomes"]) == 2
    for outcome in found["outcomes"]:
        assert set(outcome["heads"]) == {"classify", "tag", "pair", "answer"}
        for head in outcome["heads"].values():
            for arm in ("pre-trained", "from scratch"):
                assert head[arm]["curve"][0][0] == 0           # before the first step
    weights = [(tmp_path / f"bert-{seed}" / "model.safetensors").read_bytes() for seed in (5, 6)]
    assert weights[0] != weights[1]
    assert (tmp_path / "few-labels.png").read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr()
    assert "gain in points" in shown.out and "seed 6: read for" in shown.err

"""Does a folder that an older version wrote open today, say the same, and go on where it was stopped?"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tinyformer
from tinyformer.cli import main
from tinyformer.train import load_model

FIXTURES = Path(__file__).parent / "fixtures"
VERSIONS = sorted(FIXTURES.glob("v*"))
each_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda folder: folder.name)


def said(version: Path) -> dict:
    """What that version answered, and the row of ids that it was asked about."""
    return json.loads((version / "outputs.json").read_text(encoding="utf-8"))


def close(found, wanted):
    np.testing.assert_allclose(np.asarray(found, dtype=float), wanted, rtol=1e-5, atol=1e-6)


def printed(capsys, *words) -> str:
    capsys.readouterr()
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def test_there_are_older_versions():
    assert VERSIONS


@each_version
def test_the_models_compute_what_they_did(version):
    then = said(version)
    ids = np.array(then["ids"])
    with tinyformer.no_grad():
        bert, tokenizer = tinyformer.load(version / "bert")
        hidden = bert(ids)
        close(bert.word_logits(hidden).data, then["bert"]["words"])
        close(bert.pair_logits(hidden).data, then["bert"]["pair"])
        assert len(tokenizer) == bert.config.vocabulary
        head, _ = tinyformer.load(version / "classify")
        close(head(ids).data, then["classify"]["labels"])
        gpt, _ = tinyformer.load(version / "gpt")
        close(gpt(ids)[:, -1].data, then["gpt"]["next"])


@each_version
def test_the_commands_print_what_they_did(version, capsys):
    then = said(version)
    assert printed(capsys, "fill", "--model", version / "bert", "The old [MASK] sees the red tree.") == then["fill"]
    now = json.loads(printed(capsys, "predict", "--model", version / "classify", then["predict"]["text"]))
    assert now["label"] == then["predict"]["label"]
    assert now["probabilities"] == pytest.approx(then["predict"]["probabilities"], rel=1e-4)
    assert printed(capsys, "generate", "--model", version / "gpt", "--prompt", "The old", "--tokens",
                   12) == then["generate"]
    judged = printed(capsys, "evaluate", "--model", version / "classify", "--data", version / "dev.tsv")
    assert "accuracy 1.0000" in judged and "8 examples" in judged


@each_version
def test_a_stopped_run_goes_on_and_ends_where_the_whole_one_did(version, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="a run draws its loss")
    shutil.copytree(version, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert main(["pretrain", "bert", "--out", "stopped", "--resume"]) == 0
    said = capsys.readouterr().err
    assert "resumed from" in said and "an older version, which did not write down what it learned from" in said
    whole, resumed = (load_model(tmp_path / name)[0].named_parameters() for name in ("bert", "stopped"))
    for name, p in whole.items():
        close(resumed[name].data, p.data)
    logs = [[json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text(encoding="utf-8").splitlines()]
            for name in ("bert", "stopped")]
    losses = [[(row["step"], row["loss"]) for row in log if "loss" in row] for log in logs]
    close(losses[1], losses[0])

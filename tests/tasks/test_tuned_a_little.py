"""Does --lora train what it says with every head, and is what it leaves opened, judged and gone on with as any run?"""

import json

import numpy as np
import pytest
from refusals import refused

from tinyformer.cli import main
from tinyformer.tasks import TASKS
from tinyformer.tasks.fine_tuned import open_trained, predictions_of
from tinyformer.train import load_model

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

LORA = ["--lora", "2", "--learning-rate", "1e-2"]
FILES = {"adapter_config.json", "adapter_model.safetensors", "config.json", "vocab.txt"}


def metrics(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


@pytest.mark.parametrize("kind", ["classify", "multilabel", "tag", "pair", "score", "answer"])
def test_every_head(kind, command, untrained, land, tmp_path, capsys, no_pictures):
    """The base stays; the adapter and the merged folder are one model, and say what the run said."""
    out, task = tmp_path / "run", TASKS[kind]
    assert main(command(kind, out, *LORA, "--merge", steps=3)) == 0
    assert FILES <= {path.name for path in out.iterdir()} and not (out / "model.safetensors").exists()
    found, begun = metrics(out), load_model(untrained)[0].bert.state()
    apart, whole = load_model(out)[0], load_model(out / "merged")[0]
    assert type(apart) is type(whole) is task.head
    assert 0 < found["trained"] < found["parameters"] and found["parameters"] > apart.count() == whole.count()
    assert f"lora: {found['trained']:,} of {found['parameters']:,} numbers learn" in capsys.readouterr().err
    mine = apart.state()
    for name, array in whole.state().items():
        assert np.abs(array - mine[name]).max() < 1e-6
        if name.startswith("encoder."):
            moved = not np.array_equal(array, begun[name.removeprefix("encoder.")])
            assert moved == name.endswith("attend.project.weight"), name
    for folder in (out, out / "merged"):
        model, tokenizer, opened, settings = open_trained({"model": str(folder)})
        examples = opened.read(str(land(kind, "dev")), settings)
        scores = opened.scores(examples, predictions_of(opened, model, tokenizer, examples, settings))
        if kind != "score":                                    # ranks of numbers that are nearly equal
            assert scores[task.figures[0]] == pytest.approx(found[task.figures[0]])


def test_commands_open_an_adapter(command, tmp_path, capsys, land, no_pictures):
    out = tmp_path / "run"
    assert main(command("classify", out, *LORA, steps=2)) == 0
    for words in (["predict", "the old cat sleeps"], ["evaluate", "--data", str(land("classify", "dev"))]):
        assert main([*words, "--model", str(out)]) == 0
    assert main(command("classify", tmp_path / "again", model=out, steps=1)) == 0, "all of it goes on learning"
    capsys.readouterr()
    assert "is an adapter, beside which no other can be kept" in refused(
        capsys, command("classify", tmp_path / "third", *LORA, model=out))


def test_a_run_that_is_gone_on_with(command, tmp_path, capsys, no_pictures):
    """Bit for bit the unbroken one; its checkpoints are adapters as well."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    more = [*LORA, "--save-every", "2", "--workers", "1", "--dropout", "0.1"]
    assert main(command("classify", whole, *more, steps=4)) == 0
    for path in sorted(whole.glob("checkpoint-*")):
        assert (path / "adapter_model.safetensors").exists() and not (path / "model.safetensors").exists()
    assert main(command("classify", parts, *more, steps=4)) == 0
    last = parts / "checkpoint-00000004"
    for path in [*last.iterdir(), *parts.glob("adapter_*"), parts / "metrics.json", parts / "MANIFEST.json"]:
        path.unlink()
    last.rmdir()
    assert main([*command("classify", parts, *more, steps=4), "--resume"]) == 0
    assert "resumed from" in capsys.readouterr().err
    for name in ("adapter_model.safetensors", "predictions.jsonl"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    assert main(command("classify", parts, "--resume", "--lora", "3", steps=6)) == 3
    assert "tensors do not fit; the run began with another rank" in capsys.readouterr().err


@pytest.mark.parametrize("more, message", [
    (["--lora", "0"], "--lora is 0; a rank must be at least 1"),
    (["--lora", "17"], "rank is 17"), (["--lora", "2", "--lora-on", "quary"], "no product 'quary'; choose among query"),
    (["--lora", "2", "--freeze", "all"], "give one of the two"), (["--merge"], "give --lora RANK"),
    (["--lora", "2", "--fresh"], "a fresh one has learned nothing")])
def test_what_cannot_be(more, message, command, tmp_path, capsys):
    assert message in refused(capsys, command("classify", tmp_path / "run", *more))

"""Does --lora train what it says with every head, and is what it leaves opened, judged and gone on with as any run?"""

import json
import shutil

import numpy as np
import pytest
from refusals import refused

from tinyformer.cli import main
from tinyformer.page.served import open_all
from tinyformer.tasks import TASKS
from tinyformer.tasks.fine_tuned import open_trained, predictions_of
from tinyformer.train import load_model, save_model
from tinyformer.train.weights import read_arrays

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


def test_another_run_in_its_place_leaves_no_merged_model_of_the_old_one(command, tmp_path, no_pictures):
    out, mine = tmp_path / "run", tmp_path / "run" / "merged"
    assert main(command("classify", out, *LORA, "--merge", steps=1)) == 0 and (mine / "model.safetensors").exists()
    assert main(command("classify", out, *LORA, "--overwrite", steps=1)) == 0 and not mine.exists()
    assert main(command("classify", out, "--overwrite", steps=1)) == 0
    mine.mkdir()
    assert main(command("classify", out, "--overwrite", steps=1)) == 0 and mine.exists(), "not a run's, but the user's"


def test_commands_open_an_adapter(command, tmp_path, capsys, land, no_pictures):
    out = tmp_path / "run"
    assert main(command("classify", out, *LORA, steps=2)) == 0
    for words in (["predict", "the old cat sleeps"], ["evaluate", "--data", str(land("classify", "dev"))]):
        assert main([*words, "--model", str(out)]) == 0
    served, = open_all([str(out)])
    assert served.task is TASKS["classify"] and served.described()["kind"] == "TextClassifier"
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


def test_no_run_goes_on_beside_another_base(command, untrained, tmp_path, capsys, no_pictures):
    base = shutil.copytree(untrained, tmp_path / "base")
    assert main(command("classify", tmp_path / "run", *LORA, "--save-every", "1", model=base, steps=1)) == 0
    model, tokenizer = load_model(base)
    model.bert.norm.gain.data[0] = 3
    save_model(base, model, tokenizer, overwrite=True)
    assert main([*command("classify", tmp_path / "run", *LORA, model=base, steps=2), "--resume"]) == 3
    assert "data base:" in capsys.readouterr().err


def test_rewriting(tmp_path, capsys, no_pictures):
    """Encoder and decoder stay, cross-attention has additions too; the adapter writes what the merged model does."""
    table = tmp_path / "pairs.tsv"
    table.write_text("source\ttarget\n" + "a b\tb a\nc d e\te d c\n" * 8)
    words = ["finetune", "rewrite", "--train", table, "--dev", table, "--max-length", "12", "--batch-size", "8"]
    base = tmp_path / "base"
    scratch = ["--model", "scratch", "--vocabulary", "20", "--layers", "1", "--width", "8", "--steps", "2"]
    assert main([str(word) for word in (*words, "--out", base, *scratch)]) == 0
    out = tmp_path / "run"
    assert main([str(word) for word in (*words, "--out", out, "--model", base, *LORA, "--merge", "--steps", "2")]) == 0
    saved = read_arrays(out / "adapter_model.safetensors")
    assert any("encoder_attn.q_proj.lora_A" in name for name in saved) and all("lora" in name for name in saved)
    apart, whole = (load_model(folder)[0].state() for folder in (out, out / "merged"))
    assert all(np.abs(apart[name] - array).max() < 1e-6 for name, array in whole.items())
    capsys.readouterr()
    for folder in (out, out / "merged"):
        assert main(["generate", "--model", str(folder), "--prompt", "a b", "--tokens", "4"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second


def test_little_learns_faster():
    options = TASKS["classify"].options
    assert options(lora=8).peak(384) == pytest.approx(1e-3) == 20 * options().peak(384)
    assert options(lora=8).peak(64) == pytest.approx(1e-2) and options(lora=8, learning_rate=0.5).peak(64) == 0.5


@pytest.mark.parametrize("more, message", [
    (["--lora", "0"], "--lora is 0; a rank must be at least 1"),
    (["--lora", "17"], "rank is 17"), (["--lora", "2", "--lora-on", "quary"], "no product 'quary'; choose among query"),
    (["--lora", "2", "--freeze", "all"], "give one of the two"), (["--merge"], "give --lora RANK"),
    (["--lora", "2", "--fresh"], "a fresh one has learned nothing")])
def test_what_cannot_be(more, message, command, tmp_path, capsys):
    assert message in refused(capsys, command("classify", tmp_path / "run", *more))

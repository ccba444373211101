"""Does each of the heads leave behind what it should, and is the same run the same run?"""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from refusals import refused

from tinyformer.cli import main
from tinyformer.data.labelled import LabelledBatches
from tinyformer.models import GPT, BertForPretraining, GPTConfig, Seq2Seq, Seq2SeqConfig, encoder_of
from tinyformer.tasks import TASKS, finished_run, learn
from tinyformer.tasks.finetuning_settings import chosen
from tinyformer.text import ByteLevelBPE
from tinyformer.train import History, load_model, save_model
from tinyformer.train.checkpoints import checkpoints, step_of

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

KINDS = ("classify", "multilabel", "tag", "pair", "score", "answer")


def metrics(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def predictions(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


def weights(folder) -> dict[str, np.ndarray]:
    return load_model(folder)[0].state()


def same(one, other) -> bool:
    """Whether two runs left the same model and predictions, to the last bit."""
    return all((one / name).read_bytes() == (other / name).read_bytes()
               for name in ("model.safetensors", "predictions.jsonl"))


# ---- what a run leaves -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind, picture", {"classify": "confusion", "multilabel": "labels", "tag": "tagged",
                                           "pair": "confusion", "score": "scores", "answer": "answers"}.items())
def test_what_a_run_leaves_behind(heads, land, untrained, kind, picture):
    folder, task = heads[kind], TASKS[kind]
    settings = json.loads((folder / "settings.json").read_text())
    assert (settings["task"], settings["model"], settings["steps"]) == (kind, str(untrained), 6)
    assert {path.name for path in folder.glob("*.png")} == {f"{picture}.png", "loss.png"}
    model, tokenizer = load_model(folder)
    assert type(model) is task.head and len(tokenizer) == 250
    examples = task.read(str(land(kind, "dev")), task.settings(**settings))
    said, found = predictions(folder), metrics(folder)
    assert len(said) == len(examples) == found["dev"] == 12 and found["train"] == 30
    assert found["parameters"] == model.count() and found["seed"] == 0
    for name, value in task.scores(examples, said).items():
        assert found[name] == pytest.approx(value, abs=1e-12), "the figures are those of the predictions that are kept"
    assert task.figures[0] in found
    for name in set(found) & {"accuracy", "f1", "f1_macro", "f1_micro", "precision", "recall", "exact", "exact_set"}:
        assert 0 <= found[name] <= 1, f"{name} is a fraction"
    constant = task.scores(examples, task.constant(task.read(str(land(kind, "train")), task.options()), examples))
    assert found[f"constant {task.figures[0]}"] == constant[task.figures[0]]


def test_predictions_say_which_and_how_sure(heads, land):
    for kind in ("classify", "pair"):
        for row in predictions(heads[kind]):
            assert sum(row["probabilities"].values()) == pytest.approx(1)
            assert row["probability"] == max(row["probabilities"].values()) == row["probabilities"][row["label"]]
    for row in predictions(heads["multilabel"]):
        assert list(row["probabilities"]) == ["LOC", "ORG", "PER"]
        assert row["labels"] == [name for name, p in row["probabilities"].items() if p >= 0.5]
    for row in predictions(heads["tag"]):
        assert len(row["tags"]) == len(row["words"]) and set(row["tags"]) <= {"O", "B-PER", "I-PER", "B-LOC", "B-ORG"}
    documents = {e.id: e.document for e in TASKS["answer"].read(str(land("answer", "dev")), TASKS["answer"].options())}
    for row in predictions(heads["answer"]):
        assert documents[row["id"]][row["start"]:row["end"]] == row["answer"] == row["candidates"][0]["answer"]


def test_the_last_line_and_the_mistakes_are_printed(capsys, command, land, tmp_path):
    assert main(command("pair", tmp_path / "run", "--learning-rate", "0")) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    found = metrics(tmp_path / "run")
    assert lines[-1].startswith(f"accuracy {found['accuracy']:.4f} (reading nothing 0.5000), f1 ")
    pair = TASKS["pair"]
    wrong = sum(e.label != p["label"] for e, p in zip(
        pair.read(str(land("pair", "dev")), pair.options()), predictions(tmp_path / "run"), strict=True))
    assert lines[0].startswith(f"{wrong} of 12 examples wrong")


def test_the_picture_of_the_losses_says_what_they_are(monkeypatch):
    from tinyformer import plot
    drawn = []
    monkeypatch.setattr(plot, "loss_curve", lambda *parts, **more: drawn.append(more))
    for kind, name in (("classify", "label"), ("pair", "label"), ("multilabel", "label"), ("tag", "label"),
                       ("score", "score"), ("answer", "span")):
        history = History([{"step": 1, "loss": 2.0}], [{"step": 1, f"{name} loss": 3.0}])
        finished_run.draw_loss(history, TASKS[kind], None)
        assert drawn[-1]["validation"] == [(1, 3.0)]
    assert [more["unit"] for more in drawn] == [*["nats per label"] * 3, "nats per tag", "squared error",
                                                "nats per end of an answer"]


# ---- the same run is the same run ------------------------------------------------------------------------------------


def test_the_saved_settings_repeat_the_run_bit_for_bit(heads, tmp_path, no_pictures):
    for kind in ("pair", "answer"):
        out = tmp_path / kind
        assert main(["finetune", kind, "--config", str(heads[kind] / "settings.json"), "--out", str(out)]) == 0
        assert same(out, heads[kind])
    out = tmp_path / "other"
    assert main(["finetune", "pair", "--config", str(heads["pair"] / "settings.json"), "--out", str(out),
                 "--seed", "1"]) == 0
    assert not same(out, heads["pair"]), "and another seed is another run"


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(capsys, command, heads, tmp_path, no_pictures, monkeypatch):
    batch, out = LabelledBatches.batch, tmp_path / "run"

    def stopping(self, step):
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return batch(self, step)
    with monkeypatch.context() as patch:
        patch.setattr(LabelledBatches, "batch", stopping)
        assert main(command("tag", out)) == 130
    assert (out / "checkpoint-00000004").is_dir() and not (out / "predictions.jsonl").exists()
    assert "holds a run already" in refused(capsys, command("tag", out))
    assert main(["finetune", "tag", "--out", str(out), "--resume"]) == 0, "it knows its own settings"
    assert same(out, heads["tag"]) and metrics(out)["f1"] == metrics(heads["tag"])["f1"]


@pytest.mark.parametrize("start", ["untrained", "gpt"])
def test_fresh_weights_in_the_same_sizes(capsys, command, request, tmp_path, no_pictures, start):
    folder, rate = request.getfixturevalue(start), ["--learning-rate", "0"]
    words = command("classify", tmp_path / "kept", *rate, model=folder)
    assert main(words) == 0
    for seed in ("0", "1"):
        words[words.index("--out") + 1] = str(tmp_path / seed)
        assert main([*words, "--fresh", "--seed", seed]) == 0
        assert metrics(tmp_path / seed)["fresh"] and "fresh" not in metrics(tmp_path / "kept")
    kept, one, other = (weights(tmp_path / name) for name in ("kept", "0", "1"))
    before = encoder_of(load_model(folder)[0]).state()
    table = next(name for name in before if name.endswith("words.weight"))
    assert np.array_equal(kept[f"encoder.{table}"], before[table])
    assert {name: array.shape for name, array in one.items()} == {name: array.shape for name, array in kept.items()}
    assert not np.array_equal(one[f"encoder.{table}"], kept[f"encoder.{table}"])
    assert not np.array_equal(one[f"encoder.{table}"], other[f"encoder.{table}"])
    words[words.index("--model") + 1] = "scratch"
    assert "leave --fresh out" in refused(capsys, [*words, "--fresh"])


def test_another_training_file_is_refused_and_another_setting_said(capsys, command, heads, land, tmp_path, no_pictures):
    out, file = tmp_path / "run", tmp_path / "train.tsv"
    shutil.copytree(heads["classify"], out)
    text = land("classify", "train").read_text()
    file.write_text(text)
    words = command("classify", out, "--resume", "--train", file)
    assert main([*words, "--batch-size", "4"]) == 0, "a file may be moved"
    assert "data batch_size: 8 then, 4 now" in capsys.readouterr().err
    lines = text.splitlines(keepends=True)
    file.write_text("".join([lines[0], *lines[:0:-1]]))
    assert main(words) == 3
    assert "data training examples: " in capsys.readouterr().err


def test_a_run_goes_on_from_where_it_began(capsys, command, heads, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(heads["classify"], out)
    words = command("classify", out, "--resume")
    assert "the run in" in refused(capsys, [*words, "--fresh"]) and "--fresh" in refused(capsys, [*words, "--fresh"])
    assert "--model says where a run begins" in refused(capsys, command("classify", out, "--resume", model="scratch"))
    assert main(words) == 0
    assert main(command("classify", tmp_path / "new", "--resume", "auto", "--fresh")) == 0, "nothing to go on with"


def test_several_seeds(capsys, command, heads, tmp_path, no_pictures):
    out = tmp_path / "runs"
    assert main(command("classify", out, "--seeds", "2")) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    found = metrics(out)
    figures = [metrics(out / f"seed-{seed}")["accuracy"] for seed in (0, 1)]
    assert found["seeds"] == [0, 1] and found["accuracy"]["runs"] == figures
    assert json.loads((out / "settings.json").read_text())["seeds"] == 2
    assert found["accuracy"]["mean"] == pytest.approx(sum(figures) / 2)
    assert found["accuracy"]["sd"] == pytest.approx(abs(figures[0] - figures[1]) / 2 ** 0.5)
    assert last.startswith(f"accuracy of 2 seeds: {sum(figures) / 2:.4f} ± {found['accuracy']['sd']:.4f}")
    assert same(out / "seed-0", heads["classify"]) and not same(out / "seed-0", out / "seed-1")

    assert f"name one of them, such as {out / 'seed-0'}" in refused(
        capsys, ["predict", "--model", str(out), "a text"])

    first, second = (weights(out / f"seed-{seed}")["linear.weight"] for seed in (0, 1))
    shutil.rmtree(out / "seed-1")                              # as if it had been stopped in the first run
    assert main(command("classify", out, "--seeds", "2", "--resume")) == 0
    assert np.array_equal(weights(out / "seed-0")["linear.weight"], first)
    assert np.array_equal(weights(out / "seed-1")["linear.weight"], second)
    assert "--resume names the checkpoint of one run" in refused(
        capsys, command("classify", out, "--seeds", "2", "--resume", out / "seed-0/checkpoint-00000006"))


# ---- checkpoints on the way ------------------------------------------------------------------------------------------


EACH_STEP = ["--save-every", "1", "--keep", "2"]


def kept(folder) -> list[int]:
    """The steps of the checkpoints that stay."""
    return [step_of(path) for path in checkpoints(folder)]


def judged(folder) -> dict[int, float]:
    """The accuracy on the development file after each step at which it was taken."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return {line["step"]: line["evaluation"]["accuracy"] for line in lines if "evaluation" in line}


@pytest.mark.skipif(os.name != "posix", reason="kills as in POSIX")
def test_a_run_that_was_killed_goes_on_byte_for_byte(command, tmp_path, no_pictures):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert main(command("classify", whole, *EACH_STEP, "--learning-rate", "1e-2")) == 0
    words = command("classify", broken, *EACH_STEP, "--learning-rate", "1e-2")
    code = ("import os, signal, sys\nfrom tinyformer.cli import main\n"
            "from tinyformer.data.labelled import LabelledBatches as Batches\nbatch = Batches.batch\n"
            "def killing(self, step):\n"
            "    if step == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
            "    return batch(self, step)\n"
            "Batches.batch = killing\nmain(sys.argv[1:])")
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == -signal.SIGKILL and kept(broken)[-1] == 4
    assert main(["finetune", "classify", "--out", str(broken), "--resume"]) == 0, "the run knows its settings"
    assert same(broken, whole) and judged(broken) == judged(whole) and kept(broken) == kept(whole)
    last = "checkpoint-00000006/optimizer.safetensors"
    assert (broken / last).read_bytes() == (whole / last).read_bytes()


def test_the_best_checkpoint_stays_beside_the_newest(command, tmp_path, no_pictures, monkeypatch):
    figures = iter([0.2, 0.9, 0.3, 0.9, 0.5, 0.4])
    monkeypatch.setattr(learn.Prepared, "figures", lambda prepared: next(figures))
    assert main(command("classify", tmp_path / "run", *EACH_STEP)) == 0
    assert kept(tmp_path / "run") == [2, 5, 6], "the first of two that are equal"
    assert judged(tmp_path / "run")[2] == 0.9


def test_a_run_stops_when_it_no_longer_gets_better(capsys, command, tmp_path, no_pictures, monkeypatch):
    out, figures = tmp_path / "run", iter([0.2, 0.9, 0.3, 0.8, 0.95, 1.0])
    monkeypatch.setattr(learn.Prepared, "figures", lambda prepared: next(figures))
    words = command("classify", out, *EACH_STEP, "--patience", "2")
    assert main(words) == 0
    assert "accuracy has not risen since step 2, so the run ends here" in capsys.readouterr().err
    assert list(judged(out)) == [1, 2, 3, 4] and kept(out) == [2, 3, 4]
    assert (out / "model.safetensors").read_bytes() == (out / "checkpoint-00000002/model.safetensors").read_bytes()
    before, found = (out / "model.safetensors").read_bytes(), metrics(out)
    assert found["best step"] == 2 and found["val accuracy"] == 0.9
    assert main([*words, "--resume"]) == 0
    assert "the run is complete" in capsys.readouterr().err and list(judged(out)) == [1, 2, 3, 4]
    (out / "model.safetensors").unlink()
    assert main([*words, "--resume"]) == 0, "what was not written yet is written then"
    assert (out / "model.safetensors").read_bytes() == before and metrics(out)["best step"] == 2


# ---- settings that change what is learned ----------------------------------------------------------------------------


def test_a_share_of_the_labels(command, heads, tmp_path, no_pictures):
    assert main(command("classify", tmp_path / "few", "--labels", "10%")) == 0
    assert metrics(tmp_path / "few")["train"] == 3 and metrics(tmp_path / "few")["dev"] == 12
    assert not same(tmp_path / "few", heads["classify"])
    assert [chosen(text, 30) for text in (None, "10%", "7", "100", "0.1%", "100%")] == [30, 3, 7, 30, 1, 30]


def test_a_frozen_encoder_stays_to_the_last_bit(command, untrained, tmp_path, no_pictures):
    before = {f"encoder.{name.removeprefix('bert.')}": array for name, array in weights(untrained).items()}
    assert main(command("tag", tmp_path / "all", "--freeze", "all")) == 0
    after = weights(tmp_path / "all")
    encoder = [name for name in after if name.startswith("encoder.")]
    assert len(encoder) > 25 and all(after[name].tobytes() == before[name].tobytes() for name in encoder)
    assert main(command("tag", tmp_path / "one", "--freeze", "1")) == 0
    after = weights(tmp_path / "one")
    moved = {name.split(".")[1] + "." + name.split(".")[2] for name in encoder
             if after[name].tobytes() != before[name].tobytes()}
    assert moved == {"layers.1"}, "the embeddings and the lowest layer stay"
    assert not np.array_equal(weights(tmp_path / "all")["linear.weight"], after["linear.weight"])


def test_slower_layers_below(command, heads, untrained, tmp_path, no_pictures):
    before = {f"encoder.{name.removeprefix('bert.')}": array for name, array in weights(untrained).items()}
    assert main(command("tag", tmp_path / "slow", "--layer-decay", "0.1")) == 0
    slow, plain = weights(tmp_path / "slow"), weights(heads["tag"])

    def moved(state, part):
        return max(np.abs(state[name] - before[name]).max() for name in state if name.startswith(part))
    parts = ("encoder.words", "encoder.layers.0", "encoder.layers.1")
    shares = [moved(slow, part) / moved(plain, part) for part in parts]
    assert shares == pytest.approx([1e-3, 1e-2, 1e-1], rel=0.5)


def test_seed_and_dropout_reach_what_they_should(land, untrained):
    def prepared(**changes):
        return learn.prepare(TASKS["tag"].options(model=str(untrained), train=str(land("tag", "train")),
                                           dev=str(land("tag", "dev")), **changes))
    one, other = prepared(), prepared(seed=1, dropout=0.3)
    assert one.model.config.dropout == 0.1 and other.model.config.dropout == 0.3
    assert one.model.encoder.config.dropout == 0.1 and other.model.encoder.config.dropout == 0.3
    assert not np.array_equal(one.batches.batch(0).ids, other.batches.batch(0).ids), "the order"
    assert not np.array_equal(one.model.linear.weight.data, other.model.linear.weight.data), "the head"
    words = [prepared(labels="5", seed=seed).train for seed in (0, 1)]
    assert words[0] != words[1] and all(len(few) == 5 for few in words), "which labels are seen"
    assert prepared(labels="5").train == words[0]


# ---- which models can be begun with ----------------------------------------------------------------------------------


def test_a_head_can_be_begun_with(command, heads, tmp_path, no_pictures):
    out = tmp_path / "run"
    assert main(command("classify", out, "--learning-rate", "0", model=heads["tag"])) == 0
    tagger, found = weights(heads["tag"]), weights(out)
    shared = [name for name in found if name in tagger and name.startswith("encoder.")]
    assert len(shared) > 25 and all(np.array_equal(found[name], tagger[name]) for name in shared)
    assert set(found) - set(tagger) == {"encoder.pooler.weight", "encoder.pooler.bias"}, "a tagger has none"


@pytest.fixture(scope="module")
def gpt(land, tmp_path_factory):
    tokenizer = ByteLevelBPE.train([land("pair", "train").read_text()], 280)
    out = tmp_path_factory.mktemp("gpt") / "gpt"
    config = GPTConfig(vocabulary=len(tokenizer), layers=1, heads=2, width=16, context=48)
    save_model(out, GPT(config, np.random.default_rng(0)), tokenizer)
    return out


@pytest.mark.parametrize("kind", KINDS)
def test_a_gpt_can_judge_a_text_or_a_pair_and_no_more(capsys, command, gpt, tmp_path, no_pictures, kind):
    out = tmp_path / "run"
    if kind in ("tag", "answer"):
        assert f"the model is a GPT, which never sees what stands at the right of a word, and {kind} needs both" in \
            refused(capsys, command(kind, out, model=gpt))
        assert not out.exists()
    else:
        assert main(command(kind, out, model=gpt, steps=2)) == 0
        assert isinstance(load_model(out)[0].encoder, GPT)


def test_an_encoder_with_a_decoder_lends_its_encoder(command, untrained, tmp_path, no_pictures):
    _, tokenizer = load_model(untrained)
    config = Seq2SeqConfig(vocabulary=len(tokenizer), layers=1, heads=2, width=16, context=48)
    save_model(tmp_path / "both", Seq2Seq(config, np.random.default_rng(0)), tokenizer)
    assert main(command("tag", tmp_path / "run", model=tmp_path / "both", steps=2)) == 0


def test_from_scratch(command, tmp_path, no_pictures):
    sizes = ["--layers", "1", "--heads", "2", "--width", "8", "--vocabulary", "120"]
    assert main(command("classify", tmp_path / "run", *sizes, model="scratch", steps=2)) == 0
    model, tokenizer = load_model(tmp_path / "run")
    config = model.config
    assert (config.layers, config.heads, config.width, config.context, config.vocabulary) == (1, 2, 8, 40, 120)
    assert len(tokenizer) == 120


def test_texts_longer_than_the_model_are_cut_and_counted(capsys, command, tmp_path, no_pictures):
    assert main(command("pair", tmp_path / "run", "--max-length", "100", steps=1)) == 0
    said = capsys.readouterr().err
    assert "the model has room for 48 tokens, so --max-length 100 becomes 48" in said
    assert json.loads((tmp_path / "run/settings.json").read_text())["max_length"] == 48
    assert main(command("pair", tmp_path / "short", "--max-length", "12", steps=1)) == 0
    assert "30 of 30 training examples are longer than the model reads at once and were cut to 12 tokens" in \
        capsys.readouterr().err
    assert main(command("answer", tmp_path / "windows", "--max-length", "24", "--max-question", "8", "--stride", "4",
                        steps=1)) == 0
    assert "of 12 development examples are longer than the model reads at once and were read in several windows" in \
        capsys.readouterr().err


def test_another_optimizer_when_it_is_asked_for(command, heads, tmp_path, no_pictures):
    assert json.loads((heads["tag"] / "settings.json").read_text())["optimizer"] == "adamw"
    assert main(command("tag", tmp_path / "muon", "--optimizer", "muon", "--matrix-rate", "0.01")) == 0
    moved = [name for name, array in weights(tmp_path / "muon").items()
             if not np.array_equal(array, weights(heads["tag"])[name])]
    assert "encoder.layers.0.attend.project.weight" in moved and "encoder.layers.1.feed.widen.weight" in moved


def test_a_pre_trained_model_is_not_changed(untrained, heads):
    assert isinstance(load_model(untrained)[0], BertForPretraining)
    fresh = weights(untrained)["bert.words.weight"]
    assert not np.array_equal(weights(heads["tag"])["encoder.words.weight"], fresh)

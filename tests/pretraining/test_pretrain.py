"""Does `pretrain` leave what it promises, and refuse what it cannot do, before it has done any work?"""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.errors import InputError
from tinyformer.pretraining.pair_figures import balanced_accuracy
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.text import UnigramTokenizer
from tinyformer.train import load_model

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


def read(path):
    return json.loads(path.read_text())


def refused(capsys, *words, status=2) -> str:
    capsys.readouterr()
    assert main(["pretrain", *map(str, words)]) == status
    message = capsys.readouterr().err.strip()
    return "\n".join(line for line in message.splitlines() if not line.startswith(("device", "bert:", "gpt:")))


def test_a_run_leaves_model_logs_settings_metrics_and_picture(bert):
    names = {path.name for path in bert.iterdir()}
    assert {"model.safetensors", "config.json", "vocab.txt", "settings.json", "metrics.json", "log.jsonl", "log.csv",
            "loss.png"} <= names
    metrics = read(bert / "metrics.json")
    for name in ("val loss", "unigram entropy", "val accuracy", "constant accuracy", "neighbour accuracy", "parameters",
                 "pair accuracy, same", "pair error, same"):
        assert np.isfinite(metrics[name]), name
    assert metrics["pairs, same"] >= 2000
    model, tokenizer = load_model(bert)
    assert model.config.layers == 1 and len(tokenizer) == model.config.vocabulary == metrics["vocabulary"]


def test_the_last_line_states_the_final_figures(capsys, corpus, tmp_path, small):
    assert main(["pretrain", "gpt", "--corpus", str(corpus), "--out", str(tmp_path / "g"), *small]) == 0
    out = capsys.readouterr().out
    metrics = read(tmp_path / "g" / "metrics.json")
    assert len(out.splitlines()) == 1
    assert out.startswith(f"val loss {metrics['val loss']:.4f}, unigram entropy {metrics['unigram entropy']:.4f}")


@pytest.mark.usefixtures("few_pairs")
@pytest.mark.parametrize("model", ["bert", "gpt", "seq2seq"])
def test_a_vocabulary_of_probabilities_serves_every_objective(model, corpus, tmp_path, small):
    out = tmp_path / model
    assert main(["pretrain", model, "--corpus", str(corpus), "--out", str(out), *small, "--tokenizer", "unigram",
                 "--vocabulary", "340"]) == 0
    _, tokenizer = load_model(out)
    assert isinstance(tokenizer, UnigramTokenizer) and tokenizer.decode(tokenizer.encode("é 中\n")) == "é 中\n"
    assert (tokenizer.mask_id is None) == (model == "gpt")


def test_settings_json_repeats_the_run(capsys, gpt, tmp_path):
    words = ["pretrain", "gpt", "--config", str(gpt / "settings.json"), "--out", str(tmp_path / "again")]
    assert main(words) == 0
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (gpt / "model.safetensors").read_bytes()
    again = read(tmp_path / "again" / "settings.json")
    assert again.pop("out") != (first := read(gpt / "settings.json")).pop("out")
    assert again == first


def test_a_finished_model_is_not_overwritten_unasked(capsys, gpt, corpus):
    before = (gpt / "model.safetensors").read_bytes(), (gpt / "settings.json").read_bytes()
    message = refused(capsys, "gpt", "--corpus", corpus, "--out", gpt)
    assert "holds a run already" in message and "--overwrite" in message and "--resume" in message
    assert ((gpt / "model.safetensors").read_bytes(), (gpt / "settings.json").read_bytes()) == before


@pytest.mark.usefixtures("few_pairs")
def test_overwrite_replaces_and_resume_goes_on(capsys, corpus, tmp_path, small):
    out = tmp_path / "run"
    words = ["pretrain", "gpt", "--corpus", str(corpus), "--out", str(out), *small, "--save-every", "6"]
    assert main(words) == 0
    first = (out / "model.safetensors").read_bytes()
    assert main([*words, "--seed", "1", "--overwrite"]) == 0
    assert (out / "model.safetensors").read_bytes() != first
    assert main(["pretrain", "gpt", "--out", str(out), "--resume"]) == 0         # the settings are in the folder
    assert "complete" in capsys.readouterr().err
    assert read(out / "settings.json")["seed"] == 1


@pytest.mark.usefixtures("few_pairs")
def test_a_run_says_which_optimizer_it_had_and_goes_on_with_it(capsys, corpus, tmp_path, small):
    """Stopped runs are told by the optimizer's own arrays: a matrix has one average, an embedding two."""
    words = ["pretrain", "gpt", "--corpus", str(corpus), *small, "--optimizer", "muon", "--matrix-rate", "0.02",
             "--momentum", "0.9", "--schedule", "constant-then-down"]
    assert main([*words, "--out", str(tmp_path / "whole")]) == 0
    assert main([*words, "--out", str(tmp_path / "broken"), "--save-every", "5"]) == 0
    shutil.rmtree(tmp_path / "broken" / "checkpoint-00000012")
    assert main(["pretrain", "gpt", "--out", str(tmp_path / "broken"), "--resume"]) == 0
    said = capsys.readouterr().err
    assert "resumed from" in said and "not bit for bit" not in said
    arrays = [(tmp_path / name / "checkpoint-00000012" / "optimizer.safetensors").read_bytes()
              for name in ("whole", "broken")]
    assert arrays[0] == arrays[1] and b"first.layers.0.attend.out.weight" in arrays[0]
    assert b"second.layers.0.attend.out.weight" not in arrays[0] and b"second.words.weight" in arrays[0]
    settings = read(tmp_path / "broken" / "settings.json")
    assert [settings[name] for name in ("optimizer", "matrix_rate", "momentum", "schedule")] == [
        "muon", 0.02, 0.9, "constant-then-down"]


@pytest.mark.usefixtures("few_pairs")
def test_held_out_text_and_none(capsys, corpus, tmp_path, small):
    words = ["pretrain", "gpt", "--corpus", str(corpus / "part0.txt"), *small]
    assert main([*words, "--out", str(tmp_path / "a"), "--held-out", str(corpus / "part1.txt")]) == 0
    assert "val loss" in capsys.readouterr().out
    assert main([*words, "--out", str(tmp_path / "b"), "--validation", "0"]) == 0
    assert capsys.readouterr().out.startswith("train loss")


@pytest.mark.usefixtures("few_pairs")
def test_sentence_order_and_no_pairs(corpus, tmp_path, small):
    words = ["pretrain", "bert", "--corpus", str(corpus), "--vocabulary", "60", *small]
    assert main([*words, "--objective", "sop", "--shared", "--factor", "4", "--out", str(tmp_path / "sop")]) == 0
    assert "pair accuracy, order" in read(tmp_path / "sop" / "metrics.json")
    config = read(tmp_path / "sop" / "config.json")
    assert (config["model_type"], config["num_hidden_groups"], config["embedding_size"]) == ("albert", 1, 4)
    assert main([*words, "--objective", "none", "--whole-word", "--masking", "static",
                 "--out", str(tmp_path / "none")]) == 0
    assert not any(name.startswith("pair") for name in read(tmp_path / "none" / "metrics.json"))


def test_what_cannot_be_done_is_said_in_a_line_or_two(capsys, corpus, tmp_path, small):
    out = ("--out", tmp_path / "x")
    assert "--corpus" in refused(capsys, "gpt", *out)
    assert "--out" in refused(capsys, "gpt", "--corpus", corpus)
    assert "missing.txt" in refused(capsys, "gpt", "--corpus", tmp_path / "missing.txt", *out)
    assert "no [MASK]" in refused(capsys, "bert", "--corpus", corpus, "--tokenizer", "bpe", *out)
    assert "'words'" in refused(capsys, "gpt", "--corpus", corpus, "--tokenizer", "words", *out)
    assert "multiple of heads" in refused(capsys, "gpt", "--corpus", corpus, "--width", 10, "--heads", 3, *out)
    (tmp_path / "short.txt").write_text("A few words.")
    assert "block" in refused(capsys, "gpt", "--corpus", tmp_path / "short.txt", "--vocabulary", 260, *out)
    (tmp_path / "file").write_text("not a folder")
    assert "choose another --out" in refused(capsys, "gpt", "--corpus", corpus, "--out", tmp_path / "file")
    assert not (tmp_path / "x" / "model.safetensors").exists()


def test_a_loss_that_is_not_finite_stops_with_status_4(capsys, corpus, tmp_path, small):
    with np.errstate(all="ignore"):
        message = refused(capsys, "gpt", "--corpus", corpus, "--out", tmp_path / "run", *small, "--learning-rate", 1e30,
                          "--warmup", 0, status=4)
    assert "step" in message and "lower the learning rate" in message


def test_balanced_accuracy_is_half_for_a_constant_guess():
    labels = np.array([0] * 90 + [1] * 10)
    share, error, count = balanced_accuracy(labels, np.zeros(100, int))
    assert (share, error, count) == (0.5, 0.0, 100)
    share, error, _ = balanced_accuracy(np.array([0, 1] * 50), np.array([0, 1, 1, 0] * 25))
    assert share == 0.5 and error == pytest.approx(0.05)
    assert balanced_accuracy(np.zeros(4, int), np.zeros(4, int))[2] == 0


def test_a_word_list_makes_words_of_chinese_characters(tmp_path):
    """With it the characters of one word are hidden together, without it one at a time."""
    text = "我们喜欢红苹果。他们喜欢老房子。" * 40
    (tmp_path / "words.txt").write_text("我们\n他们\n喜欢\n苹果\n房子\n", encoding="utf-8")
    whole = {}
    for words in (None, str(tmp_path / "words.txt")):
        settings = resolve("bert", {"steps": 1, "max_length": 24, "whole_word": True, "word_list": words})
        tokenizer = settings.make_tokenizer([text], [])
        batch = settings.make_batches([text], tokenizer).batch(0)
        hidden = np.isin(np.arange(batch.ids.size), batch.positions).reshape(batch.ids.shape)
        clean = batch.ids.copy()
        clean.ravel()[batch.positions] = batch.targets
        first, second = (tokenizer.vocab[c] for c in "苹果")
        pairs = (clean[:, :-1] == first) & (clean[:, 1:] == second)
        whole[words] = (hidden[:, :-1] == hidden[:, 1:])[pairs].mean()
    assert whole.pop(None) < 0.9 and set(whole.values()) == {1.0}


def test_a_word_list_alone_is_refused(tmp_path):
    with pytest.raises(InputError, match="--word-list .* give both"):
        resolve("bert", {"steps": 1, "word_list": "words.txt"})


def test_whole_words_of_characters_are_refused_without_a_word_list(capsys, corpus, tmp_path, small):
    words = ["pretrain", "bert", "--corpus", str(corpus), "--out", str(tmp_path), "--tokenizer", "characters", *small]
    assert main([*words, "--whole-word"]) == 2
    assert "--tokenizer characters knows no words" in capsys.readouterr().err
    resolve("bert", {"steps": 1, "tokenizer": "characters", "whole_word": True, "word_list": "words.txt"})


def test_a_refused_resume_leaves_the_settings_of_the_run_alone(capsys, corpus, small, tmp_path):
    words = ["gpt", "--corpus", corpus, "--out", tmp_path / "run", "--tokenizer", "characters", *small]
    assert main(["pretrain", *map(str, words)]) == 0
    before = (tmp_path / "run" / "settings.json").read_bytes()
    refused(capsys, *words, "--width", "32", "--steps", "20", "--resume", status=3)
    assert (tmp_path / "run" / "settings.json").read_bytes() == before


def test_an_out_that_cannot_be_one_is_refused_at_once(capsys, corpus, small, tmp_path):
    words = ["gpt", "--corpus", corpus, "--tokenizer", "characters", *small, "--out"]
    assert "no folder was named" in refused(capsys, *words, "")
    assert "no such folder" in refused(capsys, *words, tmp_path / "none", "--resume")
    assert not (tmp_path / "none").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "settings.json").write_text("precious")
    assert "settings.json" in refused(capsys, *words, tmp_path / "mine")
    assert (tmp_path / "mine" / "settings.json").read_text() == "precious"
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    refused(capsys, "gpt", "--corpus", empty, "--out", tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_settings_of_the_other_model_are_refused(capsys, corpus, tmp_path):
    message = refused(capsys, "gpt", "--corpus", corpus, "--out", tmp_path / "run", "--mask-rate", "0.3")
    assert "--mask-rate is a setting of `pretrain bert`" in message


@pytest.mark.skipif(os.name != "posix", reason="pipes as in POSIX")
@pytest.mark.parametrize("words", [["pretrain", "gpt", "--tokenizer", "characters"],
                                   ["finetune", "classify", "--model", "scratch", "--seeds", "2"]], ids=lambda w: w[0])
def test_a_run_to_which_nobody_listens_any_more_goes_on(corpus, tmp_path, small, words):
    """As behind `2>&1 | head -2`."""
    (tmp_path / "set.tsv").write_text("text\tlabel\n" + "the old cat\t1\nthe red tree\t0\n" * 8)
    data = ["--corpus", corpus] if words[0] == "pretrain" else [
        "--train", tmp_path / "set.tsv", "--dev", tmp_path / "set.tsv", "--vocabulary", "60"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tinyformer", *words, *map(str, data), "--out", str(tmp_path / "run"), *small],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "OMP_NUM_THREADS": "1",
                                                                         "PYTHONPATH": os.pathsep.join(sys.path)})
    assert all(process.stdout.readline() for _ in range(2))
    process.stdout.close()
    assert process.wait(120) == 0
    folders = [tmp_path / "run"] if words[0] == "pretrain" else [tmp_path / "run/seed-0", tmp_path / "run/seed-1"]
    for folder in folders:
        assert load_model(folder)[1] is not None and read(folder / "metrics.json")["steps"] == 12
        assert (folder / "loss.png").exists()

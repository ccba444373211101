"""Do `pretrain words` and `pretrain elmo` train, go on where they stopped, and leave what opens and can be tuned?"""

import json
import math

import numpy as np
import pytest

import tinyformer
from tinyformer.cli import main
from tinyformer.data.word_vectors import read_vectors
from tinyformer.errors import InputError
from tinyformer.models import ELMo, WordVectors
from tinyformer.pretraining.pretraining_settings import resolve

BRIEF = ["--width", "16", "--max-length", "40", "--batch-size", "4", "--steps", "12", "--evaluate-every", "12"]


@pytest.fixture
def run(corpus, tmp_path):
    """A function that pre-trains a model for a few steps, into the folder that it returns."""
    def folder(model, name, *more):
        words = ["pretrain", model, "--corpus", str(corpus), "--out", str(tmp_path / name), *BRIEF, *more]
        assert main(words) == 0
        return tmp_path / name
    return folder


@pytest.mark.parametrize("kind", ["cbow", "skip-gram"])
def test_words_leave_a_model_and_a_file_of_vectors(kind, run, capsys):
    out = run("words", "run", "--kind", kind)
    model, tokenizer = tinyformer.load(out)
    assert type(model) is WordVectors and model.config.kind == kind
    words, vectors = read_vectors(out / "vectors.txt")
    assert len(words) == len(tokenizer) - 5 and {"the", "cat", "river", "."} < {*words} and "[PAD]" not in words
    table = model.words.weight.data[[tokenizer.vocab[word] for word in words]]
    assert np.array_equal(vectors, table)
    metrics = json.loads((out / "metrics.json").read_text())
    assert 0 < metrics["frequencies alone"] < 6 * math.log(2)
    assert capsys.readouterr().out.startswith(f"val loss {metrics['val loss']:.4f} (frequencies alone ")
    assert (out / "loss.png").stat().st_size > 5000
    assert main(["neighbours", "--model", str(out), "cat", "--top", "3"]) == 0
    here = capsys.readouterr().out
    assert main(["neighbours", "--model", str(out / "vectors.txt"), "cat", "--top", "3"]) == 0
    assert capsys.readouterr().out == here and len(here.split()) == 7


def test_a_resumed_run_ends_bit_for_bit_where_the_unbroken_one_does(run, capsys):
    whole, broken = (run("words", name, "--save-every", "6") for name in ("whole", "broken"))
    for name in ("model.safetensors", "config.json", "MANIFEST.json", "metrics.json"):
        (broken / name).unlink()
    for path in (broken / "checkpoint-00000012").iterdir():
        path.unlink()
    (broken / "checkpoint-00000012").rmdir()
    assert main(["pretrain", "words", "--out", str(broken), "--resume"]) == 0
    assert (broken / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


@pytest.mark.parametrize("model, kind, tasks", [("words", WordVectors, ["pair", "tag"]),
                                               ("elmo", ELMo, ["classify", "answer"])])
def test_heads_stand_on_it(model, kind, tasks, run, command, untrained, no_pictures, tmp_path, capsys):
    begun = run(model, "run", "--tokenizer", str(untrained))
    assert capsys.readouterr().out.startswith("val loss ") and type(tinyformer.load(begun)[0]) is kind
    for task in tasks:
        assert main(command(task, tmp_path / task, model=begun)) == 0
        tuned, _ = tinyformer.load(tmp_path / task)
        assert type(tuned.encoder) is kind and (tuned.encoder.pooler is None) == (task in ("tag", "answer"))
    if model == "elmo":
        assert main(["predict", "--model", str(tmp_path / "classify"), "A fine day."]) == 0


@pytest.mark.parametrize("model, given, said", [
    ("words", dict(layers=2), "--layers is 2, a setting of models with layers, and word vectors have none"),
    ("words", dict(preset="tiny"), "--preset is tiny, a setting of models with layers"),
    ("words", dict(tokenizer="characters"), "--tokenizer is characters, and vectors are learned of words"),
    ("elmo", dict(heads=2), "--heads is 2, and an LSTM has no attention"),
    ("elmo", dict(preset="tiny"), "preset 'tiny' is not known"),
    ("gpt", dict(window=3), "a setting of `pretrain words`")])
def test_settings_that_mean_nothing_are_refused(model, given, said):
    with pytest.raises(InputError) as error:
        resolve(model, given)
    assert said in str(error.value)


def test_the_preset_is_the_published_size():
    settings = resolve("elmo", {"preset": "elmo"})
    assert (settings.layers, settings.width, settings.cells) == (2, 1024, 4096)


def test_rare_words_get_no_vector(run):
    words, _ = read_vectors(run("words", "run", "--min-count", "250", "--sample", "0") / "vectors.txt")
    assert {*words} == {"the", "sees", "."}


def test_a_text_of_which_nothing_is_left_is_refused(corpus, tmp_path, capsys):
    words = ["pretrain", "words", "--corpus", str(corpus), "--out", str(tmp_path / "run"), *BRIEF]
    assert main([*words, "--sample", "1e-6"]) == 2
    assert "so often that of 40 words in a row" in capsys.readouterr().err

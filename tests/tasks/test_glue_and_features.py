"""Does `glue` score the nine tasks as it says, and are the vectors of `features` those of the model?"""

import io
import json
import shutil

import numpy as np
import pytest

from tinyformer import tinyland
from tinyformer.cli import main
from tinyformer.commands.glue import chosen, row, table
from tinyformer.data.readers import GLUE, glue_file
from tinyformer.models import encoder_of
from tinyformer.tasks.features import features, principal
from tinyformer.tinyland.to_files import glue_rows
from tinyformer.train import load_model

from .refusals import refused

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


# ---- glue ------------------------------------------------------------------------------------------------------------


def glue(model, out, *more) -> list[str]:
    return [str(word) for word in ("glue", "--model", model, "--out", out, "--batch-size", 8, "--steps", 2,
                                   "--max-length", 40, *more)]


def test_two_generated_tasks(capsys, untrained, tmp_path, no_pictures):
    out = tmp_path / "glue"
    assert main(glue(untrained, out, "--tasks", "STS-B,cola", "--examples", 20, "--seeds", 2)) == 0
    found = json.loads((out / "glue.json").read_text())
    assert [each["task"] for each in found["tasks"]] == ["cola", "stsb"] and found["seeds"] == 2
    for each, figure in zip(found["tasks"], ("matthews", "pearson"), strict=True):
        runs = [json.loads((out / each["task"] / f"seed-{seed}/metrics.json").read_text()) for seed in (0, 1)]
        assert [run["seed"] for run in runs] == [0, 1]
        ceiling = tinyland.ceiling(each["task"], "dev", 200, 0)             # of the examples that were asked
        assert each["scores"] == pytest.approx([100 * run[figure] / ceiling for run in runs])
        assert each["figures"][figure] == pytest.approx((runs[0][figure] + runs[1][figure]) / 2)
        assert each["score"] == pytest.approx(sum(each["scores"]) / 2)
    assert found["average"] == pytest.approx((found["tasks"][0]["score"] + found["tasks"][1]["score"]) / 2)
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].split() == ["average", f"{found['average']:.1f}"] and printed[-2].startswith("stsb")
    assert (out / "glue.png").stat().st_size > 5000
    assert "holds a table already" in refused(capsys, *glue(untrained, out, "--tasks", "cola", "--examples", 20))


def published(folder, name, n=12):
    """Files in the published layout of one task."""
    splits = [("train", name, "train"), ("dev", name, "dev")]
    for split, kind, of in splits:
        path = glue_file(folder, name, split)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(glue_rows(name, tinyland.task(kind, of, n, 1)))
    if name == "mnli":
        (path.parent / "dev_mismatched.tsv").write_text(glue_rows(name, tinyland.task("mnli-mm", "dev", n, 1)))


def test_files_in_the_published_layout(capsys, heads, tmp_path, no_pictures):
    for name in ("cola", "mrpc", "mnli"):
        published(tmp_path / "data", name)
    model = heads["tag"]                                       # which has no pooler: each task gets a new one
    assert main(glue(model, tmp_path / "out", "--data", tmp_path / "data", "--tasks", "mnli,mrpc,cola")) == 0
    found = {each["task"]: each for each in json.loads((tmp_path / "out/glue.json").read_text())["tasks"]}
    assert list(found) == ["cola", "mrpc", "mnli"]
    figures = {name: json.loads((tmp_path / "out" / name / "metrics.json").read_text()) for name in found}
    assert found["cola"]["score"] == pytest.approx(100 * figures["cola"]["matthews"])
    assert found["mrpc"]["score"] == pytest.approx(50 * (figures["mrpc"]["accuracy"] + figures["mrpc"]["f1"]))
    assert found["mnli"]["score"] == pytest.approx(100 * figures["mnli"]["accuracy"])
    assert 0 <= found["mnli"]["figures"]["mismatched accuracy"] <= 1
    shutil.rmtree(tmp_path / "data" / "CoLA")
    (tmp_path / "data/MNLI/dev_mismatched.tsv").unlink()
    for name, file in (("cola", "CoLA/train.tsv"), ("mnli", "MNLI/dev_mismatched.tsv")):
        assert f"{file}: no such file" in refused(
            capsys, *glue(model, tmp_path / "b", "--data", tmp_path / "data", "--tasks", name))


def test_the_table():
    runs = [{"accuracy": 0.75, "f1": 0.5, "seed": 0, "collapsed": "'1'"}, {"accuracy": 0.85, "f1": 0.7, "seed": 1}]
    real = row("mrpc", runs)
    assert real["scores"] == pytest.approx([62.5, 77.5]) and real["collapsed"] == [0]
    made = row("mrpc", runs, top=1.0)             # accuracy alone, from a half to all
    assert made["scores"] == pytest.approx([50, 70])
    lines = table([real, made], 65.0).splitlines()
    assert lines[1] == "mrpc       70.0 ± 10.6  accuracy 0.8000, f1 0.6000   (collapsed: seed 0)"
    assert lines[-1].split() == ["average", "65.0"]


def test_what_glue_refuses(capsys, untrained, tmp_path):
    assert chosen(None) == list(GLUE) and chosen("wnli, SST-2,sst2") == ["sst2", "wnli"]
    out = tmp_path / "out"
    assert "did you mean 'cola'" in refused(capsys, *glue(untrained, out, "--tasks", "coal"))
    assert "--examples is 9; it must be at least 10" in refused(capsys, *glue(untrained, out, "--examples", 9))
    assert "--layers is a setting of --model scratch" in refused(capsys, *glue(untrained, out, "--layers", 1))
    assert "--model is missing" in refused(capsys, "glue", "--out", out)
    assert "no folder was named" in refused(capsys, "glue", "--model", untrained)
    assert not out.exists()


# ---- features --------------------------------------------------------------------------------------------------------

TEXTS = ["Ida lives in Ashby.", "The museum", "A dog and a cat and the old snake"]


@pytest.fixture(scope="module")
def opened(untrained):
    model, tokenizer = load_model(untrained)
    return encoder_of(model), tokenizer


def states(encoder, tokenizer, text):
    """Every layer's vectors of one text alone, without any padding."""
    ids = np.array([[tokenizer.cls_id, *tokenizer.encode(text), tokenizer.sep_id]])
    return [state.data[0] for state in encoder.states(ids, np.zeros_like(ids), np.ones_like(ids, bool))]


def test_vectors_are_the_hidden_states(opened):
    encoder, tokenizer = opened
    for layers in ((-1,), (0, 2), (1, -1, 0)):
        first, of_first, names = features(encoder, tokenizer, TEXTS, layers)
        mean, _, _ = features(encoder, tokenizer, TEXTS, layers, "mean")
        pieces, of_pieces, tokens = features(encoder, tokenizer, TEXTS, layers, "pieces")
        assert first.shape == mean.shape == (3, 16 * len(layers)) and of_first.tolist() == [0, 1, 2]
        assert names == ["[CLS]"] * 3
        assert tokens == [tokenizer.tokens[id] for text in TEXTS for id in tokenizer.encode(text)]
        for n, text in enumerate(TEXTS):
            whole = states(encoder, tokenizer, text)
            joined = np.concatenate([whole[layer] for layer in layers], axis=-1)
            np.testing.assert_allclose(first[n], joined[0], atol=1e-5)
            np.testing.assert_allclose(mean[n], joined[1:-1].mean(0), atol=1e-5)
            np.testing.assert_allclose(pieces[of_pieces == n], joined[1:-1], atol=1e-5)


def test_a_vector_for_each_word_is_that_of_its_first_piece(opened):
    encoder, tokenizer = opened
    found, of_text, names = features(encoder, tokenizer, ["museumsnake a"], (-1,), "words")
    pieces = tokenizer.encode("museumsnake")
    assert len(pieces) > 1 and names == ["museumsnake", "a"] and of_text.tolist() == [0, 0]
    whole = states(encoder, tokenizer, "museumsnake a")[-1]
    np.testing.assert_allclose(found, whole[[1, 1 + len(pieces)]], atol=1e-5)


def test_the_command_writes_a_file(capsys, untrained, opened, tmp_path, monkeypatch):
    data, out = tmp_path / "texts.txt", tmp_path / "new" / "f.npz"
    data.write_text("\ufeff" + "\r\n\r\n".join(TEXTS) + "\r\n")
    assert main(["features", "--model", str(untrained), "--data", str(data), "--out", str(out), "--layers", "0,last",
                 "--tokens", "pieces"]) == 0
    vectors, of_text, tokens = features(*opened, TEXTS, (0, -1), "pieces")
    with np.load(out) as found:
        assert np.array_equal(found["vectors"], vectors) and found["token"].tolist() == tokens
        assert np.array_equal(found["text"], of_text)
    assert f"{len(vectors)} vectors of 32 numbers from 3 texts" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(TEXTS)))
    assert main(["features", "--model", str(untrained), "--out", str(out), "--width", "2"]) == 0
    with np.load(out) as found:
        assert found["vectors"].shape == (3, 2)


def test_the_directions_in_which_vectors_differ_most():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 6)) * [9, 1, 1, 5, 1, 1] + 7
    found = principal(vectors, 2)
    spread = np.linalg.eigvalsh(np.cov(vectors.T))[::-1]
    np.testing.assert_allclose(found.var(0, ddof=1), spread[:2], rtol=1e-10)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-10)


def test_what_features_refuses(capsys, untrained, tmp_path):
    data = tmp_path / "a.txt"
    data.write_text("one\ntwo\n")
    words = ["features", "--model", untrained, "--data", data, "--out", tmp_path / "f.npz"]
    assert "this model has layers 0 to 2" in refused(capsys, *words, "--layers", "3")
    assert "--layers is 'first'" in refused(capsys, *words, "--layers", "first")
    assert "--width is 3; of 2 vectors with 16 numbers it can be 1 to 2" in refused(capsys, *words, "--width", 3)
    data.write_text(" \n")
    assert "no texts in it" in refused(capsys, *words)
    assert not (tmp_path / "f.npz").exists()

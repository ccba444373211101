"""Does `predict` read and cut as training did, and refuse what it cannot use?"""

import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from refusals import refused

from tinyformer.cli import main
from tinyformer.tasks import TASKS
from tinyformer.train import load_model, save_model

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

KINDS = ("classify", "multilabel", "tag", "pair", "score", "answer")


def printed(capsys, *words) -> list[dict]:
    """The JSON objects that a predict command prints."""
    capsys.readouterr()
    assert main(["predict", *map(str, words)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def kept(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


TYPED = {"classify": ["The museum was gloomy."], "multilabel": ["Ida lives in Ashby ."],
         "tag": ["Ida lives in Ashby ."], "pair": ["a dog", "a cat"], "score": ["a dog", "a cat"],
         "answer": ["What does Tom like?", "Tom likes the fig. Ida likes the pear."]}


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_read_alike_wherever_it_comes_from(capsys, heads, tmp_path, monkeypatch, kind):
    typed, = printed(capsys, "--model", heads[kind], *TYPED[kind])
    monkeypatch.setattr("sys.stdin", io.StringIO("\n" + "\t".join(TYPED[kind]) + "\r\n  \n" + "\t".join(TYPED[kind])))
    piped = printed(capsys, "--model", heads[kind])
    assert len(piped) == 2 and all({**row, "id": 0} == {**typed, "id": 0} for row in piped)
    assert main(["predict", "--model", str(heads[kind]), *TYPED[kind], "--out", str(tmp_path / "new/a.jsonl")]) == 0
    assert capsys.readouterr().out == ""
    assert json.loads((tmp_path / "new/a.jsonl").read_text()) == typed
    wanted = {"classify": {"text", "label"}, "multilabel": {"text", "labels", "probabilities"},
              "tag": {"words", "tags"}, "pair": {"first", "second", "label"},
              "score": {"first", "second", "score"}, "answer": {"question", "answer", "start", "end"}}[kind]
    assert wanted <= set(typed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_the_predictions_of_the_run(capsys, heads, land, kind):
    found = printed(capsys, "--model", heads[kind], "--data", land(kind, "dev"))
    assert [{name: row[name] for name in said} for row, said in zip(found, kept(heads[kind]), strict=True)] == \
        kept(heads[kind])


def test_files_without_labels(capsys, heads, tmp_path):
    def file(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name
    text = "The museum was gloomy."
    alone, = printed(capsys, "--model", heads["classify"], text)
    for path in (file("a.tsv", f"index\tsentence\r\n0\t{text}\r\n"), file("b.txt", f"\ufeff{text}\n"),
                 file("c.tsv", f"src\t1\t\t{text}\nsrc\t0\t*\tNo.\nsrc\t0\t*\tMaybe.\n"),
                 file("d.jsonl", json.dumps({"text": text}) + "\n")):
        found = printed(capsys, "--model", heads["classify"], "--data", path)[0]
        assert found["text"] == text and found["probability"] == pytest.approx(alone["probability"]), path
    path = file("e.tsv", f"id\tx\n1\t{text}\n")
    for columns in ("text=x,label=gold", "text=x"):            # as the labelled file was read, perhaps
        assert printed(capsys, "--model", heads["classify"], "--data", path, "--columns", columns)[0] == alone
    assert "--columns is 'first=1,second=2', and classify reads text" in refused(
        capsys, "predict", "--model", heads["classify"], "--data", path, "--columns", "first=1,second=2")
    tagged, = printed(capsys, "--model", heads["tag"], "Ida lives .")
    for path in (file("f.txt", "Ida\nlives\n.\n"), file("g.txt", "Ida _\nlives _\n. _\n"),
                 file("h.conllu", "".join(f"{n}\t{word}" + "\t_" * 8 + "\n" for n, word in
                                          enumerate(("Ida", "lives", "."), 1)) + "\n")):
        assert printed(capsys, "--model", heads["tag"], "--data", path) == [tagged], path
    question = {"question": "Who?", "id": "a"}
    path = file("i.json", json.dumps({"data": [{"paragraphs": [{"context": "Ida lives.", "qas": [question]}]}]}))
    assert printed(capsys, "--model", heads["answer"], "--data", path)[0]["id"] == "a"


def test_words_beyond_the_end_have_no_tag(capsys, heads):
    row, = printed(capsys, "--model", heads["tag"], "word " * 60)
    assert len(row["tags"]) == 60 and row["tags"][0] is not None and row["tags"][-1] is None
    printed(capsys, "--model", heads["classify"], "word " * 60)
    assert main(["predict", "--model", str(heads["classify"]), "word " * 60]) == 0
    assert "1 of 1 texts were cut to 40 tokens" in capsys.readouterr().err


def test_the_settings_of_the_run_hold_unless_others_are_given(capsys, heads):
    assert TASKS["answer"].options().n_best == 20
    one, = printed(capsys, "--model", heads["answer"], *TYPED["answer"], "--n-best", 1)
    many, = printed(capsys, "--model", heads["answer"], *TYPED["answer"])
    assert len(one["candidates"]) == 1 and len(many["candidates"]) > 1
    short, = printed(capsys, "--model", heads["answer"], *TYPED["answer"], "--max-answer-length", 1)
    assert " " not in short["answer"]


def test_predict_refuses_what_it_cannot_use(capsys, heads, land, tmp_path, monkeypatch):
    model = heads["pair"]
    assert "1 parts were given, and this model takes two texts" in refused(capsys, "predict", "--model", model, "a")
    assert "3 parts" in refused(capsys, "predict", "--model", model, "a", "b", "c")
    assert "it is empty" in refused(capsys, "predict", "--model", model, "a", " ")
    dev = land("pair", "dev")
    assert "give one of the two" in refused(capsys, "predict", "--model", model, "a", "b", "--data", dev)
    assert "--model is missing" in refused(capsys, "predict", "a", "b")
    assert "is a folder" in refused(capsys, "predict", "--model", model, "a", "b", "--out", tmp_path)
    for lines, words in (("", "no text"), ("\n \n", "no text"), ("a\n", "typed text 1: 1 parts")):
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        assert words in refused(capsys, "predict", "--model", model)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\t\xff\xfe"), "ascii", "surrogateescape"))
    assert "not UTF-8 (byte 0xff" in refused(capsys, "predict", "--model", model)
    mine = tmp_path / "mine.tsv"
    mine.write_bytes(dev.read_bytes())
    other = tmp_path / "other.jsonl"
    other.write_text("precious")
    assert "is there already; choose another --out, or replace it (--overwrite)" in refused(
        capsys, "predict", "--model", model, "--data", mine, "--out", other)
    assert other.read_text() == "precious"
    assert main(["predict", "--model", str(model), "--data", str(mine), "--out", str(other), "--overwrite"]) == 0
    assert json.loads(other.read_text().splitlines()[0])
    assert "which would be lost" in refused(capsys, "predict", "--model", model, "--data", mine, "--out", mine)
    assert mine.read_bytes() == dev.read_bytes()


def test_bytes_that_are_no_text_are_refused_wherever_lines_are_read(heads, gpt, bert, tmp_path):
    words = {"predict": heads["classify"], "fill": bert, "generate": gpt, "features": bert}
    for command, model in words.items():
        more = ["--out", str(tmp_path / "f.npz")] if command == "features" else []
        done = subprocess.run([sys.executable, "-m", "tinyformer", command, "--model", str(model), *more],
                              input=b"\xff\xfe", capture_output=True)
        assert done.returncode == 2 and b"is not UTF-8 (byte 0xff" in done.stderr and not done.stdout, command


@pytest.mark.parametrize("kind", ["classify", "multilabel", "tag", "pair", "score", "answer"])
def test_numbers_that_are_not_finite_are_no_answer(capsys, heads, land, tmp_path, kind):
    """Weights that are finite and so large that what they compute is not; evaluate and predict say so alike."""
    model, tokenizer = load_model(heads[kind])
    model.linear.weight.data[...] = 3e38
    if model.pooled:
        model.encoder.pooler.bias.data[...] = 10               # so that all that is added up is near 1
    save_model(tmp_path / "huge", model, tokenizer)
    shutil.copy(heads[kind] / "settings.json", tmp_path / "huge")
    for command in ("predict", "evaluate"):
        capsys.readouterr()
        with np.errstate(all="ignore"):
            assert main([command, "--model", str(tmp_path / "huge"), "--data", str(land(kind, "dev"))]) == 4
        out, said = capsys.readouterr()
        assert out == "" and "numbers that the model computes are not finite" in said


@pytest.mark.parametrize("words", [["generate", "--prompt", "The cat"], ["generate", "--prompt", "The", "--beams", "2"],
                                   ["generate", "--prompt", "The", "--temperature", "1", "--samples", "2"],
                                   ["fill", "The [MASK] dog"]])
def test_numbers_that_are_not_finite_are_no_text(capsys, bert, gpt, tmp_path, words):
    model, tokenizer = load_model(bert if words[0] == "fill" else gpt)
    last = model.transform_norm if words[0] == "fill" else model.norm
    last.gain.data[...] = 3e38
    save_model(tmp_path / "huge", model, tokenizer)
    with np.errstate(all="ignore"):
        assert main([*words, "--model", str(tmp_path / "huge")]) == 3
    out, said = capsys.readouterr()
    assert out == "" and "weights are damaged, or" in said

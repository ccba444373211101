"""Does `shots` print a table and leave its files, and is every mistake named before any question is asked?"""

import json

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.commands.shots import Options, run
from tinyformer.generate.in_context import answers, fingerprint
from tinyformer.models import GPT, GPTConfig
from tinyformer.text import CharTokenizer
from tinyformer.train import save_model

PAIRS = [("dog", "hund"), ("cat", "katze"), ("cow", "kuh"), ("fox", "fuchs"), ("Dog", "koter"), ("ox", "ochse")]
LETTERS = "\n =>.:," + "abcdefghijklmnopqrstuvwxyzDGF"


@pytest.fixture(scope="module")
def model():
    config = GPTConfig(vocabulary=len(LETTERS), layers=2, heads=2, width=16, context=90, dropout=0.0, init_std=0.3)
    return GPT(config, np.random.default_rng(0)).to(dtype=np.float64)


@pytest.fixture(scope="module")
def tokenizer():
    return CharTokenizer(list(LETTERS))


@pytest.fixture(scope="module")
def folder(model, tokenizer, tmp_path_factory):
    path = tmp_path_factory.mktemp("in_context")
    save_model(path / "gpt", model, tokenizer)
    (path / "two.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in PAIRS))
    (path / "other.tsv").write_text("target\tSource\n" + "".join(f"{b}\t{a}\n" for a, b in PAIRS))
    (path / "named.csv").write_text("id,Output,Input\n" + "".join(f"1,{b},{a}\n" for a, b in PAIRS))
    (path / "keys.jsonl").write_text("".join(json.dumps({"output": b, "input": a}) + "\n" for a, b in PAIRS))
    (path / "three.tsv").write_text("".join(f"{b}\tx\t{a}\n" for a, b in PAIRS))
    (path / "one.tsv").write_text("dog\ncat\n")
    (path / "empty.tsv").write_text("dog\thund\ncat\t \n")
    return path


def test_the_command_prints_a_table_and_leaves_its_files(folder, tmp_path, capsys):
    words = ["shots", "--model", folder / "gpt", "--data", folder / "two.tsv", "--shots", "0,2", "--control", "--out",
             tmp_path / "out", "--description", "into German:"]
    assert main(list(map(str, words))) == 0
    said = capsys.readouterr().out
    assert "accuracy" in said and "exchanged" in said and "nothing was trained" in said
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["sha256 before"] == metrics["sha256 after"] and len(metrics["sha256 before"]) == 64
    assert [(row["shots"], row["exchanged"], row["questions"]) for row in metrics["results"]] == [
        (0, False, 6), (2, False, 6), (2, True, 6)]
    lines = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert len(lines) == 18 and all(line["prompt"].startswith("into German:\n") for line in lines)
    for row in metrics["results"]:
        share = [x["right"] for x in lines if (x["shots"], x["exchanged"]) == (row["shots"], row["exchanged"])]
        assert row["accuracy"] == sum(share) / 6
    assert (tmp_path / "out" / "shots.png").read_bytes()[:4] == b"\x89PNG"


def test_weights_that_change_while_questions_are_asked_are_told(folder, model, tmp_path, monkeypatch, capsys):
    def teach(model, *more):
        model.words.weight.data[0, 0] += 1
        return answers(model, *more)

    monkeypatch.setattr("tinyformer.generate.in_context.answers", teach)
    words = ["shots", "--model", folder / "gpt", "--data", folder / "two.tsv", "--shots", "1", "--out", tmp_path]
    assert main(list(map(str, words))) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    before, after = metrics["sha256 before"], metrics["sha256 after"]
    assert before == fingerprint(model) != after
    assert f"{before[:16]}... before and {after[:16]}... after: THEY CHANGED" in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_refused_before_any_question(folder, monkeypatch, capsys):
    monkeypatch.setattr("tinyformer.generate.in_context.answers", lambda *more: pytest.fail("questions were asked"))
    words = ["shots", "--model", folder / "gpt", "--data", folder / "two.tsv", "--out", folder / "two.tsv" / "out"]
    assert main(list(map(str, words))) == 2
    assert "two.tsv" in capsys.readouterr().err


def test_a_line_end_can_be_typed():
    look = Options(model="m", data="d", format=r"Q: {input}\nA: {output}", description=r"Translate.\n",
                   separator=r"\n\n").look
    assert look.prompt([("a", "b")], "c") == "Translate.\n\n\nQ: a\nA: b\n\nQ: c\nA:"


def test_every_format_of_a_file_asks_the_same(folder, tmp_path, capsys):
    found = []
    for name, more in (("two.tsv", []), ("other.tsv", []), ("named.csv", []), ("keys.jsonl", []),
                       ("three.tsv", ["--columns", "input=3,output=1"])):
        words = ["shots", "--model", folder / "gpt", "--data", folder / name, "--shots", "1", "--out", tmp_path / name,
                 "--score", "generation", *more]
        assert main(list(map(str, words))) == 0
        rows = map(json.loads, (tmp_path / name / "predictions.jsonl").read_text().splitlines())
        found.append([{key: value for key, value in row.items() if key != "place"} for row in rows])
    assert all(each == found[0] for each in found)


def test_figures_are_kept_where_nobody_reads_what_is_printed(folder, tmp_path, monkeypatch):
    def gone(found, settings):
        raise BrokenPipeError

    monkeypatch.setattr("tinyformer.commands.shots.table", gone)
    with pytest.raises(BrokenPipeError):
        run(Options(model=str(folder / "gpt"), data=str(folder / "two.tsv"), shots="1", out=str(tmp_path / "x")))
    assert json.loads((tmp_path / "x" / "metrics.json").read_text())["results"][0]["questions"] == 6


def test_too_few_examples_are_told_before_any_question(folder, monkeypatch, capsys):
    monkeypatch.setattr("tinyformer.generate.in_context.answers", lambda *more: pytest.fail("questions were asked"))
    words = ["shots", "--model", folder / "gpt", "--data", folder / "two.tsv", "--shots", "0,6"]
    assert main(list(map(str, words))) == 2
    assert "ask for fewer" in capsys.readouterr().err


def test_examples_of_another_file(folder, tmp_path, capsys):
    (tmp_path / "other.tsv").write_text("dog\tab\neel\tcd\n")
    words = ["shots", "--model", folder / "gpt", "--data", folder / "two.tsv", "--examples", tmp_path / "other.tsv",
             "--shots", "1", "--questions", "2", "--out", tmp_path / "out"]
    assert main(list(map(str, words))) == 0
    first, second = map(json.loads, (tmp_path / "out" / "predictions.jsonl").read_text().splitlines())
    assert first["prompt"] == "eel => cd.\ndog =>" and second["prompt"].endswith("\ncat =>")


@pytest.mark.parametrize("words, said", [
    (["--shots", "1,x"], "--shots is '1,x'"), (["--shots", "-1"], "--shots is '-1'"),
    (["--shots", "6"], "ask for fewer"),
    (["--format", "{output}"], "the format is '{output}'"), (["--score", "luck"], "--score is 'luck'"),
    (["--candidates", "1"], "--candidates"), (["--columns", "input=1"], "must name both"),
    (["--data", "three.tsv"], "cannot tell which of 3 columns"), (["--data", "one.tsv"], "there is one column, 'dog'"),
    (["--data", "empty.tsv"], "empty.tsv:2: the output"),
    (["--data", "none.tsv"], "no such file"), (["--columns", "input=1,output=dogs"], "no column 'dogs'"),
    (["--description", "Übung"], "'Ü'"), (["--description", "a" * 90], "shorten the description"),
    (["--model", "nowhere"], "no such folder"), (["--out", "gpt"], "holds a model"),
    (["--out", "two.tsv"], "is a file")])
def test_mistakes_are_named(folder, monkeypatch, capsys, words, said):
    monkeypatch.chdir(folder)
    given = {"--model": "gpt", "--data": "two.tsv", "--shots": "1"} | {words[0]: words[1]}
    assert main(["shots", *(word for item in given.items() for word in item)]) == 2
    assert said in capsys.readouterr().err

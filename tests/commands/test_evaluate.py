"""Does `evaluate` judge as training did, write where it may, and refuse what it cannot use?"""

import json

import pytest
from refusals import refused

from tinyformer.cli import main
from tinyformer.tasks import TASKS

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

KINDS = ("classify", "multilabel", "tag", "pair", "score", "answer")
PICTURES = {"classify": "confusion.png", "multilabel": "labels.png", "tag": "tagged.png", "pair": "confusion.png",
            "score": "scores.png", "answer": "answers.png"}


def kept(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_evaluate_finds_what_finetune_found(capsys, heads, land, tmp_path, kind):
    out = tmp_path / "out"
    assert main(["evaluate", "--model", str(heads[kind]), "--data", str(land(kind, "dev")), "--out", str(out)]) == 0
    found, trained = (json.loads((folder / "metrics.json").read_text()) for folder in (out, heads[kind]))
    figures = set(TASKS[kind].figures) & set(trained)
    assert TASKS[kind].figures[0] in figures and all(found[name] == trained[name] for name in figures)
    assert (found["task"], found["examples"]) == (kind, 12)
    assert kept(out) == kept(heads[kind]) and (out / PICTURES[kind]).stat().st_size > 5000
    last, first = capsys.readouterr().out.strip().splitlines()[-1], TASKS[kind].figures[0]
    assert last.startswith(f"{first.replace('_', ' ')} {found[first]:.4f}, ")
    assert last.endswith("12 examples")


def test_evaluate_without_a_folder_writes_nothing(heads, land, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in heads["tag"].rglob("*")}
    assert main(["evaluate", "--model", str(heads["tag"]), "--data", str(land("tag", "dev"))]) == 0
    assert {path: path.stat().st_mtime_ns for path in heads["tag"].rglob("*")} == before
    assert not list(tmp_path.iterdir())


def test_evaluate_replaces_its_own_result_and_nothing_else(capsys, heads, land, tmp_path, no_pictures):
    out, dev = tmp_path / "out", land("tag", "dev")
    words = ["evaluate", "--model", heads["tag"], "--out", out, "--data"]
    assert main([str(word) for word in (*words, dev)]) == 0
    first = kept(out)
    assert main([str(word) for word in (*words, dev)]) == 0 and kept(out) == first
    assert "holds metrics.json, predictions.jsonl of something else" in refused(capsys, words, land("tag", "train"))
    assert kept(out) == first
    assert main([str(word) for word in (*words, land("tag", "train"), "--overwrite")]) == 0 and len(kept(out)) == 30
    for text in ("somebody's own", "[]", "[" * 100_000, json.dumps({"task": "tag"})):
        (out / "metrics.json").write_text(text)
        assert "--overwrite" in refused(capsys, words, dev) and (out / "metrics.json").read_text() == text


def test_evaluate_refuses_what_it_cannot_use(capsys, heads, untrained, land, tmp_path):
    dev = land("classify", "dev")
    assert "carries no head" in refused(capsys, "evaluate", "--model", untrained, "--data", dev)
    assert "--model is missing" in refused(capsys, "evaluate", "--data", dev)
    said = refused(capsys, "evaluate", "--model", heads["classify"], "--data", dev, "--out", heads["classify"])
    assert "holds a model" in said and "--out takes another folder" in said
    assert "is a file" in refused(capsys, "evaluate", "--model", heads["classify"], "--data", dev, "--out", dev)
    assert "--stride is a setting of answer" in refused(
        capsys, "evaluate", "--model", heads["classify"], "--data", dev, "--stride", 4)
    assert "room for 48 tokens" in refused(
        capsys, "evaluate", "--model", heads["classify"], "--data", dev, "--max-length", 49)
    unlabelled = tmp_path / "a.tsv"
    unlabelled.write_text("sentence\ngood\n")
    assert "cannot tell which columns" in refused(
        capsys, "evaluate", "--model", heads["classify"], "--data", unlabelled)


def test_labels_the_model_never_saw(capsys, heads, tmp_path):
    some, none = tmp_path / "some.tsv", tmp_path / "none.tsv"
    some.write_text("sentence\tlabel\ngood\t1\nbad\t2\nfine\t1\n")
    none.write_text("sentence\tlabel\ngood\tpos\nbad\tneg\n")
    assert main(["evaluate", "--model", str(heads["classify"]), "--data", str(some)]) == 0
    said = capsys.readouterr().err
    assert "some.tsv:3: label '2' is not among those the model knows (0, 1); 1 of 3 labels are unknown" in said
    assert "none.tsv:2: label 'pos' is not among those the model knows (0, 1), nor is any other" in refused(
        capsys, "evaluate", "--model", heads["classify"], "--data", none)
    tags = tmp_path / "a.conllu"
    tags.write_text("1\ta\t_\tDET\t_\t_\t_\t_\t_\t_\n\n")
    assert "label 'DET'" in refused(capsys, "evaluate", "--model", heads["tag"], "--data", tags)

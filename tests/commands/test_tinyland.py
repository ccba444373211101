"""Can one pre-train on tinyland by name, and write it to files, and are mistakes refused before any work?"""

import json

import pytest

from tinyformer.cli import main
from tinyformer.data.readers import read_examples, read_glue
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.tinyland import TASKS, World, task

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

WORLD = ["--corpus", "tinyland", "--world-documents", "120"]


def refused(capsys, *words) -> str:
    capsys.readouterr()
    assert main([str(word) for word in words]) == 2
    return capsys.readouterr().err.strip()


@pytest.mark.usefixtures("few_pairs")
@pytest.mark.parametrize("model", ["bert", "gpt"])
def test_pretraining_on_tinyland(capsys, tmp_path, small, model):
    out = tmp_path / model
    assert main(["pretrain", model, *WORLD, "--world-seed", "3", "--out", str(out), "--vocabulary", "300", *small]) == 0
    metrics, settings = (json.loads((out / f"{name}.json").read_text()) for name in ("metrics", "settings"))
    assert metrics["documents"] == 108 and (settings["world_documents"], settings["world_seed"]) == (120, 3)
    assert ("pair accuracy, topic" in metrics) == (model == "bert")
    if model == "bert":
        assert "negatives from another topic" in capsys.readouterr().out


def test_the_false_next_sentence_comes_from_the_twin():
    settings = resolve("bert", dict(corpus="tinyland", world_documents=60, max_length=40, validation=0.0))
    training, held_out = settings.read()
    assert held_out == [] and training == list(World(0).documents(60))
    tokenizer = settings.make_tokenizer(training, [])
    pairs = settings.make_batches(training, tokenizer).pairs
    assert pairs.default_negatives == "topic" and len(pairs.twin) >= sum(map(len, pairs.documents()[:60]))
    lone = resolve("bert", dict(corpus="tinyland", world_documents=60, objective="sop"))
    assert lone.make_batches(training, tokenizer).pairs.twin == {}


def test_held_out_text_of_ones_own(tmp_path):
    (tmp_path / "other.txt").write_text("The dog sleeps. The cat sleeps too.\n")
    settings = resolve("gpt", dict(corpus="tinyland", world_documents=30, held_out=str(tmp_path / "other.txt")))
    training, held_out = settings.read()
    assert len(training) == 30 and held_out == ["The dog sleeps. The cat sleeps too.\n"]


def test_settings_of_the_world_belong_to_it(capsys, corpus, tmp_path):
    words = ["pretrain", "bert", "--corpus", corpus, "--out", tmp_path / "x", "--world-seed", 1]
    assert "settings of --corpus tinyland" in refused(capsys, *words)
    words = ["pretrain", "bert", "--corpus", "tinyland", "--out", tmp_path / "x", "--world-documents", 1]
    assert "--world-documents is 1; it must be at least 2" in refused(capsys, *words)
    assert not (tmp_path / "x").exists()


def test_the_command_writes_every_set_and_prints_how_hard_it_is(capsys, tmp_path):
    out = tmp_path / "land"
    assert main(["tinyland", "--out", str(out), "--documents", "12", "--labels", "60", "--seed", "2"]) == 0
    printed = capsys.readouterr().out
    rows = {line.split()[0]: line.split() for line in printed.splitlines()[2:]}
    assert set(rows) == set(TASKS)
    assert all(len(row) == 6 and float(row[3]) <= float(row[5]) for row in rows.values())
    assert {"mrpc": "pair", "sst2": "classify", "ner": "tag", "squad": "answer"}.items() <= \
        {name: row[1] for name, row in rows.items()}.items()
    assert [one.text for one in read_glue(out / "SST-2" / "dev.tsv", "sst2")] == \
        [one.text for one in task("sst2", "dev", 12, 2)]
    assert (out / "corpus.txt").read_text() == "\n\n".join(World(2).documents(12)) + "\n"
    assert len((out / "corpus-b.txt").read_text().split("\n\n")) == 12
    assert [(row.source, row.target) for row in read_examples(out / "parallel.tsv", ("source", "target"))] == \
        list(World(2).parallel(12)), "the header is known as one"


def test_the_command_refuses_what_it_cannot_do(capsys, tmp_path):
    (tmp_path / "mine.txt").write_text("something of mine")
    assert "holds something else" in refused(capsys, "tinyland", "--out", tmp_path)
    assert "--labels is 3" in refused(capsys, "tinyland", "--out", tmp_path / "a", "--labels", 3)
    assert "--seed is -1" in refused(capsys, "tinyland", "--out", tmp_path / "b", "--seed", -1)

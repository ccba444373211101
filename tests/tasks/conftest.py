"""Labelled sets, a model to begin with, and one with each head, made within a second or two."""

import numpy as np
import pytest

FILES = {"classify": "SST-2/{}.tsv", "multilabel": "kinds/{}.tsv", "tag": "ner/{}.txt", "pair": "MRPC/{}.tsv",
         "score": "STS-B/{}.tsv", "answer": "squad/{}.json"}
BRIEF = ["--batch-size", "8", "--max-length", "40", "--learning-rate", "1e-3", "--steps"]


@pytest.fixture(scope="session")
def land(tmp_path_factory):
    """A function of a task and a split: the file with 30 examples to train on, or 12 to be judged by."""
    from tinyformer.tinyland import task
    from tinyformer.tinyland.to_files import conll2003, glue_rows, squad
    folder = tmp_path_factory.mktemp("land")
    write = {"classify": ("sst2", lambda rows: glue_rows("sst2", rows)), "multilabel": ("ner", kinds_of_names),
             "tag": ("ner", conll2003), "pair": ("mrpc", lambda rows: glue_rows("mrpc", rows)),
             "answer": ("squad", squad), "score": ("stsb", lambda rows: glue_rows("stsb", rows))}

    def path(kind: str, split: str):
        found = folder / FILES[kind].format(split)
        if not found.exists():
            name, text = write[kind]
            found.parent.mkdir(exist_ok=True)
            found.write_text(text(task(name, split, {"train": 30, "dev": 12}[split], 1)))
        return found
    return path


def kinds_of_names(sentences) -> str:
    """A table of sentences and the kinds of the names in each: people, places, companies, or none."""
    rows = [(" ".join(one.words), "|".join(sorted({tag[2:] for tag in one.tags if tag != "O"}))) for one in sentences]
    return "".join(f"{text}\t{kinds}\n" for text, kinds in [("text", "labels"), *rows])


@pytest.fixture(scope="session")
def untrained(land, tmp_path_factory):
    """The folder of a small BERT with random weights, whose vocabulary fits the labelled sets."""
    from tinyformer.models import BertConfig, BertForPretraining
    from tinyformer.text import WordPieceTokenizer
    from tinyformer.train import save_model
    texts = [land(kind, "train").read_text() for kind in FILES]
    tokenizer = WordPieceTokenizer.train(texts, 250)
    config = BertConfig(vocabulary=len(tokenizer), layers=2, heads=2, width=16, context=48, dropout=0.1, init_std=0.1)
    out = tmp_path_factory.mktemp("untrained") / "bert"
    save_model(out, BertForPretraining(config, np.random.default_rng(0)), tokenizer)
    return out


@pytest.fixture(scope="session")
def command(land, untrained):
    """A function that gives the words of a finetune command; more words, such as other settings, go behind."""
    def words(kind: str, out, *more, model=None, steps=6) -> list[str]:
        stride = ["--stride", "8"] if kind == "answer" else []
        return [str(word) for word in (
            "finetune", kind, "--model", model or untrained, "--train", land(kind, "train"), "--dev",
            land(kind, "dev"), "--out", out, *BRIEF, steps, *stride, *more)]
    return words


@pytest.fixture(scope="session")
def heads(command, tmp_path_factory):
    """The folder of a head for each task, trained by the command for a few steps."""
    from tinyformer.cli import main
    folder = tmp_path_factory.mktemp("heads")
    for kind in FILES:
        assert main(command(kind, folder / kind)) == 0
    return {kind: folder / kind for kind in FILES}


@pytest.fixture
def no_pictures(monkeypatch):
    """Pictures take longer than the few steps of a test."""
    from tinyformer.tasks import finished_run
    monkeypatch.setattr(finished_run, "draw", lambda *parts: None)
    monkeypatch.setattr(finished_run, "draw_loss", lambda *parts: None)

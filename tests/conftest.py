"""Every run of the tests is the same run: hypothesis draws the same examples each time, and keeps no memory of them.

A shell starts what runs in its background deaf to Ctrl-C, and so would be every command that a test interrupts.
Where several processes share the tests, there is one for each core, and threads of theirs would wait for one another.
Below: a text to train on within a second, sentences of a small grammar in several documents, and two models of it;
then labelled sets, a model to begin with, and one with each head, made within a second or two.
"""

import gc
import os
import signal
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, max_examples=40, derandomize=True, database=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("brief", settings.get_profile("steady"), max_examples=8)   # where they ran with 40 before
settings.load_profile("steady")

if "PYTEST_XDIST_WORKER" in os.environ:
    from tinyformer.train.threads import set_blas_threads
    set_blas_threads(1)

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """The thousands of tests that are collected stay: who looks for garbage need not go through them each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def the_same_chance_for_torch():
    """Weights that PyTorch draws are the same in every order of the tests; it is not opened for that."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A folder with six small text files."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(6):
        sentences = [f"The {a} {b} sees the {c}." for a, b, c in zip(
            rng.choice(["red", "old", "tiny"], 60), rng.choice(["cat", "dog", "bird"], 60),
            rng.choice(["house", "river", "tree"], 60), strict=True)]
        (folder / f"part{number}.txt").write_text(" ".join(sentences) + "\n")
    return folder


SMALL = ["--layers", "1", "--heads", "2", "--width", "16", "--max-length", "24", "--batch-size", "4", "--steps", "12"]


@pytest.fixture
def small() -> list[str]:
    """Options that make a run take a moment."""
    return list(SMALL)


@pytest.fixture(scope="session")
def bert(corpus, tmp_path_factory):
    """The folder of a BERT that was trained by the command for a few steps."""
    from tinyformer.cli import main
    out = tmp_path_factory.mktemp("runs") / "bert"
    assert main(["pretrain", "bert", "--corpus", str(corpus), "--out", str(out), "--vocabulary", "60", *SMALL]) == 0
    return out


@pytest.fixture(scope="session")
def gpt(corpus, tmp_path_factory):
    """The folder of a GPT over characters that was trained by the command for a few steps."""
    from tinyformer.cli import main
    out = tmp_path_factory.mktemp("runs") / "gpt"
    assert main(["pretrain", "gpt", "--corpus", str(corpus), "--out", str(out), "--tokenizer", "characters",
                 *SMALL]) == 0
    return out


# ---- labelled sets, and models with heads ----------------------------------------------------------------------------

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
    from tinyformer import plot
    from tinyformer.tasks import finished_run
    monkeypatch.setattr(finished_run, "draw", lambda *parts: None)
    for name in ("loss_curve", "heard"):
        monkeypatch.setattr(plot, name, lambda *parts, **more: None)


@pytest.fixture
def few_pairs(monkeypatch):
    """Held-out pairs of sentences: 2,000 of each kind take longer to judge than the few steps of a test."""
    from tinyformer.pretraining import stages
    monkeypatch.setattr(stages, "measure", partial(stages.measure, pairs=50))

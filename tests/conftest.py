"""Every run of the tests is the same run: hypothesis draws the same examples each time, and keeps no memory of them.

A shell starts what runs in its background deaf to Ctrl-C, and so would be every command that a test interrupts.
Below: a text to train on within a second, sentences of a small grammar in several documents, and two models of it.
"""

import signal

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", deadline=None, max_examples=40, derandomize=True, database=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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

"""A corpus in a mapped file: the same run bit for bit, memory that does not grow with it, and every damage refused."""

import json
import re
import shutil
import signal
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.data.batches import TextWindows
from tinyformer.data.counts import unigram_entropy
from tinyformer.pretraining import prepared_text
from tinyformer.train import durable

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

BPE = ["--vocabulary", "280"]


@pytest.fixture(scope="module")
def prepared(corpus, tmp_path_factory):
    """The corpus, prepared with a vocabulary of bytes."""
    out = tmp_path_factory.mktemp("prepared") / "corpus"
    assert main(["prepare", "gpt", "--corpus", str(corpus), "--out", str(out), *BPE]) == 0
    return out


@pytest.fixture
def copied(prepared, tmp_path):
    """A copy to be spoilt."""
    return shutil.copytree(prepared, tmp_path / "corpus")


def trained(out, *words) -> int:
    from conftest import SMALL
    return main(["pretrain", "gpt", "--out", str(out), *SMALL, *map(str, words)])


def same(a, b, names=("model.safetensors", "vocab.json", "tokenizer.json")) -> bool:
    return all((a / name).read_bytes() == (b / name).read_bytes() for name in names if (a / name).exists())


def figures(out) -> dict:
    return {name: value for name, value in json.loads((out / "metrics.json").read_text()).items() if name != "seconds"}


@pytest.mark.parametrize("how, workers", [(["--tokenizer", "characters", "--held-out"], 1),
                                          ([*BPE, "--documents", "blank-lines"], 2),
                                          (["--tokenizer", "unigram", "--vocabulary", "300"], 1)])
def test_a_run_is_the_run_from_memory(corpus, tmp_path, how, workers):
    how = [*how, str(corpus / "part0.txt")] if how[-1] == "--held-out" else how
    assert main(["prepare", "gpt", "--corpus", str(corpus), "--out", str(tmp_path / "corpus"), *how]) == 0
    assert trained(tmp_path / "a", "--corpus", tmp_path / "corpus", "--workers", workers) == 0
    assert trained(tmp_path / "b", "--corpus", corpus, *how, "--workers", workers) == 0
    assert same(tmp_path / "a", tmp_path / "b") and figures(tmp_path / "a") == figures(tmp_path / "b")


def test_a_run_goes_on_and_not_on_another_corpus(capsys, prepared, corpus, tmp_path):
    assert trained(tmp_path / "whole", "--corpus", prepared, "--save-every", 6) == 0
    stopped = shutil.copytree(tmp_path / "whole", tmp_path / "stopped")
    shutil.rmtree(stopped / "checkpoint-00000012")
    for path in stopped.glob("*.safetensors"):
        path.unlink()
    shutil.copytree(stopped, tmp_path / "other")
    assert main(["pretrain", "gpt", "--out", str(stopped), "--resume"]) == 0
    assert "not bit for bit" not in capsys.readouterr().err and same(stopped, tmp_path / "whole")
    assert main(["prepare", "gpt", "--corpus", str(corpus / "part1.txt"), "--out", str(tmp_path / "one"), *BPE]) == 0
    again = ["--out", str(tmp_path / "other"), "--resume", "--corpus", str(tmp_path / "one")]
    assert main(["pretrain", "gpt", *again]) == 3
    assert "data training examples" in capsys.readouterr().err


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def resealed(folder):
    (folder / durable.MANIFEST).unlink()
    durable.seal(folder)


def foreign_ids(folder):
    ids = np.full(folder.joinpath("training.ids").stat().st_size // 2, 999, "<u2")
    ids.tofile(folder / "training.ids")
    resealed(folder)


def other_length(folder):
    (folder / "training.ids").write_bytes(b"\0" * 40)
    resealed(folder)


@pytest.mark.parametrize("damage, said", [
    (lambda folder: flipped(folder / "training.ids"), "training.ids has another SHA-256"),
    (lambda folder: flipped(folder / "vocab.json"), "vocab.json has another SHA-256"),
    (lambda folder: (folder / "held-out.ids").write_bytes(b"12"), "held-out.ids has 2 bytes; the manifest says"),
    (lambda folder: (folder / "training.ids").unlink(), "training.ids is missing"),
    (lambda folder: (folder / "MANIFEST.json").unlink(), "MANIFEST.json is missing: the folder was never finished"),
    (lambda folder: (folder / "corpus.json").write_text("{"), "corpus.json: cannot be read"),
    (lambda folder: (folder / "corpus.json").write_text('{"format": 9, "type": "<u2", "settings": {}}'),
     "corpus.json: was not written by this version of `prepare` .format 9, here 1"),
    (foreign_ids, "training.ids: holds the id 999, and the vocabulary has 2.. tokens"),
    (other_length, "training.ids: has not the .* tokens that corpus.json tells of"),
])
def test_damaged_and_foreign_files_are_refused_by_name(capsys, copied, tmp_path, damage, said):
    damage(copied)
    assert trained(tmp_path / "run", "--corpus", copied) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error and not (tmp_path / "run").exists()
    assert re.search(said, error), error


@pytest.mark.parametrize("words, said", [
    (["--vocabulary", "300"], "--vocabulary is 300, and .* was prepared with 280; leave it out"),
    (["--validation", "0.5"], "--validation is 0.5, and .* was prepared with 0.1"),
])
def test_what_was_settled_with_the_ids_is_not_asked_for_otherwise(capsys, prepared, tmp_path, words, said):
    assert trained(tmp_path / "run", "--corpus", prepared, *words) == 2
    assert re.search(said, capsys.readouterr().err)


def test_who_cannot_read_it_says_so(capsys, prepared, tmp_path):
    assert main(["pretrain", "bert", "--corpus", str(prepared), "--out", str(tmp_path / "run")]) == 2
    assert "was prepared for gpt, and this is `pretrain bert`" in capsys.readouterr().err
    for corpus in ("tinyland", str(prepared)):
        assert main(["prepare", "gpt", "--corpus", corpus, "--out", str(tmp_path / "again")]) == 2
        assert "prepare takes a file or a folder of text" in capsys.readouterr().err
    assert main(["prepare", "gpt", "--corpus", "pydocs", "--out", str(prepared)]) == 2
    assert "is there already" in capsys.readouterr().err


KILLED = """
import os, signal, sys
from tinyformer.cli import main
from tinyformer.train import durable
durable.seal = lambda folder: os.kill(os.getpid(), signal.SIGKILL)
main(["prepare", "gpt", "--corpus", sys.argv[1], "--out", sys.argv[2], "--tokenizer", "characters"])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_one_that_is_killed_leaves_nothing_that_looks_whole(capsys, corpus, tmp_path):
    out = tmp_path / "corpus"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(corpus), str(out)], capture_output=True)
    assert ended.returncode == -signal.SIGKILL and not out.exists()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".unfinished-corpus-") and (left / "training.ids").stat().st_size
    assert trained(tmp_path / "run", "--corpus", left) == 2    # also for who asks for it by its name
    assert "MANIFEST.json is missing" in capsys.readouterr().err


def test_memory_does_not_grow_with_the_corpus(tmp_path):
    """Batches of training and of evaluation, and what is counted, from 1 and from 8 million ids in a file."""
    peaks = []
    for size in (1 << 20, 1 << 23):
        path = tmp_path / f"{size}.ids"
        np.random.default_rng(0).integers(0, 500, size).astype("<u2").tofile(path)
        tracemalloc.start()
        try:
            windows = TextWindows(prepared_text._mapped(path, np.dtype("<u2")), batch_size=8, block=64, seed=0)
            for step in range(50):
                windows.batch(step)
            assert unigram_entropy(windows.ids, 500) == pytest.approx(np.log(500), abs=1e-3)
            assert sum(len(batch) for batch in windows.in_order(256)) == (size - 1) // 64
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.05 * peaks[0]

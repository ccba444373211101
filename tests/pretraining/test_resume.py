"""Does a run that is resumed go on with what it began with, or say what is not the same any more?"""

import json
import shutil

import pytest

from tinyformer.cli import main
from tinyformer.text import ByteLevelBPE, WordPieceTokenizer

pytest.importorskip("matplotlib", reason="pictures need matplotlib")
pytestmark = pytest.mark.usefixtures("no_pictures", "few_pairs")

FIRST, LAST = "checkpoint-00000006", "checkpoint-00000012"


@pytest.fixture(scope="module")
def runs(corpus, tmp_path_factory):
    """A copy of the corpus as one file, and a BERT and a GPT that were killed behind step 6."""
    from conftest import SMALL
    folder = tmp_path_factory.mktemp("resume")
    text = "\n\n".join(path.read_text() for path in sorted(corpus.glob("*.txt")))
    (folder / "corpus.txt").write_text(text)
    for kind, size in (("bert", "60"), ("gpt", "280")):
        assert main(["pretrain", kind, "--corpus", str(folder / "corpus.txt"), "--out", str(folder / kind),
                     "--documents", "blank-lines", "--vocabulary", size, "--save-every", "6", *SMALL]) == 0
        shutil.copytree(folder / kind, folder / f"whole-{kind}")
        for path in (folder / kind).iterdir():
            if path.name == LAST:
                shutil.rmtree(path)
            elif path.name not in (FIRST, "settings.json", "log.jsonl"):
                path.unlink()
    return folder


@pytest.fixture
def stopped(runs, tmp_path, monkeypatch):
    """The runs in a folder of this test's own; the settings say where the corpus is."""
    shutil.copytree(runs, tmp_path, dirs_exist_ok=True)
    for path in (tmp_path / "bert/settings.json", tmp_path / "gpt/settings.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "corpus": str(tmp_path / "corpus.txt")}))
    return tmp_path


def resumed(capsys, folder, kind="bert", *more) -> tuple[int, str]:
    """The exit status of a run that is resumed, and what it says."""
    capsys.readouterr()
    status = main(["pretrain", kind, "--out", str(folder / kind), "--resume", "auto", *more])
    return status, capsys.readouterr().err


@pytest.mark.parametrize("kind", ["bert", "gpt"])
def test_the_vocabulary_is_that_of_the_checkpoint_and_not_trained_again(capsys, stopped, monkeypatch, kind):
    for each in (WordPieceTokenizer, ByteLevelBPE):
        monkeypatch.setattr(each, "train", lambda *given, **more: pytest.fail("a vocabulary was trained"))
    status, said = resumed(capsys, stopped, kind)
    assert status == 0 and "resumed from" in said and "not bit for bit" not in said
    for name in [path.name for path in (stopped / kind / LAST).iterdir()]:
        if name not in ("trainer_state.json", "MANIFEST.json"):            # which know how long it took
            assert (stopped / kind / LAST / name).read_bytes() == (stopped / f"whole-{kind}" / LAST / name).read_bytes()


def longer(text):
    return text.replace(".\n", ". One more sentence stands here.\n", 1)


def of_equal_length(text):
    return text.replace("cat", "cow")


@pytest.mark.parametrize("change", [longer, of_equal_length])
def test_another_corpus_is_refused(capsys, stopped, change):
    corpus = stopped / "corpus.txt"
    corpus.write_text(change(corpus.read_text()))
    before = {path: path.read_bytes() for path in (stopped / "bert").rglob("*") if path.is_file()}
    status, said = resumed(capsys, stopped)
    assert status == 3 and "data training examples: " in said and "bring back what there was" in said
    after = {path: path.read_bytes() for path in (stopped / "bert").rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("kind, more, said, status", [
    ("bert", ["--batch-size", "5"], "data batch_size: 4 then, 5 now", 0),
    ("bert", ["--mask-rate", "0.3"], "data mask_rate: 0.15 then, 0.3 now", 0),
    ("bert", ["--whole-word"], "data whole_word: False then, True now", 0),
    ("bert", ["--masking", "static"], "data masking: dynamic then, static now", 0),
    ("bert", ["--seed", "1"], "settings seed: 0 then, 1 now", 0),
    ("bert", ["--documents", "file"], "data documents: blank-lines then, file now", 3),
    ("bert", ["--vocabulary", "50"], "data vocabulary: 60 then, 50 now", 3),
    ("bert", ["--tokenizer", "characters"], "data tokenizer: wordpiece then, characters now", 3),
    ("bert", ["--validation", "0.5"], "data training examples: ", 3),
    ("bert", ["--max-length", "30"], "model wants", 3),
    ("gpt", ["--max-length", "12"], "model wants", 3)], ids=lambda value: value[0] if isinstance(value, list) else None)
def test_every_setting_of_the_data_is_compared(capsys, stopped, kind, more, said, status):
    found, told = resumed(capsys, stopped, kind, *more)
    assert found == status and said in told

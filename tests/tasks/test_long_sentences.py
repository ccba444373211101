"""Does a tagged sentence that is longer than the model reads end in figures, and do these count what was not read?"""

import json

import pytest

from tinyformer.cli import main
from tinyformer.data.readers import TaggedSentence
from tinyformer.tasks.tag import Tag, wrong_tags

pytest.importorskip("matplotlib", reason="the picture copes, too")

SHORT = "Ann B-PER\nsees O\nRome B-LOC\n\n"
LONG = "".join(f"word{n} O\n" for n in range(12)) + "Bo B-PER\nsat O\n\n"      # Bo stands behind what is read


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tag")
    (folder / "train.txt").write_text(6 * SHORT + LONG)
    (folder / "dev.txt").write_text(SHORT + LONG)
    assert main(["finetune", "tag", "--model", "scratch", "--train", str(folder / "train.txt"), "--dev",
                 str(folder / "dev.txt"), "--out", str(folder / "out"), "--tags", "-1", "--max-length", "8",
                 "--steps", "4", "--layers", "1", "--width", "16", "--vocabulary", "60"]) == 0
    return folder


def test_training_and_evaluate_end_in_figures(run, capsys, tmp_path):
    assert main(["evaluate", "--model", str(run / "out"), "--data", str(run / "dev.txt"), "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    for folder in (run / "out", tmp_path):
        found = json.loads((folder / "metrics.json").read_text())
        assert found["unread"] > 5 and 0 <= found["accuracy"] <= 1 - found["unread"] / 17 and found["recall"] <= 0.67
        assert (folder / "tagged.png").stat().st_size > 1000
    assert f"{found['unread']} words more behind --max-length, not read, and counted as wrong" in shown.out
    assert "cut to 8 tokens" in shown.err


def test_unread_words_are_wrong_and_named():
    examples = [TaggedSentence(("a", "Bo", "c", "Al"), ("O", "B-PER", "O", "B-PER"), "f", 1)]
    said = [{"words": ["a", "Bo", "c", "Al"], "tags": ["O", "B-PER", None, None]}]
    found = Tag().scores(examples, said)
    assert found == pytest.approx({"accuracy": 0.5, "unread": 2, "precision": 1.0, "recall": 0.5, "f1": 2 / 3})
    assert Tag().mistakes(examples, said).endswith("2 words more behind --max-length, not read, and counted as wrong")
    assert "unread" not in Tag().scores(examples, [{"words": [], "tags": ["O"] * 4}])


def test_a_cut_sentence_is_not_among_the_worst_for_what_was_not_read():
    cut = (("a",) * 9, ("X",) * 9, ("X",))
    short = (("b", "c"), ("X", "Y"), ("Y", "X"))
    shown = wrong_tags([cut, short])
    assert "2 of 3 words wrong" in shown and "1 of 2 sentences wrong" in shown

"""Does a model learn any number of labels for a text, from either form of file, and is it judged as it should be?"""

import json

import numpy as np
import pytest
from refusals import refused

from tinyformer.cli import main
from tinyformer.data.readers import MultilabelExample
from tinyformer.models import MultiLabelClassifier
from tinyformer.tasks import TASKS, task_of
from tinyformer.tasks.multilabel import wrong_sets
from tinyformer.train import load_model

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

COLOURS = {"red": "R", "blue": "B", "green": "G"}
SCRATCH = ["--model", "scratch", "--layers", "1", "--heads", "2", "--width", "32", "--vocabulary", "80",
           "--max-length", "16", "--batch-size", "16", "--learning-rate", "3e-3"]
TASK = TASKS["multilabel"]


def texts(count: int, seed: int) -> list[tuple[str, list[str]]]:
    """Things of some colours, and these colours: none, one or several."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(count):
        colours = [colour for colour in COLOURS if rng.random() < 0.4]
        things = [f"a {colour} {rng.choice(['cup', 'hat'])}" for colour in colours] or ["nothing at all"]
        found.append((" and ".join(things), [COLOURS[colour] for colour in colours]))
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """train and dev: labels in one column of a TSV, and a column for each in a CSV."""
    folder = tmp_path_factory.mktemp("colours")
    for name, count, seed in (("train", 80, 0), ("dev", 25, 1)):
        rows = texts(count, seed)
        (folder / f"{name}.tsv").write_text("".join(f"{text}\t{','.join(labels)}\n" for text, labels in [
            ("text", ["labels"]), *rows]))
        marks = [[text, *(str(int(label in labels)) for label in "RBG")] for text, labels in rows]
        (folder / f"{name}.csv").write_text("".join(",".join(row) + "\n" for row in [["said", *"RBG"], *marks]))
    return folder


@pytest.fixture(scope="module")
def words(files):
    """A function that gives the words of a finetune command; `form` is the ending of the files."""
    def command(out, *more, form="tsv", steps=8) -> list[str]:
        columns = ["--columns", "text=said,labels=B+G+R"] if form == "csv" else []
        return [str(word) for word in ("finetune", "multilabel", *SCRATCH, "--train", files / f"train.{form}", "--dev",
                                       files / f"dev.{form}", "--out", out, "--steps", steps, *columns, *more)]
    return command


@pytest.fixture(scope="module")
def trained(words, tmp_path_factory):
    """The folder of a run that has learned it."""
    out = tmp_path_factory.mktemp("runs") / "multilabel"
    assert main(words(out, steps=120)) == 0
    return out


def figures(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def kept(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


def printed(capsys, *words) -> list[dict]:
    capsys.readouterr()
    assert main(["predict", *map(str, words)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# ---- a run -----------------------------------------------------------------------------------------------------------


def test_it_is_learned(trained, files):
    found, model = figures(trained), load_model(trained)[0]
    assert type(model) is MultiLabelClassifier and task_of(model) is TASK and model.labels == ("B", "G", "R")
    assert found["f1_micro"] > 0.95 and found["f1_macro"] > 0.95 and found["exact_set"] > 0.9
    assert [row["labels"] for row in kept(trained)].count([]) > 1, "and so is that a text has none"
    described = json.loads((trained / "config.json").read_text())
    assert described["problem_type"] == "multi_label_classification"


def test_the_figures_are_those_of_scikit_learn(trained, words, files, tmp_path):
    metrics = pytest.importorskip("sklearn.metrics", reason="the outside oracle")
    assert main(words(tmp_path / "early", steps=12)) == 0
    for folder in (trained, tmp_path / "early"):
        truth = np.array([[name in labels for name in "BGR"] for _, labels in texts(25, 1)])
        said = np.array([[name in row["labels"] for name in "BGR"] for row in kept(folder)])
        found = figures(folder)
        for average in ("micro", "macro"):
            theirs = metrics.f1_score(truth, said, average=average, zero_division=0)
            assert found[f"f1_{average}"] == pytest.approx(theirs, abs=1e-12)
        assert found["exact_set"] == pytest.approx(metrics.accuracy_score(truth, said), abs=1e-12)


def test_both_forms_of_file_are_one_set(words, tmp_path, no_pictures):
    for form in ("tsv", "csv"):
        assert main(words(tmp_path / form, form=form)) == 0
    assert kept(tmp_path / "tsv") == kept(tmp_path / "csv")
    weights = [(tmp_path / form / "model.safetensors").read_bytes() for form in ("tsv", "csv")]
    assert weights[0] == weights[1]


def test_several_seeds_and_fewer_labels(words, tmp_path, capsys, no_pictures):
    assert main(words(tmp_path / "x", "--seeds", "2", "--labels", "50%")) == 0
    assert "f1_micro of 2 seeds:" in capsys.readouterr().out
    assert figures(tmp_path / "x/seed-1")["train"] == 40 and set(figures(tmp_path / "x")) >= set(TASK.figures)


# ---- the threshold ---------------------------------------------------------------------------------------------------


def test_the_threshold_says_from_which_probability_a_label_is_given(trained, files, words, tmp_path, capsys,
                                                                    no_pictures):
    given = [printed(capsys, "--model", trained, "--data", files / "dev.tsv", *more)
             for more in ([], ["--threshold", "0"], ["--threshold", "0.9"], ["--threshold", "1"])]
    for rows, least in zip(given, (0.5, 0, 0.9, 1), strict=True):
        assert all(row["labels"] == [name for name, p in row["probabilities"].items() if p >= least] for row in rows)
        assert [row["probabilities"] for row in rows] == [row["probabilities"] for row in given[0]]
    assert all(len(row["labels"]) == 3 for row in given[1])
    assert main(words(tmp_path / "x", "--threshold", "0.25")) == 0
    kept_too, = printed(capsys, "--model", tmp_path / "x", "a red cup")
    assert kept_too["labels"] == [name for name, p in kept_too["probabilities"].items() if p >= 0.25]
    assert json.loads((tmp_path / "x/settings.json").read_text())["threshold"] == 0.25
    assert json.loads((trained / "settings.json").read_text())["threshold"] == 0.5
    for words_ in (words(tmp_path / "y", "--threshold", "1.5"),
                   ["predict", "--model", trained, "a", "--threshold", "-1"]):
        assert "--threshold is" in refused(capsys, words_)


def test_an_answers_threshold_is_another_one(heads):
    settings = json.loads((heads["answer"] / "settings.json").read_text())
    assert settings["threshold"] == 0.0 and "may_be_impossible" in settings


# ---- how it is judged and shown --------------------------------------------------------------------------------------


def examples(*sets: str) -> list[MultilabelExample]:
    return [MultilabelExample(f"text {n}", tuple(labels), "f", n) for n, labels in enumerate(sets, 1)]


def test_who_reads_nothing_says_what_half_of_the_texts_have():
    train = examples("ab", "a", "b", "", "bc", "a")
    said = TASK.constant(train, examples("a", ""))
    assert [row["labels"] for row in said] == [["a", "b"]] * 2
    assert said[0]["probabilities"] == pytest.approx({"a": 1 / 2, "b": 1 / 2, "c": 1 / 6})
    assert TASK.constant(examples("a", "", ""), examples("a"))[0]["labels"] == []


def test_a_label_that_only_the_truth_has_counts_as_missed():
    said = [{"labels": ["a"], "probabilities": {"a": 0.9, "b": 0.1}}] * 2
    assert TASK.scores(examples("az", "a"), said) == {"f1_micro": pytest.approx(4 / 5),
                                                      "f1_macro": pytest.approx(1 / 3), "exact_set": 0.5}


def test_a_collapse_is_seen():
    truth = examples(*["a", "ab", ""] * 10)
    assert TASK.collapsed(truth, [{"labels": []}] * 30) == "no label"
    assert TASK.collapsed(truth, [{"labels": ["b", "a"]}] * 30) == "a, b"
    assert TASK.collapsed(truth, [{"labels": list(e.labels)} for e in truth]) is None
    assert TASK.collapsed(examples(*["a"] * 30), [{"labels": ["a"]}] * 30) is None


def test_mistakes_say_what_was_missed_and_what_is_too_much():
    text = wrong_sets([("right", "a", "a"), ("one", "ab", "b"), ("two", "", "ba"), ("three", "abc", "d")], width=80)
    assert text == ("3 of 4 texts wrong, the worst first:\n\n"
                    "  true: a, b, c; missed: a, b, c; too many: d\n    three\n\n"
                    "  true: no label; too many: a, b\n    two\n\n"
                    "  true: a, b; missed: a\n    one")
    assert wrong_sets([]) == "there are no texts"


# ---- mistakes in the files -------------------------------------------------------------------------------------------


def test_files_that_do_not_fit_are_refused(words, files, tmp_path, capsys, no_pictures):
    def said(text, *more, name="bad.tsv", option="--train"):
        (tmp_path / name).write_text(text)
        return refused(capsys, words(tmp_path / "x", option, tmp_path / name, *more))

    assert "bad.tsv:2: labels 'a,,b': one of them is empty" in said("text\tlabels\nx\ta,,b\n")
    assert "no text has a label, so there is nothing to learn" in said("text\tlabels\nx\t\n")
    assert "and multilabel reads text, labels" in said("text\tlabels\nx\ta\n", "--columns", "text=1,label=2")
    assert "label 'Z' is not among those" in said("text\tlabels\nx\tZ\n", option="--dev")
    (tmp_path / "some.tsv").write_text("text\tlabels\na red cup\tR,Z\na hat\t\n")
    assert main(words(tmp_path / "y", "--dev", tmp_path / "some.tsv", steps=1)) == 0
    assert "some.tsv:2: label 'Z' is not among those of the training file (B, G, R); 1 such labels will count as" in \
        capsys.readouterr().err
    assert main(["evaluate", "--model", str(tmp_path / "y"), "--data", str(tmp_path / "some.tsv")]) == 0
    assert "label 'Z' is not among those the model knows (B, G, R); 1 of 2 labels" in capsys.readouterr().err

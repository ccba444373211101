"""Are tasks with labels learned as texts, several at once, and each judged by its own official figures?"""

import json

import pytest

from tinyformer import tinyland
from tinyformer.cli import main
from tinyformer.data import readers
from tinyformer.data.readers import PairExample, TextExample
from tinyformer.errors import InputError
from tinyformer.tasks import TASKS, as_text


def test_every_task_has_a_form_and_comes_back_from_its_words():
    assert {*as_text.FORMS} == {*readers.GLUE}
    for name, spec in readers.GLUE.items():
        examples = tinyland.task(name, "dev", 40, 0)
        asked = [as_text.asked(name, example) for example in examples]
        assert all(one.source.startswith(f"{name} ") and one.target for one in asked)
        back = [as_text.understood(name, one.target, one.label) for one in asked]
        if spec.labels:
            assert back == [example.label for example in examples]
            assert {*as_text.FORMS[name].words} == {*spec.labels}
        else:
            assert all(abs(got - one.label) <= 0.1 + 1e-9 for got, one in zip(back, asked, strict=True))
        perfect = as_text.scores(asked, [one.target for one in asked])
        assert list(perfect) == [f"{name} {metric}" for metric in spec.metrics]
        assert min(perfect.values()) > (0.99 if spec.labels is None else 1 - 1e-12)


def test_how_the_paper_writes_them():
    pair = PairExample("A man is here.", "Somebody is here.", "entailment", "f", 1)
    assert as_text.asked("mnli", pair).source == "mnli hypothesis: Somebody is here. premise: A man is here."
    one = as_text.asked("cola", TextExample("The dog sleep.", "0", "f", 2))
    assert (one.source, one.target) == ("cola sentence: The dog sleep.", "unacceptable")
    score = as_text.asked("stsb", PairExample("a", "b", 3.74, "f", 3))
    assert (score.source, score.target) == ("stsb sentence1: a sentence2: b", "3.8")


def test_what_is_no_answer_is_wrong_and_spaces_say_nothing():
    assert as_text.understood("rte", "Not_ Entailment", "entailment") == "not_entailment"
    assert as_text.understood("rte", "perhaps", "not_entailment") == "entailment"
    assert as_text.understood("mnli", "", "neutral") != "neutral"
    assert as_text.understood("stsb", "three", 3.0) == 0.0 and as_text.understood("stsb", "nan", 3.0) == 0.0
    assert as_text.understood("stsb", " 3.4", 3.0) == 3.4


def test_each_is_judged_by_its_own_figures_and_the_commonest_answer_stands_beside():
    examples = [as_text.asked("rte", e) for e in tinyland.task("rte", "dev", 30, 0)]
    examples += [as_text.asked("stsb", e) for e in tinyland.task("stsb", "dev", 30, 0)]
    task = TASKS["rewrite"]
    found = task.scores(examples, [{"text": one.target} for one in examples])
    assert found["rte accuracy"] == 1 and found["stsb pearson"] > 0.99 and found["exact"] == 1
    assert task.named(found)[-3:] == ["rte accuracy", "stsb pearson", "stsb spearman"]
    blind = task.scores(examples, task.constant(examples, examples))
    assert blind["rte accuracy"] < 0.7 and blind["stsb pearson"] == 0


def test_wrong_names_and_places_are_refused(tmp_path):
    with pytest.raises(InputError, match="'colla' is not one of the nine; did you mean 'cola'"):
        TASKS["rewrite"].options(as_text="colla")
    with pytest.raises(InputError, match="leave out --endings and --columns"):
        TASKS["rewrite"].options(as_text="cola", endings="a,b")
    with pytest.raises(InputError, match="the folder of GLUE, with CoLA, SST-2"):
        as_text.read(str(tmp_path / "none"), ["cola"], True)


def test_two_tasks_are_learned_by_one_run_of_the_published_files(tmp_path, capsys):
    glue = tmp_path / "glue"
    for folder, name, header in (("SST-2", "sst2", "sentence\tlabel\n"), ("RTE", "rte",
                                                                          "index\tsentence1\tsentence2\tlabel\n")):
        (glue / folder).mkdir(parents=True)
        for split, count in (("train", 12), ("dev", 6)):
            rows = [f"{e.text}\t{e.label}" if name == "sst2" else f"{n}\t{e.first}\t{e.second}\t{e.label}"
                    for n, e in enumerate(tinyland.task(name, split, count, 0))]
            (glue / folder / f"{split}.tsv").write_text(header + "\n".join(rows) + "\n")
    out = tmp_path / "out"
    assert main(["finetune", "rewrite", "--model", "scratch", "--as-text", "sst2,rte", "--train", str(glue), "--dev",
                 str(glue), "--out", str(out), "--steps", "2", "--width", "16", "--layers", "1", "--workers", "1",
                 "--max-length", "48"]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert {"sst2 accuracy", "rte accuracy", "copy sst2 accuracy"} <= metrics.keys() and metrics["train"] == 24
    assert "sst2 accuracy" in capsys.readouterr().out

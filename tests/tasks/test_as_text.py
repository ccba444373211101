"""Are tasks with labels learned as texts, several at once, and each judged by its own official figures?"""

import json
from collections import Counter

import numpy as np
import pytest
import small
from refusals import refused

from tinyformer import tinyland
from tinyformer.cli import main
from tinyformer.data import readers
from tinyformer.data.order import MixedOrder
from tinyformer.data.readers import PairExample, TextExample
from tinyformer.errors import InputError
from tinyformer.tasks import TASKS, as_text, task_of


def test_every_task_has_a_form_and_comes_back_from_its_words():
    assert {*as_text.FORMS} == {*readers.GLUE}
    for name, spec in readers.GLUE.items():
        examples = tinyland.task(name, "dev", 40, 0)
        asked = [as_text.asked(name, example) for example in examples]
        assert all(one.source.startswith(f"{name} ") and one.target for one in asked)
        back = [as_text.understood(name, one.target) for one in asked]
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
    assert as_text.understood("rte", "Not_ Entailment") == "not_entailment"
    assert as_text.understood("rte", "perhaps") == as_text.understood("mnli", "") == as_text.NO_ANSWER
    assert as_text.understood("stsb", " 3.4") == as_text.understood("stsb", "3 . 4") == 3.4
    for no_score in ("three", "nan", "", "1e0", "-1", "5.2", "50", "3.4 3.4"):
        assert as_text.understood("stsb", no_score) == as_text.NO_SCORE < 0


@pytest.mark.parametrize("name", ["cola", "mrpc"])
def test_who_answers_nothing_is_always_wrong_and_not_the_opposite_of_right(name):
    examples = [as_text.asked(name, e) for e in tinyland.task(name, "dev", 20, 0)]
    silent = as_text.scores(examples, [""] * 20)
    assert silent == {figure: 0 for figure in as_text.figures_of([name])}
    half = as_text.scores(examples, [e.target if n % 2 else "perhaps" for n, e in enumerate(examples)])
    assert all(0 < value < 0.8 for value in half.values())


def test_a_t5_has_this_task_too():
    assert task_of(small.t5()) is task_of(small.seq2seq()) is TASKS["rewrite"]


def test_each_is_judged_by_its_own_figures_and_the_commonest_answer_stands_beside():
    examples = [as_text.asked("rte", e) for e in tinyland.task("rte", "dev", 30, 0)]
    examples += [as_text.asked("stsb", e) for e in tinyland.task("stsb", "dev", 30, 0)]
    task = TASKS["rewrite"].under(TASKS["rewrite"].options(as_text="rte,stsb"))
    found = task.scores(examples, [{"text": one.target} for one in examples])
    assert found["rte accuracy"] == 1 and found["stsb pearson"] > 0.99 and found["exact"] == 1
    assert found["average"] == pytest.approx((1 + (found["stsb pearson"] + found["stsb spearman"]) / 2) / 2)
    assert task.named(found) == ["average", "rte accuracy", "stsb pearson", "stsb spearman", "exact"]
    blind = task.scores(examples, task.constant(examples, examples))
    assert blind["rte accuracy"] < 0.7 and blind["stsb pearson"] == 0


def test_a_task_comes_as_often_as_the_limit_lets_it_and_each_of_its_examples_as_often_as_another():
    groups = ["large"] * 50 + ["small"] * 7
    order = MixedOrder(groups, 3, limit=10)
    assert order.count == 17 and [*order.epoch(4)] == [*MixedOrder(groups, 3, 10).epoch(4)]
    epochs = [order.epoch(number) for number in range(10)]
    for epoch in epochs:
        assert len({*epoch}) == 17 and Counter(groups[n] for n in epoch) == {"large": 10, "small": 7}
    seen = Counter(np.concatenate(epochs).tolist())
    assert {seen[n] for n in range(50)} == {2} and {seen[n] for n in range(50, 57)} == {10}
    assert sorted(MixedOrder(groups, 3, 100).epoch(0)) == [*range(57)]
    assert not np.array_equal(epochs[0] < 50, epochs[1] < 50), "tasks come in an order of their own in every epoch"


def test_wrong_names_and_places_are_refused(tmp_path):
    with pytest.raises(InputError, match="'colla' is not one of the nine; did you mean 'cola'"):
        TASKS["rewrite"].options(as_text="colla")
    with pytest.raises(InputError, match="give --as-text, too, or leave it out"):
        TASKS["rewrite"].options(mixing_limit=5)
    with pytest.raises(InputError, match="leave out --endings and --columns"):
        TASKS["rewrite"].options(as_text="cola", endings="a,b")
    with pytest.raises(InputError, match="the folder of GLUE, with CoLA, SST-2"):
        as_text.read(str(tmp_path / "none"), ["cola"], True)


@pytest.fixture
def glue(tmp_path):
    """A folder with two of GLUE's tasks in their published files."""
    folder = tmp_path / "glue"
    for name, task, header in (("SST-2", "sst2", "sentence\tlabel\n"), ("STS-B", "stsb", "\t".join(
            ["index", "genre", "filename", "year", "old_index", "source1", "source2", "sentence1", "sentence2",
             "score\n"]))):
        (folder / name).mkdir(parents=True)
        for split, count in (("train", 12), ("dev", 6)):
            rows = [f"{e.text}\t{e.label}" if task == "sst2" else "\t".join([*map(str, range(7)), e.first, e.second,
                                                                            str(e.label)])
                    for e in tinyland.task(task, split, count, 0)]
            (folder / name / f"{split}.tsv").write_text(header + "\n".join(rows) + "\n")
    return folder


def test_two_tasks_are_learned_by_one_run_of_the_published_files(glue, tmp_path, capsys):
    out = tmp_path / "out"
    told = ["average", "sst2 accuracy", "stsb pearson", "stsb spearman"]
    assert main(["finetune", "rewrite", "--model", "scratch", "--as-text", "sst2,stsb", "--mixing-limit", "5",
                 "--train", str(glue), "--dev", str(glue), "--out", str(out), "--epochs", "2", "--save-every", "1",
                 "--batch-size", "10", "--width", "16", "--layers", "1", "--workers", "1", "--max-length", "48"]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert {*told, *(f"commonest {name}" for name in told), "exact"} <= metrics.keys() and metrics["train"] == 24
    assert metrics["steps"] == 2, "two epochs of five examples of each task"
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    looks = [line["evaluation"] for line in lines if "evaluation" in line]
    assert len(looks) == 2 and all({*told} <= look.keys() for look in looks)
    assert {name: looks[-1][name] for name in told} == {name: metrics[name] for name in told}
    said = capsys.readouterr().out
    assert all(f"{name} {metrics[name]:.4f} (the commonest answer {metrics[f'commonest {name}']:.4f})" in said
               for name in told)

    assert main(["evaluate", "--model", str(out), "--data", str(glue), "--out", str(tmp_path / "judged")]) == 0
    judged = json.loads((tmp_path / "judged" / "metrics.json").read_text())
    assert {name: judged[name] for name in told} == {name: metrics[name] for name in told}
    assert f"stsb pearson {metrics['stsb pearson']:.4f}, stsb" in capsys.readouterr().out
    assert "tasks as text are read from the folder of GLUE" in refused(
        capsys, "evaluate", "--model", out, "--data", glue / "SST-2" / "dev.tsv")

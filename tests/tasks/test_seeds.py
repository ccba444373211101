"""Is a run that says the same of everything found out, and no other; are several summed up by Student's interval?"""

import pytest

from tinyformer.data.readers import Answer, PairExample, Question, TaggedSentence, TextExample
from tinyformer.metrics.over_seeds import interval, line, spread, student, summary
from tinyformer.tasks import TASKS


def collapsed(task, predictions, examples):
    return task.collapsed(examples, predictions)


def texts(labels):
    return [TextExample("t", label, "f", 1) for label in labels], [{"label": label} for label in labels]


def test_one_class_for_everything():
    truth, right = texts("ab" * 50)
    _, constant = texts("b" * 100)
    assert collapsed(TASKS["classify"], constant, truth) == "'b'"
    assert collapsed(TASKS["classify"], right, truth) is None
    assert collapsed(TASKS["pair"], [{"label": "b"}] * 98 + [{"label": "a"}] * 2, truth) is None
    assert collapsed(TASKS["pair"], [{"label": "b"}] * 99 + [{"label": "a"}], truth) == "'b'"
    assert collapsed(TASKS["classify"], constant, texts("b" * 99 + "a")[0]) is None, "the truth is as one-sided"
    assert collapsed(TASKS["classify"], constant[:1], truth[:1]) is None, "one example shows nothing"


def test_one_tag_for_everything():
    truth = [TaggedSentence(("a", "b"), ("N", "V"), "f", 1)] * 10
    assert collapsed(TASKS["tag"], [{"tags": ["N", "N"]}] * 10, truth) == "'N'"
    assert collapsed(TASKS["tag"], [{"tags": ["N", "N"]}] * 9 + [{"tags": ["N", "V"]}], truth) is None


def test_one_score_for_everything():
    truth = [PairExample("a", "b", float(n % 6), "f", 1) for n in range(60)]
    assert collapsed(TASKS["score"], [{"score": 2.5 + 0.01 * (n % 2)} for n in range(60)], truth) == "a score near 2.50"
    assert collapsed(TASKS["score"], [{"score": 2.5 + 0.1 * (n % 6)} for n in range(60)], truth) is None
    for apart, gone in ((0.16, True), (0.18, False)):          # the true scores have a deviation of 1.708
        near = [{"score": 2.5 + apart * (n % 2)} for n in range(60)]
        assert bool(collapsed(TASKS["score"], near, truth)) == gone, "5 % of it is the limit"
    assert collapsed(TASKS["score"], [{"score": 2.0}] * 60, [PairExample("a", "b", 2.0, "f", 1)] * 60) is None


def test_one_answer_for_everything():
    def question(answer):
        return Question("q", "?", "d", (Answer(answer, 0),) if answer else (), not answer, "", "f", 1)
    truth = [question(f"place {n}") for n in range(20)] + [question("")] * 10
    assert collapsed(TASKS["answer"], [{"answer": ""}] * 30, truth) == "no answer"
    assert collapsed(TASKS["answer"], [{"answer": "it"}] * 30, truth) == "'it'"
    assert collapsed(TASKS["answer"], [{"answer": f"place {n}"} for n in range(30)], truth) is None
    assert collapsed(TASKS["answer"], [{"answer": ""}] * 10, truth[20:]) is None, "there is no answer to any of these"


RUNS = [{"seed": 3, "accuracy": 0.8, "f1": 0.7}, {"seed": 4, "accuracy": 0.5, "f1": 0.0, "collapsed": "'1'"},
        {"seed": 5, "accuracy": 0.9, "f1": 0.8}]


def test_mean_and_standard_deviation():
    assert line(RUNS, "accuracy") == (
        "accuracy of 3 seeds: 0.7333 ± 0.2082 (0.8000, 0.5000, 0.9000); collapsed: seed 4 says '1' of everything; "
        "the others have a mean of 0.8500")
    assert line([RUNS[0], RUNS[2]], "accuracy") == \
        "accuracy of 2 seeds: 0.8500 ± 0.0707 (0.8000, 0.9000); no run collapsed"
    assert line([RUNS[1], RUNS[1]], "f1").endswith("seed 4 says '1' of everything"), "there are no others"
    found = summary(RUNS, ("accuracy", "f1", "matthews"))
    assert found["seeds"] == [3, 4, 5] and found["collapsed"] == [4] and "matthews" not in found
    assert found["f1"]["runs"] == [0.7, 0.0, 0.8] and found["f1"]["mean"] == pytest.approx(0.5)
    assert found["accuracy"]["sd"] == pytest.approx(0.2081666)


@pytest.mark.parametrize("values", [[1.0, 2.0], [10.0, 12.5, 11.0], [3.0, -1.0, 4.0, 1.0, 5.0]])
def test_students_interval(values):
    stats = pytest.importorskip("scipy.stats", reason="the outside oracle")
    low, high = stats.t.interval(0.95, len(values) - 1, loc=sum(values) / len(values), scale=stats.sem(values))
    assert interval(values) == f"{sum(values) / len(values):+.1f} ({low:.1f} to {high:.1f})"


def test_students_t_for_few_and_for_many():
    stats = pytest.importorskip("scipy.stats", reason="the outside oracle")
    for n in (*range(2, 40), 100, 1000):
        assert student(n) == pytest.approx(stats.t.ppf(0.975, n - 1), abs=6e-4)


def test_one_value_has_no_interval():
    assert interval([12.34]) == "+12.3" and interval([-1.0, -3.0]).startswith("-2.0 (-14.7 to 10.7)")


def test_spread():
    assert spread([1.0]) == "1.0" and spread([1.0, 3.0]) == "2.0 ± 1.4"

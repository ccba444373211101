"""Are several runs summed up by their mean, their spread and Student's interval?"""

import pytest

from tinyformer.metrics.over_seeds import interval, line, spread, student, summary

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

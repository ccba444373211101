"""Is the interval that is printed Student's?"""

import pytest

from tinyformer.tasks.few_labels import interval, student


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

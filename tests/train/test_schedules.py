"""Is the learning rate at each step what the schedules say?"""

import math

import pytest

from tinyformer.train.schedules import SCHEDULES, constant, constant_then_down, cosine, linear


def nanogpt(step, steps, peak, warmup, floor):
    """The rule as its users know it, written out."""
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    if step > steps:
        return floor
    ratio = (step - warmup) / (steps - warmup)
    return floor + 0.5 * (1.0 + math.cos(math.pi * ratio)) * (peak - floor)


def test_cosine_is_the_rule_of_nanogpt():
    for step in range(2100):
        assert cosine(step, 2000, 1e-3, 100, 1e-4) == pytest.approx(nanogpt(step, 2000, 1e-3, 100, 1e-4), rel=1e-12)


def test_linear_goes_up_and_down_straight():
    rates = [linear(step, 10, 1.0, warmup=3, floor=0.3) for step in range(11)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])


def test_constant_stays():
    assert [constant(step, 9, 2.0, 1) for step in range(4)] == [1.0, 2.0, 2.0, 2.0]


def test_constant_then_down_comes_down_over_the_last_third():
    rates = [constant_then_down(step, 20, 1.0, warmup=3, floor=0.3) for step in range(21)]
    assert rates == pytest.approx([0.25, 0.5, 0.75] + [1.0] * 11 + [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    late = [constant_then_down(step, 10, 1.0, warmup=8) for step in range(11)]
    assert late[7:] == pytest.approx([8 / 9, 1.0, 0.5, 0.0]), "a long climb leaves a short way down"


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_every_schedule_peaks_once_and_never_leaves_its_bounds(schedule):
    for steps, warmup in ((1, 0), (1, 1), (5, 5), (50, 7)):
        rates = [schedule(step, steps, 0.5, warmup, 0.1) for step in range(steps + 3)]
        assert rates[warmup] == 0.5 == max(rates)
        assert rates[:warmup] == sorted(rates[:warmup]) and all(0 < rate for rate in rates)
        assert all(rate >= 0.1 for rate in rates[warmup:])

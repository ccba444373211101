"""Do the shapes have the numbers, the steps and the time that they are said to be equal in?"""

from itertools import product

import pytest

from tinyformer.phenomena import albert_sharing
from tinyformer.phenomena.albert_sharing import ARMS, BERT, ONCE, SHARED, WIDE
from tinyformer.phenomena.kit import Found

SMALL = albert_sharing.EXPERIMENT.quick.but(steps=2, documents=60, vocabulary=300)


@pytest.fixture(scope="module")
def done():
    return {arm: albert_sharing.one(SMALL, 5, arm) for arm in ARMS}


def test_who_has_as_many_numbers_as_whom(done):
    counts = {arm: each["parameters"] for arm, each in done.items()}
    assert counts[SHARED] == counts[ONCE] < counts[BERT] and abs(counts[WIDE] / counts[BERT] - 1) < 0.06
    assert all(0 <= each["accuracy"] <= 1 for each in done.values())
    assert [len(done[arm]["curve"]) for arm in (BERT, WIDE)] == [2, 1]         # as many steps, and half


def outcomes(once: float, wide: float) -> list[dict]:
    reached = {BERT: 0.4, SHARED: 0.35, ONCE: once, WIDE: wide}
    return [{"seed": seed, "arm": arm, "accuracy": reached[arm] + seed / 100, "loss": 2.0, "parameters": 9,
             "core seconds": 5.0} for seed, arm in product(range(3), ARMS)]


@pytest.mark.parametrize("once, wide, word", [(0.3, 0.45, "seen"), (0.37, 0.45, "not seen"), (0.3, 0.4, "unclear")])
def test_the_rule_and_the_table(once, wide, word):
    found = Found(albert_sharing.EXPERIMENT.full, [0, 1, 2], outcomes(once, wide))
    assert albert_sharing.verdict(found).word == word
    rows = albert_sharing.table(found).rows
    assert [row[0] for row in rows] == [*ARMS] and rows[0][6] == "" and rows[2][6] == "-5.0 (-5.0 to -5.0)"

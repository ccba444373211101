import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.metrics.label_sets import exact_sets, set_f1

LABELS = ["a", "b", "c", "d"]
GOLD = [{"a", "b"}, {"a"}, set(), {"c"}]
GUESS = [{"a"}, {"a", "c"}, set(), {"a"}]


def test_by_hand():
    # a: TP 2, FP 1, FN 0; b: FN 1; c: FP 1, FN 1; d: never
    assert set_f1(GOLD, GUESS, LABELS) == 2 * 2 / (2 * 2 + 2 + 2)
    assert set_f1(GOLD, GUESS, LABELS, "macro") == 4 / 5 / 4
    assert exact_sets(GOLD, GUESS) == 1 / 4
    assert set_f1([[]], [[]], ["a"]) == set_f1([[]], [[]], ["a"], "macro") == 0.0 and exact_sets([[]], [[]]) == 1.0


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 12), st.sampled_from([0.05, 0.3, 0.9]))
def test_as_scikit_learn_has_it(seed, labels, texts, share):
    metrics = pytest.importorskip("sklearn.metrics", reason="the outside oracle")
    rng, names = np.random.default_rng(seed), [f"label {n}" for n in range(labels)]
    gold, guess = (rng.random((2, texts, labels)) < share)
    sets = [[{name for name, there in zip(names, row, strict=True) if there} for row in table]
            for table in (gold, guess)]
    for average in ("micro", "macro"):
        theirs = metrics.f1_score(gold, guess, average=average, zero_division=0)
        assert set_f1(*sets, names, average) == pytest.approx(theirs, abs=1e-12)
    assert exact_sets(*sets) == pytest.approx(metrics.accuracy_score(gold, guess), abs=1e-12)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="average is 'binary'; it must be 'micro' or 'macro'"):
        set_f1(GOLD, GUESS, LABELS, "binary")
    with pytest.raises(ValueError, match="labels are a, b, and c stands in the sets; name every label"):
        set_f1(GOLD, GUESS, ["a", "b"])
    for gold, guess in (([], []), (GOLD, GUESS[1:])):
        for figure in (lambda a, b: set_f1(a, b, LABELS), exact_sets):
            with pytest.raises(ValueError, match="there must be as many, and at least one"):
                figure(gold, guess)

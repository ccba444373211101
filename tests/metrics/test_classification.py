import math

import numpy as np
import pytest

from tinyformer.metrics.classification import accuracy, f1, matthews
from tinyformer.metrics.correlation import pearson, spearman

GOLD = [1, 1, 1, 0, 0, 0, 0, 2]
GUESS = [1, 1, 0, 0, 0, 1, 2, 2]


def test_by_hand():
    # class 0: TP 2, FP 1, FN 2; class 1: TP 2, FP 1, FN 1; class 2: TP 1, FP 1, FN 0
    assert accuracy(GOLD, GUESS) == 5 / 8
    assert f1(GOLD, GUESS) == 4 / 6
    assert f1(GOLD, GUESS, "micro") == 5 / 8
    assert f1(GOLD, GUESS, "macro") == pytest.approx((4 / 7 + 4 / 6 + 2 / 3) / 3, abs=1e-15)
    # TP 2, TN 3, FP 1, FN 2: (2 * 3 - 1 * 2) / sqrt(3 * 4 * 4 * 5)
    assert matthews([1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0, 1]) == pytest.approx(4 / math.sqrt(240), abs=1e-15)
    assert pearson([1, 2, 3], [1, 2, 4]) == pytest.approx(3 / math.sqrt(2 * 14 / 3), abs=1e-15)
    # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5)
    assert spearman([10, 20, 20, 99], [-1, 0, 5, 6]) == pytest.approx(4.5 / math.sqrt(22.5), abs=1e-15)


def test_text_labels_and_the_positive_one():
    gold, guess = ["no", "yes", "yes"], ["yes", "yes", "no"]
    assert accuracy(gold, guess) == 1 / 3
    assert f1(gold, guess, positive="yes") == 0.5
    assert f1(gold, guess, positive="no") == 0.0
    with pytest.raises(ValueError, match="positive is 1 .* 'no'"):
        f1(gold, guess)
    with pytest.raises(ValueError, match="text never equals a number"):
        accuracy(["1", "0"], [1, 0])
    with pytest.raises(ValueError, match="average is 'weighted'"):
        f1(gold, guess, "weighted")


def test_degenerate_cases_have_the_stated_values():
    assert matthews([1, 0, 1], [1, 1, 1]) == 0.0 and matthews([1, 1], [1, 1]) == 0.0
    assert f1([0, 0], [0, 0]) == 0.0                       # the positive class occurs nowhere
    assert f1([0, 0], [0, 0], "macro") == 1.0
    assert f1([0, 1], [0, 0]) == 0.0
    for metric in (pearson, spearman):
        assert math.isnan(metric([1, 2, 3], [0.1, 0.1, 0.1])) and math.isnan(metric([5, 5], [1, 2]))
        assert metric([1, 2], [3, 9]) == pytest.approx(1) and metric([1, 2], [9, 3]) == pytest.approx(-1)


def test_large_counts_and_large_numbers_do_not_overflow():
    gold = np.repeat([0, 1], [100_000, 100_000])
    guess = np.concatenate([gold[:150_000], 1 - gold[150_000:]])
    # TP 50,000, TN 100,000, FP 0, FN 50,000
    assert matthews(gold, guess) == pytest.approx(5e9 / math.sqrt(5e4 * 1e5 * 1e5 * 1.5e5), abs=1e-12)
    assert pearson([1e300, 2e300, 3e300], [1e-300, 2e-300, 3e-300]) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("metric", [accuracy, f1, matthews, pearson, spearman])
def test_lists_that_do_not_fit_are_refused(metric):
    for gold, guess in [([], []), ([1, 2, 3], [1, 2])]:
        with pytest.raises(ValueError, match="as many"):
            metric(gold, guess)


@pytest.mark.parametrize("metric", [pearson, spearman])
def test_numbers_that_are_none_are_named(metric):
    with pytest.raises(ValueError, match=r"predicted\[1\] is nan"):
        metric([1, 2], [1, math.nan])
    with pytest.raises(ValueError, match=r"gold\[0\] is inf"):
        metric([math.inf, 2], [1, 2])


def classes(seed):
    """Gold and guess over 1 to 4 classes, right more or less often, now and then constant."""
    rng = np.random.default_rng(seed)
    size, kinds = rng.integers(1, 60), rng.integers(1, 5)
    gold = rng.integers(0, kinds, size)
    guess = np.where(rng.random(size) < rng.random(), gold, rng.integers(0, kinds, size))
    if seed % 10 == 0:
        guess[:] = rng.integers(0, kinds)
    return gold, guess


@pytest.mark.filterwarnings("ignore")
def test_classes_equal_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics", reason="the outside oracle")
    for seed in range(150):
        gold, guess = classes(seed)
        pairs = [(accuracy(gold, guess), sklearn.accuracy_score(gold, guess)),
                 (matthews(gold, guess), sklearn.matthews_corrcoef(gold, guess)),
                 (f1(gold, guess, "macro"), sklearn.f1_score(gold, guess, average="macro")),
                 (f1(gold, guess, "micro"), sklearn.f1_score(gold, guess, average="micro"))]
        gold, guess = gold > 1, guess > 1                  # two classes at most, the positive one maybe absent
        pairs.append((f1(gold, guess, positive=True), sklearn.f1_score(gold, guess)))
        for ours, theirs in pairs:
            assert abs(ours - theirs) <= 1e-12, (seed, pairs)


@pytest.mark.filterwarnings("ignore")
def test_correlations_equal_scipy():
    stats = pytest.importorskip("scipy.stats", reason="the outside oracle")
    nans = 0
    for seed in range(500):
        rng = np.random.default_rng(seed)
        size = rng.integers(2, 80)
        x = rng.normal(size=size) * 10.0 ** rng.integers(-3, 4) + rng.integers(-3, 4)
        y = x * rng.normal() + rng.normal(size=size)
        if seed % 3 == 0:                                  # ties, as in scores of 1 to 5
            x, y = np.round(rng.uniform(1, 5, size), seed % 2), np.round(rng.uniform(0, 2, size))
        if seed % 20 == 0:
            y[:] = 0.1
        nans += math.isnan(spearman(x, y))
        np.testing.assert_allclose(pearson(x, y), stats.pearsonr(x, y)[0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(spearman(x, y), stats.spearmanr(x, y)[0], rtol=0, atol=1e-12)
    assert nans >= 25

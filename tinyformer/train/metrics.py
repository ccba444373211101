"""How good are the predictions?  Accuracy, F1, Matthews, Pearson, Spearman, as the field computes them.

All are fractions (0.85, not 85).  Gold comes first, predictions second.  Degenerate cases have the value that
scikit-learn and scipy give them: an F1 or a Matthews coefficient with 0 in its denominator is 0, a correlation with
constant numbers is NaN.
"""

import math
from collections.abc import Sequence

import numpy as np


def accuracy(gold: Sequence, predicted: Sequence) -> float:
    """The share of predictions that are right."""
    gold, predicted, _ = _coded(gold, predicted, "accuracy")
    return float((gold == predicted).mean())


def f1(gold: Sequence, predicted: Sequence, average: str = "binary", positive=1) -> float:
    """F1 = 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall; 0 where all three are 0.

    "binary": of the class `positive` alone; "macro": the mean over all classes that gold or predictions hold;
    "micro": of the counts of all classes together, which with one class for each example is the accuracy.
    """
    if average not in ("binary", "macro", "micro"):
        raise ValueError(f"f1: average is {average!r}; it must be 'binary', 'macro' or 'micro'")
    gold, predicted, names = _coded(gold, predicted, "f1")
    if average == "micro":
        return float((gold == predicted).mean())
    right = np.bincount(gold[gold == predicted], minlength=len(names))             # TP of each class
    both = np.bincount(gold, minlength=len(names)) + np.bincount(predicted, minlength=len(names))
    each = 2 * right / both                                # no class is in neither, so none divides by 0
    if average == "macro":
        return float(each.mean())
    if isinstance(positive, str) != isinstance(names[0], str):
        raise ValueError(f"f1: positive is {positive!r} and the labels are like {names[0]!r}; give the positive label "
                         "as the labels are written")
    return float(each[names.index(positive)]) if positive in names else 0.0


def matthews(gold: Sequence, predicted: Sequence) -> float:
    """The correlation of two classifications, -1 to 1, for two classes or more; 0 where either is constant.

    (N c - g.p) / sqrt((N^2 - g.g) (N^2 - p.p)), with c the number right of N, and g, p how often each class is
    gold, predicted.  For two classes (TP TN - FP FN) / sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN)).
    Matthews 1975; Gorodkin 2004 for more than two classes.
    """
    gold, predicted, names = _coded(gold, predicted, "matthews")
    n = len(gold)
    # Python's whole numbers: N^4 leaves 64 bits at 55,000 examples.
    g, p = (np.bincount(ids, minlength=len(names)).tolist() for ids in (gold, predicted))
    together = n * int((gold == predicted).sum()) - sum(a * b for a, b in zip(g, p, strict=True))
    spread = (n * n - sum(a * a for a in g)) * (n * n - sum(b * b for b in p))
    return together / math.sqrt(spread) if spread else 0.0


def pearson(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """The correlation of two lists of numbers, sum(x y) / sqrt(sum(x^2) sum(y^2)) of the centred numbers.

    NaN where one of them is constant, since it then has no direction.
    """
    return _correlation(*_numbers(gold, predicted, "pearson"))


def spearman(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """The Pearson correlation of the ranks; equal numbers share the mean of their ranks.  NaN for constant numbers."""
    x, y = _numbers(gold, predicted, "spearman")
    return _correlation(_ranks(x), _ranks(y))


def _correlation(x, y):
    if (x == x[0]).all() or (y == y[0]).all():
        return math.nan
    x, y = (_unit(values) for values in (x, y))
    return float(np.clip(x @ y, -1, 1))


def _unit(values):
    """Centred, and of length 1; scaled first, so that no square leaves the range of float64."""
    values = values / np.abs(values).max()
    values = values - values.mean()
    values = values / np.abs(values).max()
    return values / np.linalg.norm(values)


def _ranks(values):
    """1 for the smallest; equal values share the mean of the places they take."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which]


def _coded(gold, predicted, name):
    """Both lists as numbers of classes, and the classes in order; ValueError where the lists do not fit."""
    gold, predicted = list(gold), list(predicted)
    if len(gold) != len(predicted) or not gold:
        raise ValueError(f"{name}: {len(gold)} gold labels and {len(predicted)} predictions; there must be as many, "
                         "and at least one")
    kinds = {isinstance(label, str) for label in gold + predicted}
    if len(kinds) > 1:
        raise ValueError(f"{name}: gold labels like {gold[0]!r} and predictions like {predicted[0]!r}; text never "
                         "equals a number: convert one of them")
    names = sorted(set(gold) | set(predicted))
    number = {label: i for i, label in enumerate(names)}
    return np.array([number[label] for label in gold]), np.array([number[label] for label in predicted]), names


def _numbers(gold, predicted, name):
    x, y = (np.asarray(values, dtype=np.float64) for values in (gold, predicted))
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        raise ValueError(f"{name}: gold is {x.shape}, predicted is {y.shape}; both must be one list of as many "
                         "numbers, two at least")
    for what, values in (("gold", x), ("predicted", y)):
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            raise ValueError(f"{name}: {what}[{wrong[0]}] is {values[wrong[0]]}; every number must be finite")
    return x, y

"""How good are the predictions?  Accuracy, F1, Matthews, as the field computes them.

All are fractions (0.85, not 85).  Gold comes first, predictions second.  Degenerate cases have the value that
scikit-learn gives them: an F1 or a Matthews coefficient with 0 in its denominator is 0.
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

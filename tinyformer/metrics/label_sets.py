"""How good are sets of labels?  F1 over the single decisions, and the share of whole sets, as the field computes them.

All are fractions.  Gold comes first, predictions second: a collection of labels for each example.  As scikit-learn has
it, an F1 with 0 in its denominator is 0.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import chain

Sets = Sequence[Collection[str]]


def set_f1(gold: Sets, predicted: Sets, labels: Collection[str], average: str = "micro") -> float:
    """F1 = 2 TP / (2 TP + FP + FN) over the decisions on all `labels` for all examples.

    "micro": of the counts of all labels together, so that frequent labels count for more; "macro": the mean of the F1
    of each label, 0 for one that is never true nor predicted.  ValueError where a label stands in a set alone.
    """
    if average not in ("micro", "macro"):
        raise ValueError(f"set_f1: average is {average!r}; it must be 'micro' or 'macro'")
    gold, predicted = _checked(gold, predicted, "set_f1")
    right = Counter(chain(*(a & b for a, b in zip(gold, predicted, strict=True))))
    both = Counter(chain(*gold, *predicted))                   # 2 TP + FP + FN of each label
    unknown = sorted(both.keys() - set(labels))
    if unknown or not labels:
        raise ValueError(f"set_f1: labels are {', '.join(labels) or 'none'}, and {', '.join(unknown) or 'nothing'} "
                         "stands in the sets; name every label")
    if average == "micro":
        return 2 * right.total() / both.total() if both else 0.0
    return sum(2 * right[label] / both[label] for label in labels if both[label]) / len(labels)


def exact_sets(gold: Sets, predicted: Sets) -> float:
    """The share of examples whose labels are all right and no others (subset accuracy)."""
    gold, predicted = _checked(gold, predicted, "exact_sets")
    return sum(a == b for a, b in zip(gold, predicted, strict=True)) / len(gold)


def _checked(gold, predicted, name) -> tuple[list[set], list[set]]:
    if len(gold) != len(predicted) or not len(gold):
        raise ValueError(f"{name}: {len(gold)} gold sets and {len(predicted)} predicted ones; there must be as many, "
                         "and at least one")
    return [set(labels) for labels in gold], [set(labels) for labels in predicted]

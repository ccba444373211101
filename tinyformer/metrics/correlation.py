"""How well do two lists of numbers agree?  Pearson and Spearman, as the field computes them.

Gold comes first, predictions second.  A correlation with constant numbers is NaN, as scikit-learn and scipy have it.
"""

import math
from collections.abc import Sequence

import numpy as np


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

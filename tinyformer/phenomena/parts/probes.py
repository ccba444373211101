"""What can be read off a vector by a linear function alone?  Probes, on every layer and on layers side by side.

A probe is fitted to the vectors of some texts and judged on those of others: ridge regression on labels as 0 and 1, of
which the highest score counts.  It has a closed form, so that no learning rate stands between two layers.  (Alain and
Bengio 2017; what a probe must be held against: Hewitt and Liang 2019.)
"""

from collections.abc import Sequence

import numpy as np

PENALTY = 0.01                                # of the squared weights, for each example


def right(train: np.ndarray, labels: Sequence, test: np.ndarray, truth: Sequence, penalty: float = PENALTY) -> float:
    """The share of the test vectors that get their label: train (N, C) with N labels, test (M, C) with M."""
    names, hot = np.unique(np.asarray(labels), return_inverse=True)
    x, more = _standard(train, test)
    y = np.eye(len(names))[hot]                                # (N, K)
    centre = y.mean(0)
    if len(x) < x.shape[1]:                                    # the same weights from the smaller of two systems
        weights = x.T @ np.linalg.solve(x @ x.T + penalty * len(x) * np.eye(len(x)), y - centre)       # (C, K)
    else:
        weights = np.linalg.solve(x.T @ x + penalty * len(x) * np.eye(x.shape[1]), x.T @ (y - centre))
    return float(np.mean(names[(more @ weights + centre).argmax(-1)] == np.asarray(truth)))


def by_layer(train: np.ndarray, labels: Sequence, test: np.ndarray, truth: Sequence) -> list[float]:
    """The share right from each layer alone: train (L, N, C), test (L, M, C)."""
    return [right(a, labels, b, truth) for a, b in zip(train, test, strict=True)]


def up_to_layer(train: np.ndarray, labels: Sequence, test: np.ndarray, truth: Sequence) -> list[float]:
    """The share right from the layers 0 to l side by side, for each l: a probe that may choose where to read."""
    return [right(side_by_side(train[:last]), labels, side_by_side(test[:last]), truth)
            for last in range(1, len(train) + 1)]


def side_by_side(layers: np.ndarray) -> np.ndarray:
    """The vectors of several layers (L, N, C) as one vector for each place, (N, L C)."""
    return np.concatenate(list(layers), axis=-1)


def on_scale(share: float, chance: float) -> float:
    """A share of right answers on the scale on which guessing is at 0 and knowing all at 100."""
    return 100 * (share - chance) / (1 - chance)


def expected_layer(found: Sequence[float], chance: float) -> float:
    """The layer at which it becomes known on average, from the shares right `up_to_layer` (Tenney et al. 2019, eq. 3).

    The sum of l (P(l) - P(l - 1)) over the layers l = 0, 1, ..., L, divided by P(L) - P(-1).  P(-1) is `chance`, and
    P(l) the best up to l: a probe that has more to read and does worse has not lost what was known.  L where nothing
    ever is.
    """
    gains = np.diff(np.maximum.accumulate([chance, *found]))
    return float(np.arange(len(found)) @ gains / gains.sum()) if gains.sum() > 0 else float(len(found) - 1)


def _standard(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with mean 0 and variance 1 over the training vectors, in float64; what never changes is 0."""
    train, test = np.asarray(train, np.float64), np.asarray(test, np.float64)
    mean, scale = train.mean(0), train.std(0)
    scale = np.where(scale > 1e-9, scale, np.inf)
    return (train - mean) / scale, (test - mean) / scale

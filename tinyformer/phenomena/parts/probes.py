"""What can be read off a vector by a linear function alone?  Probes, on every layer and on layers side by side.

The probe itself, ridge regression, stands in `metrics/read_off.py`.
"""

from collections.abc import Sequence

import numpy as np

from tinyformer.metrics.read_off import right


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

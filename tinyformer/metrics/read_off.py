"""What can be read off a vector by the simplest of means?  By a linear function, by its nearest neighbours, from few.

A probe is fitted to the vectors of some examples and judged on those of others.  The linear one is ridge regression on
labels as 0 and 1, of which the highest score counts: it has a closed form, so that no learning rate stands between two
encoders.  (Alain and Bengio 2017; what a probe must be held against: Hewitt and Liang 2019.)
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tinyformer.rng import stream

PENALTY = 0.01                                # of the squared weights, for each example
NEIGHBOURS = 5
ROWS = 1000                                   # vectors that are compared at a time


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


def nearest_right(train: np.ndarray, labels: Sequence, test: np.ndarray, truth: Sequence,
                  count: int = NEIGHBOURS) -> float:
    """The share of the test vectors whose label most of their `count` nearest training vectors have, by the cosine."""
    names, hot = np.unique(np.asarray(labels), return_inverse=True)
    found = neighbours(train, test, count)                     # (M, count)
    votes = np.eye(len(names))[hot][found].sum(1)              # (M, K)
    votes += np.eye(len(names))[hot][found[:, 0]] * 0.5        # of as many votes the nearest decides
    return float(np.mean(names[votes.argmax(-1)] == np.asarray(truth)))


def neighbours(train: np.ndarray, test: np.ndarray, count: int) -> np.ndarray:
    """The places (M, count) of the training vectors that are nearest to each test vector, the nearest first."""
    here, there = _unit(train), _unit(test)
    count = min(count, len(here))
    found = [np.argsort(-(there[first:first + ROWS] @ here.T), axis=-1, kind="stable")[:, :count]
             for first in range(0, len(there), ROWS)]
    return np.concatenate(found)


def from_few(probe: Callable[..., float], train: np.ndarray, labels: Sequence, test: np.ndarray, truth: Sequence,
             each: int, seed: int, draws: int = 5) -> float:
    """What a probe reaches that is fitted to `each` examples of a class: the mean over several draws of them."""
    labels = np.asarray(labels)
    return float(np.mean([probe(train[some], labels[some], test, truth)
                          for some in few(labels, each, seed, draws)]))


def few(labels: np.ndarray, each: int, seed: int, draws: int) -> Iterator[np.ndarray]:
    """`draws` times the places of `each` examples of every class, or of all that it has."""
    for draw in range(draws):
        order = stream(seed, "few labels", draw).permutation(len(labels))
        yield np.concatenate([order[labels[order] == name][:each] for name in np.unique(labels)])


def _standard(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with mean 0 and variance 1 over the training vectors, in float64; what never changes is 0."""
    train, test = np.asarray(train, np.float64), np.asarray(test, np.float64)
    mean, scale = train.mean(0), train.std(0)
    scale = np.where(scale > 1e-9, scale, np.inf)
    return (train - mean) / scale, (test - mean) / scale


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, np.float64)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)

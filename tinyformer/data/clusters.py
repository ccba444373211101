"""Which of many vectors belong together?  Those that have the same nearest centre: k-means.

Lloyd 1982: each vector goes to its nearest centre, each centre to the mean of its vectors, again and again; the sum of
the squared distances never rises.  It begins with vectors that were drawn far from one another (Arthur and
Vassilvitskii 2007, k-means++).
"""

import numpy as np


def k_means(vectors: np.ndarray, count: int, rng: np.random.Generator, rounds: int = 50) -> np.ndarray:
    """`count` centres of vectors (N, F), (count, F): fewer where fewer vectors differ."""
    x = np.asarray(vectors, np.float64)
    centres = _far_apart(x, count, rng)
    before = None
    for _ in range(rounds):
        ids = nearest(x, centres)
        if before is not None and np.array_equal(ids, before):
            break
        sums, sizes = np.zeros_like(centres), np.bincount(ids, minlength=len(centres))
        np.add.at(sums, ids, x)
        full = sizes > 0                                       # a centre that nobody is near to stays where it is
        centres[full] = sums[full] / sizes[full, None]
        before = ids
    return centres


def nearest(vectors: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The number of the nearest centre of each vector: (N, F), (K, F) -> (N,)."""
    return distances(vectors, centres).argmin(1)


def distances(vectors: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """|x - c|² less |x|², which is the same for all centres: (N, K)."""
    return (centres**2).sum(1) - 2 * (np.asarray(vectors, centres.dtype) @ centres.T)


def _far_apart(x: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Vectors as first centres, each drawn with a chance that grows with the square of how far the others are."""
    found = [x[rng.integers(len(x))]]
    away = ((x - found[0])**2).sum(1)                          # (N,) from the nearest so far
    while len(found) < count and away.max() > 0:
        found.append(x[rng.choice(len(x), p=away / away.sum())])
        away = np.minimum(away, ((x - found[-1])**2).sum(1))
    return np.stack(found)

"""Which word would have to change?  What every other word in a place would do to a loss, as its gradient tells.

A loss L has the gradient g at the vector e of a word.  With the vector e' of another word in its place, L would change
by g . (e' - e) to the first order (Ebrahimi et al. 2018, HotFlip, section 3.1): one product gives this for a whole
vocabulary.  It is exact for a small step, and a word is none: so what it promises is to be tried out.
"""

from collections.abc import Collection

import numpy as np


def change_by(gradient: np.ndarray, table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The change of the loss to the first order, (T, V), were word v in the place t.

    gradient (T, C), the loss's at the words' vectors; table (V, C); ids (T,), the words that stand there.
    """
    there = (gradient * table[ids]).sum(-1, keepdims=True)     # (T, 1)
    return gradient @ table.T - there


def best_changes(gradient: np.ndarray, table: np.ndarray, ids: np.ndarray, most: int = 5,
                 barred: Collection[int] = ()) -> tuple[np.ndarray, np.ndarray]:
    """The words that promise the smallest loss at each place, (T, most) ids, and the change that they promise.

    What stands there, and words that are `barred`, are not among them.
    """
    change = change_by(gradient, table, ids)
    change[:, sorted(barred)] = np.inf
    change[np.arange(len(ids)), ids] = np.inf
    best = np.argsort(change, axis=1, kind="stable")[:, :most]
    return best, np.take_along_axis(change, best, 1)

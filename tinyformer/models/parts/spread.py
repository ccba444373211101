"""Has a model collapsed, that says the same vector of everything?  Its projections tell, before any probe does.

With nothing to push them apart, the views of all pictures may come to lie in one place: the loss is then perfect, and
nothing was learned.  The loss does not show it, nor does the spread of what batch norm has stretched again; the
directions of the projections do.
"""

import numpy as np

COLLAPSED = 0.1                               # of a spread, below which nothing is told apart any more


def spread(projections: np.ndarray) -> float:
    """How far vectors (N, D) spread: the mean standard deviation of a number of z / |z|, times sqrt(D).

    1 where their directions are spread evenly, 0 where all are one.  (Chen and He, SimSiam, 2021, section 4.1.)
    """
    z = np.asarray(projections, np.float64)
    unit = z / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-12)
    return float(unit.std(0).mean() * np.sqrt(z.shape[-1]))

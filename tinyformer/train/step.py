"""What is one training step?  A pure function: (model, part of a batch, counts of the whole batch, noise) -> gradients.

One process, several processes or several machines only drive it: each takes its part, the gradients are added up, the
optimizer steps.  Losses are sums over targets divided by the *whole* batch's number of targets, and so the parts add
up to the big batch exactly, also where one part has more targets than another.  (Averaging the parts' means would not.)
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from tinyformer import backend
from tinyformer.engine import Tensor
from tinyformer.rng import stream

PIECE = 1 << 15                               # numbers converted to float64 at a time: stays in the cache


def gradients(model, batch, counts: dict | None = None, rng: np.random.Generator | None = None):
    """Forward and backward once: add the gradients to `.grad` of the parameters, return the loss as an array ().

    `counts` are those of the whole batch where `batch` is a part of it; `rng` draws the dropout, None means none.
    """
    loss = model.loss(batch, counts, rng)
    loss.backward()
    return loss.data


def accumulate(model, batch, pieces: int = 1, noise: Callable[[int], np.random.Generator] | None = None):
    """The gradients and the loss of a batch that is too big to be held at once, taken in `pieces` parts.

    `noise(number)` gives the random generator of each part.
    """
    total = None
    for number, part in enumerate(batch.split(pieces) if pieces > 1 else [batch]):
        loss = gradients(model, part, batch.counts, noise(number) if noise else None)
        total = loss if total is None else total + loss
    return total


def dropout_noise(seed: int, step: int) -> Callable[[int], np.random.Generator]:
    """The random generators of one step, one for each part of the batch: see `accumulate`."""
    return lambda number: stream(seed, f"dropout {number}", step)


def gradient_norm(parameters: Iterable[Tensor]):
    """The length of all gradients as one long vector, sqrt(sum g²), in float64: a number on the parameters' device.

    In float32 the squares of gradients beyond 1e19 would overflow.
    """
    total = 0.0
    for p in parameters:
        if p.grad is not None:
            total = total + _squares(backend.library(p.grad), p.grad.reshape(-1))
    return total ** 0.5


def clip_gradients(parameters: Iterable[Tensor], max_norm: float | None):
    """Shorten all gradients together so that their norm is at most `max_norm`; the norm before is returned.

    (Pascanu et al. 2013, algorithm 1.)  The direction stays.  On a GPU the norm is an array there, and nothing here
    waits for it; on the CPU it is a float.  None clips nothing.
    """
    parameters = [p for p in parameters if p.grad is not None]
    norm = gradient_norm(parameters)
    on_host = isinstance(norm, float)
    if max_norm is None or on_host and not max_norm < norm < math.inf:
        return norm
    for p in parameters:
        xp = backend.library(p.grad)
        p.grad *= max_norm / norm if on_host else (max_norm / xp.maximum(norm, max_norm)).astype(p.grad.dtype)
    return norm


def number(x) -> float:
    """A 0-d array as a float; waits for the GPU where it comes from there."""
    return x if isinstance(x, float) else float(backend.to_host(x))


def _squares(xp, g):
    """The sum of the squares of g (n,), in float64."""
    if xp is not np:
        return xp.multiply(g, g, dtype=xp.float64).sum()
    total = 0.0
    for start in range(0, g.size, PIECE):
        piece = g[start:start + PIECE].astype(np.float64)
        total += float(piece @ piece)
    return total

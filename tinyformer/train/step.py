"""What is one training step?  A pure function: (model, part of a batch, counts of the whole batch, noise) -> gradients.

One process, several processes or several machines only drive it: each takes its part, the gradients are added up, the
optimizer steps.  Losses are sums over targets divided by the *whole* batch's number of targets, and so the parts add
up to the big batch exactly, also where one part has more targets than another.  (Averaging the parts' means would not.)
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinyformer import backend
from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.train.any_batches import why_whole
from tinyformer.train.noise import Noise

PIECE = 1 << 15                               # numbers converted to float64 at a time: stays in the cache


def gradients(model, batch, counts: dict | None = None, rng: np.random.Generator | None = None,
              loss: Callable | None = None) -> tuple[Any, dict]:
    """Forward and backward once: add the gradients to `.grad` of the parameters.

    Returns the loss, an array (), and the new values of the model's buffers by name, which whoever drives the step puts
    back: most models have none.  `loss(model, batch, counts, rng)` gives a Tensor, or a pair of it and such buffers; by
    default it is `model.loss`.  `counts` are those of the whole batch where `batch` is a part of it, None for a batch
    that has none; `rng` draws the dropout, None means none.
    """
    found = loss(model, batch, counts, rng) if loss else model.loss(batch, counts, rng)
    value, buffers = found if isinstance(found, tuple) else (found, {})
    if not isinstance(value, Tensor):
        raise TypeError(f"the loss of {type(model).__name__} is a {type(value).__name__}; it must be a Tensor of one "
                        "number, computed with tinyformer.ops, or nothing can flow back from it")
    value.backward()
    return value.data, buffers


def accumulate(model, batch, pieces: int = 1, noise: Noise | None = None, loss: Callable | None = None,
               counts: dict | None = None) -> tuple[Any, dict]:
    """`gradients` of a batch that is too big to be held at once, taken in `pieces` parts.

    `noise` is that of the batch, None for no dropout; `counts` are the batch's own, or those of a larger one that this
    is a part of.  InputError for a batch that cannot be divided.
    """
    counts = getattr(batch, "counts", None) if counts is None else counts
    if pieces == 1:
        return gradients(model, batch, counts, noise.generator() if noise else None, loss)
    if reason := why_whole(model, batch):
        raise InputError(f"accumulate is {pieces}, but this batch cannot be divided: {reason}; leave accumulate out "
                         "(--accumulate 1)")
    total: Any = None
    first = 0
    for part in batch.split(pieces):
        last = first + len(part)
        rng = noise.part(first, last, len(batch)).generator() if noise else None
        value, buffers = gradients(model, part, counts, rng, loss)
        if buffers:
            raise InputError(f"accumulate is {pieces}, but {type(model).__name__} gives new values of its buffers "
                             f"({', '.join(buffers)}), which one part of a batch cannot know; leave accumulate out")
        total, first = value if total is None else total + value, last
    return total, {}


def gradient_norm(parameters: Iterable[Tensor]) -> Any:
    """The length of all gradients as one long vector, sqrt(sum g²), in float64: a number on the parameters' device.

    In float32 the squares of gradients beyond 1e19 would overflow.
    """
    total: Any = 0.0
    for p in parameters:
        if p.grad is not None:
            total = total + squares(backend.library(p.grad), p.grad.reshape(-1))
    return total ** 0.5


def clip_gradients(parameters: Iterable[Tensor], max_norm: float | None) -> Any:
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


def squares(xp, g) -> Any:
    """The sum of the squares of g (n,), in float64."""
    if xp is not np:
        return xp.multiply(g, g, dtype=xp.float64).sum()
    total = 0.0
    for start in range(0, g.size, PIECE):
        piece = g[start:start + PIECE].astype(np.float64)
        total += float(piece @ piece)
    return total

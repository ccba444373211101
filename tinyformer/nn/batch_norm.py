"""How does a layer remember what it saw of other batches?  Batch norm: by running averages, which are no parameters.

Its rows share their statistics while it trains, so that a batch cannot be divided over workers: a model with such a
layer says `divisible = False`.
"""

from typing import Any

import numpy as np

from tinyformer.backend import library
from tinyformer.engine import Tensor
from tinyformer.nn.layers import constant
from tinyformer.nn.module import Module, modules_in
from tinyformer.ops import batch_norm

Fresh = dict[Module, dict[str, Any]]          # the new values of the buffers of each layer that ran


class BatchNorm(Module):
    """Mean 0 and variance 1 down every channel, then a learned gain and bias (Ioffe and Szegedy 2015).

    The running averages move by `momentum` towards each batch's mean and variance (that over N - 1, unbiased), as in
    PyTorch.
    """

    def __init__(self, width: int, rng=..., eps: float = 1e-5, momentum: float = 0.1):
        self.gain, self.bias = constant(1, (width,), rng), constant(0, (width,), rng)
        self.buffers = {"mean": np.zeros(width, np.float32), "variance": np.ones(width, np.float32)}
        self.eps, self.momentum = eps, momentum

    def __call__(self, x, train: bool = False, fresh: Fresh | None = None) -> Tensor:
        """x (..., C) by the running averages, or with train=True by its own mean and variance.

        Then the averages that follow are put into `fresh`; nothing is changed here (see `named`).
        """
        if not train:
            return batch_norm(x, self.gain, self.bias, eps=self.eps, **self.buffers)
        if fresh is not None:
            fresh[self] = self._moved(x.data if isinstance(x, Tensor) else x)
        return batch_norm(x, self.gain, self.bias, eps=self.eps)

    def _moved(self, x) -> dict[str, Any]:
        xp, rows = library(x), x.real.reshape(-1, x.shape[-1])
        mean = rows.mean(0)
        seen = {"mean": mean, "variance": ((rows - mean) ** 2).sum(0) * (1 / max(1, len(rows) - 1))}
        return {name: xp.asarray(old + self.momentum * (seen[name] - old), dtype=old.dtype)
                for name, old in self.buffers.items()}


def named(model: Module, fresh: Fresh) -> dict[str, Any]:
    """What was put into `fresh`, by the dotted names of the model's buffers, as a loss returns it to the loop."""
    return {f"{path}.{key}" if path else key: value for path, module in modules_in(model) if module in fresh
            for key, value in fresh[module].items()}

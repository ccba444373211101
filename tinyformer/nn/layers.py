"""What does a layer add to a function?  Numbers of its own, and where they start.

Initial weights are normal with a small standard deviation, drawn on the host from the generator that is handed in.
Without one they are a zero stretched to the shape, which takes no memory: enough to count parameters, or to load them.
"""

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.nn.first_numbers import given
from tinyformer.nn.module import Module
from tinyformer.ops import affine, embedding, layer_norm


def normal(rng: np.random.Generator | None, shape: tuple, std: float = 0.02) -> Tensor:
    """A parameter of normal numbers with mean 0; of stretched zeros where rng is None."""
    if (rng := given(rng, shape)) is None:
        return constant(0, shape, None)
    return Tensor(rng.standard_normal(shape, dtype=np.float32) * np.float32(std))


def constant(value: float, shape: tuple, rng: np.random.Generator | None) -> Tensor:
    """A parameter that starts with one value everywhere."""
    weightless = given(rng, shape) is None
    return Tensor(np.broadcast_to(np.float32(value), shape) if weightless else np.full(shape, value, np.float32))


class Linear(Module):
    """x @ weight.T + bias, weight (out, in)."""

    def __init__(self, inputs: int, outputs: int, rng=..., bias: bool = True, std: float = 0.02):
        self.weight = normal(rng, (outputs, inputs), std)
        self.bias = constant(0, (outputs,), rng) if bias else None

    def __call__(self, x):                                     # (..., in) -> (..., out)
        return affine(x, self.weight) if self.bias is None else affine(x, self.weight, self.bias)


class Embedding(Module):
    """One row of numbers for each of `size` ids."""

    def __init__(self, size: int, width: int, rng=..., std: float = 0.02):
        self.weight = normal(rng, (size, width), std)

    def __call__(self, ids):                                   # (...) -> (..., C)
        return embedding(self.weight, ids=ids)

    def scores(self, x) -> Tensor:                             # (..., C) -> (..., size): how well each row fits
        return affine(x, self.weight)


class LayerNorm(Module):
    """Mean 0 and variance 1 over the channels of every position, then a learned gain and bias."""

    def __init__(self, width: int, rng=..., eps: float = 1e-5, bias: bool = True):
        self.gain = constant(1, (width,), rng)
        self.bias = constant(0, (width,), rng) if bias else None
        self.eps = eps

    def __call__(self, x):                                     # (..., C)
        if self.bias is None:
            return layer_norm(x, self.gain, eps=self.eps)
        return layer_norm(x, self.gain, self.bias, eps=self.eps)

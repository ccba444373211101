"""How does a position ask where scores know how far apart two stand?  T5's attention, to itself or to a source."""

import math

from tinyformer.backend import library
from tinyformer.engine import Tensor
from tinyformer.nn.cross_attention import join_heads, split_heads
from tinyformer.nn.layers import Linear
from tinyformer.nn.module import Module
from tinyformer.ops import attention, masked_softmax
from tinyformer.ops.attention import visible


class BiasedAttention(Module):
    """softmax(query keyᵀ + bias) value in `heads` heads of `size` channels, without biases in its products.

    The scores are not divided by sqrt(size): the initial weights of the query are smaller by as much instead (Raffel et
    al. 2020, section 2.1).  `ops.attention` divides them, and so the query is multiplied before.
    """

    maps = {"query.weight": 1, "project.weight": 2, "out.weight": 1}

    def __init__(self, width: int, heads: int, size: int, rng=...):
        self.heads, self.size = heads, size
        self.query = Linear(width, heads * size, rng, bias=False, std=(width * size) ** -0.5)
        self.project = Linear(width, 2 * heads * size, rng, bias=False, std=width ** -0.5)     # key and value
        self.out = Linear(heads * size, width, rng, bias=False, std=(heads * size) ** -0.5)

    def __call__(self, x, memory, bias=None, keep=None, causal: bool = False, rate: float = 0.0, rng=None) -> Tensor:
        """x (B, T, C) asks memory (B, S, C), which may be x itself; bias (H, T, S), keep (B, 1, 1, S) -> (B, T, C)."""
        return self.ask(x, *self.keys_values(memory), bias, keep, causal, rate, rng)

    def keys_values(self, memory) -> tuple[Tensor, Tensor]:
        """What each position offers to every question: key and value, (B, H, S, D) each."""
        key, value = split_heads(self.project(memory), 2, self.heads)
        return key, value

    def ask(self, x, key, value, bias=None, keep=None, causal: bool = False, rate: float = 0.0, rng=None) -> Tensor:
        """x (B, T, C) asks keys and values that are there already, (B, H, S, D) each -> (B, T, C)."""
        inputs = (self._asked(x), key, value) if bias is None else (self._asked(x), key, value, bias)
        return self.out(join_heads(attention(*inputs, keep=keep, causal=causal, rate=rate, rng=rng)))

    def weights(self, x, memory, bias=None, keep=None, causal: bool = False) -> Tensor:
        """The attention weights themselves, (B, H, T, S), to be looked at."""
        key, _ = self.keys_values(memory)
        scores = self._asked(x) @ key.swapaxes(-1, -2) * (1 / math.sqrt(self.size))
        scores = scores if bias is None else scores + bias
        return masked_softmax(scores, keep=visible(library(scores.data), keep, causal, *scores.shape[-2:]))

    def _asked(self, x) -> Tensor:
        (query,) = split_heads(self.query(x), 1, self.heads)   # (B, H, T, D)
        return query * math.sqrt(self.size)

"""How do several heads share keys, and how does a position know where it stands?  Groups of queries, and turns."""

import math

import numpy as np

from tinyformer import ops
from tinyformer.backend import library
from tinyformer.engine import Tensor
from tinyformer.nn.cross_attention import join_heads, split_heads
from tinyformer.nn.layers import Linear
from tinyformer.nn.module import Module
from tinyformer.ops import attention, masked_softmax, rotary
from tinyformer.ops.attention import visible
from tinyformer.ops.long_rows import in_blocks


class GroupedAttention(Module):
    """Self-attention of `heads` queries, of which groups of equal size share one of `key_heads` keys and values.

    So there is less to be remembered while a text is written (Ainslie et al. 2023, GQA; with one key head, Shazeer
    2019).  Queries and keys are turned by their places (`ops.rotary`), and nothing else says where a position stands.
    Positions look back only.  Each head has `size` channels.
    """

    maps = {"query.weight": 1, "project.weight": 2, "out.weight": 1}

    def __init__(self, width: int, heads: int, key_heads: int, size: int, rng=..., *, bias: bool = False,
                 base: float = 10_000.0, std: float = 0.02, out_std: float = 0.02):
        if heads % key_heads:
            raise ValueError(f"GroupedAttention: {heads} heads cannot share {key_heads} keys; heads must be a multiple "
                             "of key_heads")
        self.heads, self.key_heads, self.base = heads, key_heads, base
        self.query = Linear(width, heads * size, rng, bias, std)
        self.project = Linear(width, 2 * key_heads * size, rng, bias, std)         # key and value in one product
        self.out = Linear(heads * size, width, rng, bias=False, std=out_std)

    def __call__(self, x, places, keep=None, rate: float = 0.0, rng=None, past=None) -> Tensor:
        """x (B, T, C), places (T,) or (B, T) -> (B, T, C); keep (B, 1, 1, S) is True where there is no padding.

        With `past`, what is remembered of S - T positions before, x is the T positions that follow.
        """
        query, key, value = self._turned(x, places)
        if past is not None:
            if query.requires_grad:
                raise ValueError("GroupedAttention: past keeps numbers without a graph, so that no gradient could "
                                 "pass; use it within no_grad()")
            key, value = past.extend(key.data, value.data)                         # (B, K, S, D)
        op = ops.blockwise_attention if in_blocks(query.shape[-2], key.shape[-2]) else attention
        h = op(*self._grouped(query, key, value), keep=_over_groups(keep), causal=True, rate=rate, rng=rng)
        return self.out(join_heads(h.reshape(query.shape)))                        # (B, K, G, T, D) -> (B, T, C)

    def weights(self, x, places, keep=None) -> Tensor:
        """The attention weights themselves, (B, H, T, T), to be looked at."""
        query, key, _ = self._grouped(*self._turned(x, places))
        scores = query @ key.swapaxes(-1, -2) * (1 / math.sqrt(query.shape[-1]))   # (B, K, G, T, T)
        seen = visible(library(scores.data), _over_groups(keep), True, *scores.shape[-2:])
        return masked_softmax(scores, keep=seen).reshape(len(x), self.heads, *scores.shape[-2:])

    def _turned(self, x, places) -> tuple[Tensor, Tensor, Tensor]:
        """Query (B, H, T, D), key and value (B, K, T, D), the first two turned by their places."""
        places = places if np.ndim(places) == 1 else places[:, None]               # (B, 1, T): the same for all heads
        (query,) = split_heads(self.query(x), 1, self.heads)
        key, value = split_heads(self.project(x), 2, self.key_heads)
        return (rotary(query, places=places, base=self.base), rotary(key, places=places, base=self.base), value)

    def _grouped(self, query, key, value) -> tuple:
        """Query (B, K, G, T, D), and key and value with an axis of 1 over which the G queries of a group share them."""
        batch, heads, length, size = query.shape
        kept = (batch, self.key_heads, 1, key.shape[-2], size)
        return (query.reshape(batch, self.key_heads, heads // self.key_heads, length, size), key.reshape(kept),
                value.reshape(kept))


def _over_groups(keep):
    """A mask (B, 1, 1, S) with one axis more."""
    return None if keep is None else keep[:, None]

"""How does a position ask, and how is it answered?  Multi-head self-attention with its projections."""

import math

from tinyformer import ops
from tinyformer.backend import library
from tinyformer.engine import Tensor
from tinyformer.nn.layers import Linear
from tinyformer.nn.module import Module
from tinyformer.ops import attention, masked_softmax, self_attention
from tinyformer.ops.attention import visible
from tinyformer.ops.long_rows import in_blocks
from tinyformer.ops.self_attention import heads_of


class SelfAttention(Module):
    """Every position asks all others through `heads` heads (Vaswani et al. 2017, section 3.2.2).

    One product gives query, key and value of all heads side by side; `out` mixes what the heads bring back.  With
    `past`, what is remembered of S - T positions before (`tinyformer.generate.cache`), x is the T positions that
    follow, which see those as well; keep is then (B, 1, 1, S).
    """

    maps = {"project.weight": 3, "out.weight": 1}

    def __init__(self, width: int, heads: int, rng=..., bias: bool = True, std: float = 0.02,
                 out_std: float = 0.02):
        if width % heads:
            raise ValueError(f"SelfAttention: width {width} is not a multiple of heads {heads}; "
                             "each head needs an equal share")
        self.heads = heads
        self.project = Linear(width, 3 * width, rng, bias, std)
        self.out = Linear(width, width, rng, bias, out_std)

    def __call__(self, x, keep=None, causal: bool = False, rate: float = 0.0, rng=None, past=None):    # x (B, T, C)
        packed = self.project(x)                               # (B, T, 3C)
        if past is not None:
            seen = past.length
            query, keys, values = self._remember(packed, past)
            if seen:
                h = attention(query, keys, values, keep=keep, causal=causal)       # (B, H, T, D)
                return self.out(h.swapaxes(1, 2).reshape(x.shape))
        op = ops.blockwise_self_attention if in_blocks(x.shape[1], x.shape[1]) else self_attention
        return self.out(op(packed, heads=self.heads, keep=keep, causal=causal, rate=rate, rng=rng))

    def _remember(self, packed, past) -> tuple:
        """Add these positions' keys and values to `past`; their queries, and the keys and values of all, come back."""
        if packed.requires_grad:
            raise ValueError("SelfAttention: past keeps numbers without a graph, so that no gradient could pass; "
                             "use it within no_grad()")
        query, key, value = heads_of(packed.data, 3, self.heads)                   # (B, H, T, D) each
        return query, *past.extend(key, value)                                     # keys and values (B, H, S, D)

    def weights(self, x, keep=None, causal: bool = False) -> Tensor:
        """The attention weights themselves, (B, H, T, T), to be looked at: recomputed plainly, without gradient."""
        packed = self.project(x)                               # (B, T, 3C)
        batch, length, width = packed.shape[0], packed.shape[1], packed.shape[2] // 3
        parts = packed.reshape(batch, length, 3, self.heads, width // self.heads).transpose(2, 0, 3, 1, 4)
        scores = parts[0] @ parts[1].swapaxes(-1, -2) * (1 / math.sqrt(width // self.heads))   # (B, H, T, T)
        return masked_softmax(scores, keep=visible(library(scores.data), keep, causal, length, length))

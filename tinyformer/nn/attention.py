"""How does a position ask, and how is it answered?  Multi-head self-attention with its projections."""

import math

from tinyformer.backend import library
from tinyformer.nn.layers import Linear
from tinyformer.nn.module import Module
from tinyformer.ops import masked_softmax, self_attention
from tinyformer.ops.attention import visible


class SelfAttention(Module):
    """Every position asks all others through `heads` heads (Vaswani et al. 2017, section 3.2.2).

    One product gives query, key and value of all heads side by side; `out` mixes what the heads bring back.
    """

    def __init__(self, width: int, heads: int, rng, bias: bool = True, std: float = 0.02,
                 out_std: float = 0.02):
        if width % heads:
            raise ValueError(f"SelfAttention: width {width} is not a multiple of heads {heads}; "
                             "each head needs an equal share")
        self.heads = heads
        self.project = Linear(width, 3 * width, rng, bias, std)
        self.out = Linear(width, width, rng, bias, out_std)

    def __call__(self, x, keep=None, causal: bool = False, rate: float = 0.0, rng=None):       # x (B, T, C)
        packed = self.project(x)                               # (B, T, 3C)
        return self.out(self_attention(packed, heads=self.heads, keep=keep, causal=causal, rate=rate, rng=rng))

    def weights(self, x, keep=None, causal: bool = False):
        """The attention weights themselves, (B, H, T, T), to be looked at: recomputed plainly, without gradient."""
        packed = self.project(x)                               # (B, T, 3C)
        batch, length, width = packed.shape[0], packed.shape[1], packed.shape[2] // 3
        parts = packed.reshape(batch, length, 3, self.heads, width // self.heads).transpose(2, 0, 3, 1, 4)
        scores = parts[0] @ parts[1].swapaxes(-1, -2) * (1 / math.sqrt(width // self.heads))   # (B, H, T, T)
        return masked_softmax(scores, keep=visible(library(scores.data), keep, causal, length, length))

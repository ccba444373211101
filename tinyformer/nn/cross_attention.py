"""How does one sequence look at another?  The queries come from one, the keys and the values from the other."""

import math

from tinyformer import ops
from tinyformer.backend import library
from tinyformer.engine import Tensor
from tinyformer.nn.layers import Linear
from tinyformer.nn.module import Module
from tinyformer.ops import attention, masked_softmax
from tinyformer.ops.attention import visible
from tinyformer.ops.long_rows import in_blocks


class CrossAttention(Module):
    """Every position of a decoder asks all positions of the encoder's output (Vaswani et al. 2017, section 3.2.3).

    Nothing is hidden but padding: the whole source was there before the first word of the target.  The keys and the
    values depend on the source alone, so that a decoder that writes word by word needs them computed only once.
    """

    maps = {"query.weight": 1, "project.weight": 2, "out.weight": 1}

    def __init__(self, width: int, heads: int, rng=..., std: float = 0.02):
        if width % heads:
            raise ValueError(f"CrossAttention: width {width} is not a multiple of heads {heads}; "
                             "each head needs an equal share")
        self.heads = heads
        self.query = Linear(width, width, rng, std=std)
        self.project = Linear(width, 2 * width, rng, std=std)  # key and value in one product
        self.out = Linear(width, width, rng, std=std)

    def __call__(self, x, memory, keep=None, rate: float = 0.0, rng=None) -> Tensor:
        """x (B, T, C) asks memory (B, S, C); keep (B, 1, 1, S) is True at the source's real positions -> (B, T, C)."""
        return self.ask(x, *self.keys_values(memory), keep, rate, rng)

    def keys_values(self, memory) -> tuple[Tensor, Tensor]:
        """What the source offers to every question: key and value, (B, H, S, D) each."""
        key, value = split_heads(self.project(memory), 2, self.heads)
        return key, value

    def ask(self, x, key, value, keep=None, rate: float = 0.0, rng=None) -> Tensor:
        """x (B, T, C) asks keys and values that are there already, (B, H, S, D) each -> (B, T, C)."""
        (query,) = split_heads(self.query(x), 1, self.heads)   # (B, H, T, D)
        op = ops.blockwise_attention if in_blocks(query.shape[-2], key.shape[-2]) else attention
        return self.out(join_heads(op(query, key, value, keep=keep, rate=rate, rng=rng)))

    def weights(self, x, memory, keep=None) -> Tensor:
        """The attention weights themselves, (B, H, T, S), to be looked at: where does each target position look?"""
        (query,) = split_heads(self.query(x), 1, self.heads)
        key, _ = self.keys_values(memory)
        scores = query @ key.swapaxes(-1, -2) * (1 / math.sqrt(query.shape[-1]))       # (B, H, T, S)
        return masked_softmax(scores, keep=visible(library(scores.data), keep, False, *scores.shape[-2:]))


def split_heads(packed: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
    """(B, T, parts * C) as `parts` tensors (B, H, T, D): what one product gave for all heads, side by side."""
    batch, length, width = packed.shape
    split = packed.reshape(batch, length, parts, heads, width // (parts * heads)).transpose(2, 0, 3, 1, 4)
    return tuple(split[part] for part in range(parts))


def join_heads(x: Tensor) -> Tensor:
    """(B, H, T, D) -> (B, T, C): what each head brought back, side by side again."""
    batch, heads, length, size = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, length, heads * size)

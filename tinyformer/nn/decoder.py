"""What is one layer of a decoder that translates?  Look back, look across at the source, then think alone."""

from tinyformer.engine import Tensor
from tinyformer.nn.attention import SelfAttention
from tinyformer.nn.blocks import FeedForward
from tinyformer.nn.cross_attention import CrossAttention, join_heads, split_heads
from tinyformer.nn.layers import LayerNorm
from tinyformer.nn.module import Module
from tinyformer.ops import attention, dropout_add


class DecoderBlock(Module):
    """One layer of the decoder of Vaswani et al. 2017 (section 3.1, figure 1), post-norm as there and in BART.

    It is an encoder's layer with a third part in the middle: cross-attention to `memory`, the encoder's output.
    """

    def __init__(self, width: int, heads: int, inner: int, rng, *, rate: float = 0.1, eps: float = 1e-5,
                 approximate: str = "none", std: float = 0.02):
        self.rate = rate
        self.attend = SelfAttention(width, heads, rng, std=std, out_std=std)
        self.attend_norm = LayerNorm(width, rng, eps)
        self.cross = CrossAttention(width, heads, rng, std)
        self.cross_norm = LayerNorm(width, rng, eps)
        self.feed = FeedForward(width, inner, rng, approximate=approximate, std=std, out_std=std)
        self.feed_norm = LayerNorm(width, rng, eps)

    def __call__(self, x, memory, keep=None, rng=None) -> Tensor:
        """x (B, T, C), memory (B, S, C), keep (B, 1, 1, S) -> (B, T, C)."""
        x = self.look_back(x, rng)
        h = self.cross(x, memory, keep, self.rate, rng)
        return self.think(self.cross_norm(dropout_add(x, h, rate=self.rate, rng=rng)), rng)

    def look_back(self, x, rng=None) -> Tensor:
        """The first part: self-attention to what was written so far."""
        h = self.attend(x, causal=True, rate=self.rate, rng=rng)
        return self.attend_norm(dropout_add(x, h, rate=self.rate, rng=rng))

    def think(self, x, rng=None) -> Tensor:
        """The last part: every position on its own."""
        return self.feed_norm(dropout_add(x, self.feed(x), rate=self.rate, rng=rng))

    def step(self, x, layer) -> Tensor:
        """The same for new positions alone, x (B, t, C): `layer`, a LayerCache, holds what the others left behind."""
        query, key, value = split_heads(self.attend.project(x), 3, self.attend.heads)
        h = attention(query, *layer.extended(key, value), causal=True)         # (B, H, t, D)
        x = self.attend_norm(x + self.attend.out(join_heads(h)))
        h = self.cross.ask(x, layer.cross_key, layer.cross_value, layer.keep)
        return self.think(self.cross_norm(x + h))

"""What is one layer of a GPT of today?  Look back, then think with a gate, each behind a norm that shifts nothing."""

from tinyformer.engine import Tensor
from tinyformer.nn.gated import GatedFeedForward
from tinyformer.nn.grouped_attention import GroupedAttention
from tinyformer.nn.module import Module
from tinyformer.nn.rms_norm import RMSNorm
from tinyformer.ops import dropout_add


class RotaryBlock(Module):
    """One layer of Llama (Touvron et al. 2023, section 2.2): GPT-2's `PreNormBlock` with every part of it exchanged."""

    def __init__(self, width: int, heads: int, key_heads: int, size: int, inner: int, rng, *, rate: float = 0.0,
                 eps: float = 1e-6, bias: bool = False, base: float = 10_000.0, std: float = 0.02,
                 out_std: float = 0.02):
        self.rate = rate
        self.attend_norm = RMSNorm(width, rng, eps)
        self.attend = GroupedAttention(width, heads, key_heads, size, rng, bias=bias, base=base, std=std,
                                       out_std=out_std)
        self.feed_norm = RMSNorm(width, rng, eps)
        self.feed = GatedFeedForward(width, inner, rng, std=std, out_std=out_std)

    def __call__(self, x, places, keep=None, rng=None, past=None) -> Tensor:
        """x (B, T, C), places (T,) or (B, T), keep (B, 1, 1, S) -> (B, T, C)."""
        h = self.attend(self.attend_norm(x), places, keep, self.rate, rng, past)
        x = dropout_add(x, h, rate=self.rate, rng=rng)
        return dropout_add(x, self.feed(self.feed_norm(x)), rate=self.rate, rng=rng)

    def weights(self, x, places, keep=None) -> Tensor:
        """Where each position of x (B, T, C) looks: the attention weights (B, H, T, T)."""
        return self.attend.weights(self.attend_norm(x), places, keep)

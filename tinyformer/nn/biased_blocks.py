"""What is one layer of T5?  Look, across at the source too where it writes, and think, each behind an RMS norm."""

from tinyformer.engine import Tensor
from tinyformer.nn.biased_attention import BiasedAttention
from tinyformer.nn.gated import GatedFeedForward
from tinyformer.nn.layers import Linear
from tinyformer.nn.module import Module
from tinyformer.nn.rms_norm import RMSNorm
from tinyformer.ops import dropout_add, relu


class ReluFeedForward(Module):
    """narrow(relu(widen(x))) without biases (Vaswani et al. 2017, section 3.3; Raffel et al. 2020, section 2.1)."""

    maps = {"widen.weight": 1, "narrow.weight": 1}

    def __init__(self, width: int, inner: int, rng=...):
        self.widen = Linear(width, inner, rng, bias=False, std=width ** -0.5)
        self.narrow = Linear(inner, width, rng, bias=False, std=inner ** -0.5)

    def __call__(self, x):                                     # (..., C) -> (..., C), wide inside
        return self.narrow(relu(self.widen(x)))


class _Block(Module):
    """What a layer of T5's encoder and one of its decoder share, pre-norm; `activation` "relu" has no gate (v1.0)."""

    def __init__(self, width: int, heads: int, size: int, inner: int, rng, *, activation: str = "relu",
                 rate: float = 0.1, eps: float = 1e-6):
        self.rate = rate
        self.attend_norm = RMSNorm(width, rng, eps)
        self.attend = BiasedAttention(width, heads, size, rng)
        self.feed_norm = RMSNorm(width, rng, eps)
        self.feed = ReluFeedForward(width, inner, rng) if activation == "relu" else GatedFeedForward(
            width, inner, rng, activation, std=width ** -0.5, out_std=inner ** -0.5)

    def look(self, x, bias, keep=None, causal: bool = False, rng=None) -> Tensor:
        """The first part: self-attention."""
        h = self.attend_norm(x)
        return dropout_add(x, self.attend(h, h, bias, keep, causal, self.rate, rng), rate=self.rate, rng=rng)

    def think(self, x, rng=None) -> Tensor:
        """The last part: every position on its own."""
        return dropout_add(x, self.feed(self.feed_norm(x)), rate=self.rate, rng=rng)


class BiasedBlock(_Block):
    """One layer of T5's encoder (Raffel et al. 2020, section 2.1)."""

    def __call__(self, x, bias, keep=None, rng=None) -> Tensor:
        """x (B, T, C), bias (H, T, T), keep (B, 1, 1, T) -> (B, T, C)."""
        return self.think(self.look(x, bias, keep, False, rng), rng)


class BiasedDecoderBlock(_Block):
    """One layer of T5's decoder: between looking back and thinking it looks across, without a bias, at `memory`."""

    def __init__(self, width: int, heads: int, size: int, inner: int, rng, **options):
        super().__init__(width, heads, size, inner, rng, **options)
        self.cross_norm = RMSNorm(width, rng, options.get("eps", 1e-6))
        self.cross = BiasedAttention(width, heads, size, rng)

    def __call__(self, x, memory, bias, keep=None, rng=None) -> Tensor:
        """x (B, T, C), memory (B, S, C), bias (H, T, T), keep (B, 1, 1, S) -> (B, T, C)."""
        x = self.look(x, bias, None, True, rng)
        h = self.cross(self.cross_norm(x), memory, None, keep, False, self.rate, rng)
        return self.think(dropout_add(x, h, rate=self.rate, rng=rng), rng)

    def step(self, x, layer, bias) -> Tensor:
        """The same for new positions alone, x (B, t, C): `layer`, a LayerCache, holds what the others left behind."""
        h = self.attend_norm(x)
        key, value = layer.extended(*self.attend.keys_values(h))
        x = x + self.attend.ask(h, key, value, bias, causal=True)
        h = self.cross_norm(x)
        return self.think(x + self.cross.ask(h, layer.cross_key, layer.cross_value, keep=layer.keep))

"""What is one layer of a transformer?  Look around, then think alone, each added to what was there.

The two kinds differ in where the norm stands.  Post-norm (BERT, GPT-1) norms the sum; pre-norm (GPT-2) norms what
goes into each part and leaves the stream of sums untouched, which is why deep stacks of it train more easily.
"""

from tinyformer.engine import Tensor
from tinyformer.nn.attention import SelfAttention
from tinyformer.nn.layers import LayerNorm, Linear
from tinyformer.nn.module import Module
from tinyformer.ops import affine_gelu, dropout_add


class FeedForward(Module):
    """Each position on its own: widen, bend with GELU, narrow (Vaswani et al. 2017, section 3.3)."""

    maps = {"widen.weight": 1, "narrow.weight": 1}

    def __init__(self, width: int, inner: int, rng, bias: bool = True, approximate: str = "none", std: float = 0.02,
                 out_std: float = 0.02):
        self.widen = Linear(width, inner, rng, bias, std)
        self.narrow = Linear(inner, width, rng, bias, out_std)
        self.approximate = approximate

    def __call__(self, x):                                     # (..., C) -> (..., C), wide inside
        w = self.widen
        inputs = (x, w.weight) if w.bias is None else (x, w.weight, w.bias)
        return self.narrow(affine_gelu(*inputs, approximate=self.approximate))


class PostNormBlock(Module):
    """One layer of BERT (Devlin et al. 2019) and, with causal=True, of GPT-1 (Radford et al. 2018)."""

    def __init__(self, width: int, heads: int, inner: int, rng, *, causal: bool = False, rate: float = 0.1,
                 eps: float = 1e-12, approximate: str = "none", std: float = 0.02):
        self.causal, self.rate = causal, rate
        self.attend = SelfAttention(width, heads, rng, std=std, out_std=std)
        self.attend_norm = LayerNorm(width, rng, eps)
        self.feed = FeedForward(width, inner, rng, approximate=approximate, std=std, out_std=std)
        self.feed_norm = LayerNorm(width, rng, eps)

    def __call__(self, x, keep=None, rng=None, past=None):     # x (B, T, C); keep (B, 1, 1, T)
        h = self.attend(x, keep, self.causal, self.rate, rng, past)
        x = self.attend_norm(dropout_add(x, h, rate=self.rate, rng=rng))
        return self.feed_norm(dropout_add(x, self.feed(x), rate=self.rate, rng=rng))

    def weights(self, x, keep=None) -> Tensor:
        """Where each position of x (B, T, C) looks: the attention weights (B, H, T, T)."""
        return self.attend.weights(x, keep, self.causal)


class PreNormBlock(Module):
    """One layer of GPT-2 (Radford et al. 2019, section 2.3).

    `out_std` is the smaller start of the two products that write into the stream: with 2 L of them added up, their
    standard deviation shrinks by 1 / sqrt(2 L), so that the sum starts at the size of one.
    """

    def __init__(self, width: int, heads: int, inner: int, rng, *, causal: bool = False, rate: float = 0.1,
                 eps: float = 1e-5, approximate: str = "tanh", bias: bool = True, std: float = 0.02,
                 out_std: float = 0.02):
        self.causal, self.rate = causal, rate
        self.attend_norm = LayerNorm(width, rng, eps, bias)
        self.attend = SelfAttention(width, heads, rng, bias, std, out_std)
        self.feed_norm = LayerNorm(width, rng, eps, bias)
        self.feed = FeedForward(width, inner, rng, bias, approximate, std, out_std)

    def __call__(self, x, keep=None, rng=None, past=None):     # x (B, T, C); keep (B, 1, 1, T)
        h = self.attend(self.attend_norm(x), keep, self.causal, self.rate, rng, past)
        x = dropout_add(x, h, rate=self.rate, rng=rng)
        h = self.feed(self.feed_norm(x))
        return dropout_add(x, h, rate=self.rate, rng=rng)

    def weights(self, x, keep=None) -> Tensor:
        """Where each position of x (B, T, C) looks: the attention weights (B, H, T, T)."""
        return self.attend.weights(self.attend_norm(x), keep, self.causal)

"""What lies between GPT-2 and Llama?  The same GPT, of which one part after the other is Llama's.

With no part exchanged it is `models.GPT`, number for number, and with all of them `models.Llama` with one table of word
vectors: in each step one thing changes, and nearly as many parameters stay.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyformer.engine import Tensor, no_grad
from tinyformer.models import GPTConfig
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.models.parts.stacks import out_std
from tinyformer.nn import Embedding, LayerNorm, Module, SelfAttention
from tinyformer.nn.blocks import FeedForward
from tinyformer.nn.gated import GatedFeedForward
from tinyformer.nn.grouped_attention import GroupedAttention
from tinyformer.nn.rms_norm import RMSNorm
from tinyformer.ops import cross_entropy, dropout

NO_BIASES, NORM, TURNS, GATE, SHARED_KEYS = PARTS = ("no biases", "RMS norm", "turns", "gate", "shared keys")
EPS = 1e-6                                    # of Llama's norm
IN_A_GROUP = 2                                # queries that share keys and values


class Between(Module):
    """ids (B, T) -> logits (B, T, V), with the first of PARTS as in Llama and the others as in GPT-2."""

    def __init__(self, config: GPTConfig, parts: Sequence[str], rng: np.random.Generator | None):
        if tuple(parts) != PARTS[:len(parts)]:
            raise ValueError(f"Between: parts are {tuple(parts)}; they are exchanged in the order {', '.join(PARTS)}")
        self.config = c = config
        self.words = Embedding(c.vocabulary, c.width, rng, c.init_std)
        self.positions = None if TURNS in parts else Embedding(c.context, c.width, rng, c.init_std)
        self.layers = [Block(c, parts, rng) for _ in range(c.layers)]
        self.norm = norm(c, parts, rng)

    def __call__(self, ids, rng=None) -> Tensor:
        places = np.arange(ids.shape[1])
        x = self.words(ids) if self.positions is None else self.words(ids) + self.positions(places)
        x = dropout(x, rate=self.config.dropout, rng=rng)
        for layer in self.layers:
            x = layer(x, places, rng)
        return self.words.scores(self.norm(x))

    def loss(self, batch, counts: dict | None = None, rng=None) -> Tensor:
        """Mean loss per counted target, in nats, of a TextBatch."""
        counts = counts or batch.counts
        return cross_entropy(self(batch.ids, rng), target=batch.targets, count=counts["tokens"])

    def measure(self, batch) -> dict[str, tuple[float, int]]:
        """Sums and counts for evaluation, as `GPT.measure`."""
        with no_grad():
            return measured("lm", self(batch.ids), batch.targets)


class Block(Module):
    """One layer: `nn.PreNormBlock`, `nn.rotary_block.RotaryBlock`, or what lies between them."""

    def __init__(self, c: GPTConfig, parts: Sequence[str], rng):
        bias, last = NO_BIASES not in parts, out_std(c)
        groups = c.heads // IN_A_GROUP if SHARED_KEYS in parts else c.heads
        self.rate = c.dropout
        self.attend_norm = norm(c, parts, rng)
        self.turns, self.attend = TURNS in parts, (
            GroupedAttention(c.width, c.heads, groups, c.width // c.heads, rng, std=c.init_std, out_std=last)
            if TURNS in parts else SelfAttention(c.width, c.heads, rng, bias, c.init_std, last))
        self.feed_norm = norm(c, parts, rng)
        self.feed: Any = (GatedFeedForward(c.width, 8 * -(-c.width // 3), rng, std=c.init_std, out_std=last)
                          if GATE in parts else
                          FeedForward(c.width, c.inner, rng, bias, c.approximate, c.init_std, last))

    def __call__(self, x, places, rng=None) -> Tensor:                             # x (B, T, C), places (T,)
        h = self.attend_norm(x)
        h = self.attend(h, places, None, self.rate, rng) if self.turns else self.attend(h, None, True, self.rate, rng)
        x = x + dropout(h, rate=self.rate, rng=rng)
        return x + dropout(self.feed(self.feed_norm(x)), rate=self.rate, rng=rng)


def norm(c: GPTConfig, parts: Sequence[str], rng) -> LayerNorm | RMSNorm:
    """A norm of this model."""
    return RMSNorm(c.width, rng, EPS) if NORM in parts else LayerNorm(c.width, rng, c.eps, NO_BIASES not in parts)

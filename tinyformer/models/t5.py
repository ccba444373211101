"""How is every task a text for a text?  An encoder and a decoder that read the task in front of the text: T5.

Raffel et al. 2020, "Exploring the limits of transfer learning with a unified text-to-text transformer"; version 1.1 as
published with it later.  Beside BART it differs in

    the place         a number for each head and bucket of distances, added to the scores, the same in all layers
    the norm          x / sqrt(mean(x²)) * gain, before each part and behind the last; no products have biases
    the scores        are not divided by sqrt(D); the first weights are smaller instead
    the head          v1.0: the word vectors again, behind a factor 1 / sqrt(C); v1.1: vectors of its own
    the feed          v1.0: relu; v1.1: a gate, gelu(gate x) * widen x
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.models.config import Seq2SeqConfig
from tinyformer.models.parts.decoder_cache import DecoderCache
from tinyformer.models.parts.ids import batch_of_ids
from tinyformer.models.seq2seq import Seq2Seq
from tinyformer.nn import Embedding, Linear, Module, padding_mask
from tinyformer.nn.biased_blocks import BiasedBlock, BiasedDecoderBlock
from tinyformer.nn.relative_positions import RelativePositions
from tinyformer.nn.rms_norm import RMSNorm
from tinyformer.ops import dropout


@dataclass(frozen=True)
class T5Config(Seq2SeqConfig):
    """The numbers of a T5: `head_size` (0: width / heads), `buckets` of distances up to `farthest`, `tied` as in v1.0.

    `activation` "relu" is v1.0's, "gelu_tanh" v1.1's with a gate.  Positions are not counted, so that `context` is
    only how much is read at once.  The first weights follow from the widths, and init_std says nothing.
    """

    activation: str = "relu"
    eps: float = 1e-6
    context: int = 512
    pad_id: int = 0
    start_id: int = 0
    end_id: int = 1
    head_size: int = 0
    buckets: int = 32
    farthest: int = 128
    tied: bool = True

    activations: ClassVar[tuple[str, ...]] = ("relu", "gelu_tanh")
    whole = (*Seq2SeqConfig.whole, "head_size", "buckets", "farthest")

    def __post_init__(self):
        sound = all(isinstance(size, int) and size > 0 for size in (self.width, self.heads))   # else refused below
        if sound and self.head_size == 0:
            if self.width % self.heads:
                raise InputError(f"config: width {self.width} is not a multiple of heads {self.heads}; say the "
                                 "head_size")
            object.__setattr__(self, "head_size", self.width // self.heads)
        super().__post_init__()
        if self.buckets % 4 or self.farthest <= self.buckets // 2:
            raise InputError(f"config: buckets are {self.buckets} and farthest is {self.farthest}; buckets must be a "
                             "multiple of 4, and farthest above their half")

    def least_numbers(self) -> int:
        """How many parameters such a model has, and no fewer."""
        gate = self.activation != "relu"
        attention, feed = 4 * self.width * self.heads * self.head_size, (2 + gate) * self.width * self.inner
        layers = self.layers * (attention + feed + 2 * self.width)
        layers += self.decoder_layers * (2 * attention + feed + 3 * self.width)
        return (2 - self.tied) * self.vocabulary * self.width + layers + 2 * (self.width + self.buckets * self.heads)


class _Half(Module):
    """What encoder and decoder have in common: words go in as they are, and how far apart they stand is looked up."""

    def __init__(self, config: T5Config, words: Embedding, rng: np.random.Generator | None, writes: bool):
        self.config, self.words = config, words
        c = config
        kind: Any = BiasedDecoderBlock if writes else BiasedBlock
        self.places = RelativePositions(c.buckets, c.heads, rng, both_ways=not writes, farthest=c.farthest,
                                        std=c.width ** -0.5)
        self.layers = [kind(c.width, c.heads, c.head_size, c.inner, rng, activation=c.activation, rate=c.dropout,
                            eps=c.eps) for _ in range(c.decoder_layers if writes else c.layers)]
        self.norm = RMSNorm(c.width, rng, c.eps)

    def embed(self, ids, rng=None, first: int = 0) -> Tensor:
        """The word vectors (B, T, C) of ids, of which the first stands at position `first`."""
        ids = batch_of_ids("T5", ids, self.config.context, first)
        return dropout(self.words(ids), rate=self.config.dropout, rng=rng)

    def normed(self, x: Tensor, rng=None) -> Tensor:
        """What leaves the last layer."""
        return dropout(self.norm(x), rate=self.config.dropout, rng=rng)


class T5Encoder(_Half):
    """Reads in both directions at once: ids (B, S) -> memory (B, S, C)."""

    def __call__(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """ids, keep (B, S) -> memory (B, S, C)."""
        x = self.embed(ids, rng)
        keep, bias = padding_mask(keep, x), self.places(x.shape[1], x.shape[1])
        for layer in self.layers:
            x = layer(x, bias, keep, rng)
        return self.normed(x, rng)


class T5Decoder(_Half):
    """Writes from left to right and looks at the memory: ids (B, T), memory (B, S, C) -> hidden (B, T, C)."""

    def __call__(self, ids, memory, keep=None, rng=None) -> Tensor:
        """ids (B, T), memory (B, S, C), keep (B, S) of the source -> hidden (B, T, C)."""
        x = self.embed(ids, rng)
        keep, bias = padding_mask(keep, x), self.places(x.shape[1], x.shape[1])
        for layer in self.layers:
            x = layer(x, memory, bias, keep, rng)
        return self.normed(x, rng)

    def alignments(self, ids, memory, keep=None) -> list[Tensor]:
        """Where each target position looks in the source, (B, H, T, S) for each layer: to be drawn."""
        x, found = self.embed(ids), []
        keep, bias = padding_mask(keep, x), self.places(x.shape[1], x.shape[1])
        for layer in self.layers:
            found.append(layer.cross.weights(layer.cross_norm(layer.look(x, bias, None, True)), memory, None, keep))
            x = layer(x, memory, bias, keep)
        return found


class T5(Seq2Seq):
    """Encoder and decoder: source ids (B, S) and target ids (B, T) -> logits (B, T, V), as `Seq2Seq` says."""

    config: T5Config
    encoder: Any
    decoder: Any

    def __init__(self, config: T5Config, rng: np.random.Generator | None):
        self.config = c = config
        self.words = Embedding(c.vocabulary, c.width, rng, std=1.0)
        self.encoder = T5Encoder(c, self.words, rng, writes=False)
        self.decoder = T5Decoder(c, self.words, rng, writes=True)
        self.head = None if c.tied else Linear(c.width, c.vocabulary, rng, bias=False, std=c.width ** -0.5)

    def word_logits(self, hidden: Tensor) -> Tensor:
        """hidden (..., C) -> logits (..., V)."""
        return self.words.scores(hidden * self.config.width ** -0.5) if self.head is None else self.head(hidden)

    def step(self, decoder_ids, cache: DecoderCache) -> Tensor:
        """The logits (B, t, V) at the next t positions, whose ids (B, t) come after all that `cache` has seen."""
        with no_grad():
            before = cache.length
            x = self.decoder.embed(decoder_ids, first=before)
            bias = self.decoder.places(x.shape[1], before + x.shape[1])
            for layer, kept in zip(self.decoder.layers, cache.layers, strict=True):
                x = layer.step(x, kept, bias)
            return self.word_logits(self.decoder.normed(x))


def writer(config: Seq2SeqConfig, rng: np.random.Generator | None) -> Seq2Seq:
    """The encoder and decoder of this config: T5's or BART's."""
    return T5(config, rng) if isinstance(config, T5Config) else Seq2Seq(config, rng)

"""How does a model rewrite one text as another?  An encoder reads the whole source, a decoder writes and looks across.

BART's form (Lewis et al. 2020) of the transformer (Vaswani et al. 2017): learned positions, GELU, norm after each part,
one more norm on what enters, and one table of word vectors for the source, the target and the output.
"""

import math

import numpy as np

from tinyformer.data.masking import IGNORED
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.config import Seq2SeqConfig
from tinyformer.models.parts.decoder_cache import DecoderCache
from tinyformer.models.parts.ids import batch_of_ids
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.models.parts.stacks import post_norm
from tinyformer.nn import DecoderBlock, Embedding, LayerNorm, Module, padding_mask
from tinyformer.ops import cross_entropy, dropout, embedding


class _Half(Module):
    """What encoder and decoder have in common: how ids become the vectors that enter the first layer."""

    def __init__(self, config: Seq2SeqConfig, words: Embedding, rng: np.random.Generator | None):
        self.config, self.words = config, words
        self.positions = Embedding(config.context, config.width, rng, config.init_std)
        self.norm = LayerNorm(config.width, rng, config.eps)

    def embed(self, ids, rng=None, first: int = 0) -> Tensor:
        """Word and position added up and normed, (B, T, C); `first` is the position of the first of the ids."""
        c = self.config
        ids = batch_of_ids(type(self).__name__, ids, c.context, first)
        words = self.words(ids) * math.sqrt(c.width) if c.scale_words else self.words(ids)
        places = self.positions(np.arange(first, first + ids.shape[1]))
        return dropout(self.norm(words + places), rate=c.dropout, rng=rng)


class Encoder(_Half):
    """Reads in both directions at once: ids (B, S) -> memory (B, S, C).  With a head on top it is used like a BERT."""

    def __init__(self, config: Seq2SeqConfig, words: Embedding, rng: np.random.Generator | None):
        super().__init__(config, words, rng)
        self.layers = post_norm(config, rng, config.layers)

    def __call__(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """ids, keep (B, S) -> memory (B, S, C).  BART has no segments; a [SEP] tells two texts apart."""
        x = self.embed(ids, rng)
        keep = padding_mask(keep, x)                           # (B, 1, 1, S)
        for layer in self.layers:
            x = layer(x, keep, rng)
        return x

    def pool(self, memory: Tensor) -> Tensor:
        """One vector for the sequence, (B, C): the first position as it is, for pre-training trains no pooler here."""
        return memory[:, 0]


class Decoder(_Half):
    """Writes from left to right and looks at the memory: ids (B, T), memory (B, S, C) -> hidden (B, T, C)."""

    def __init__(self, config: Seq2SeqConfig, words: Embedding, rng: np.random.Generator | None):
        super().__init__(config, words, rng)
        c = config
        self.layers = [DecoderBlock(c.width, c.heads, c.inner, rng, rate=c.dropout, eps=c.eps,
                                    approximate=c.approximate, std=c.init_std) for _ in range(c.decoder_layers)]

    def __call__(self, ids, memory, keep=None, rng=None) -> Tensor:
        """ids (B, T), memory (B, S, C), keep (B, S) of the source -> hidden (B, T, C)."""
        x = self.embed(ids, rng)
        keep = padding_mask(keep, x)                           # (B, 1, 1, S)
        for layer in self.layers:
            x = layer(x, memory, keep, rng)
        return x

    def alignments(self, ids, memory, keep=None) -> list[Tensor]:
        """Where each target position looks in the source, (B, H, T, S) for each layer: to be drawn."""
        x, found = self.embed(ids), []
        keep = padding_mask(keep, x)
        for layer in self.layers:
            found.append(layer.cross.weights(layer.look_back(x), memory, keep))
            x = layer(x, memory, keep)
        return found


class Seq2Seq(Module):
    """Encoder and decoder: source ids (B, S) and target ids (B, T) -> logits (B, T, V).

    The decoder reads the target shifted right by one, a start token in front: row t of the logits has seen the
    whole source, the target before t, and nothing of the target from t on.
    """

    def __init__(self, config: Seq2SeqConfig, rng: np.random.Generator | None):
        self.config = config
        self.words = Embedding(config.vocabulary, config.width, rng, config.init_std)
        self.encoder = Encoder(config, self.words, rng)
        self.decoder = Decoder(config, self.words, rng)

    def __call__(self, ids, decoder_ids, keep=None, rng=None) -> Tensor:
        """ids, keep (B, S), decoder_ids (B, T) -> logits (B, T, V); keep is False at the source's padding."""
        return self.decode(decoder_ids, self.encode(ids, keep, rng), keep, rng)

    def encode(self, ids, keep=None, rng=None) -> Tensor:
        """ids, keep (B, S) -> memory (B, S, C), all that the decoder will ever know of the source."""
        return self.encoder(ids, keep=keep, rng=rng)

    def decode(self, decoder_ids, memory, keep=None, rng=None) -> Tensor:
        """decoder_ids (B, T), memory (B, S, C), keep (B, S) -> logits (B, T, V).

        Padding behind a target needs no mask: no real position looks to its right.
        """
        return self.word_logits(self.decoder(decoder_ids, memory, keep, rng))

    def word_logits(self, hidden: Tensor) -> Tensor:
        """hidden (..., C) -> logits (..., V), compared with the same word vectors that the input came from."""
        return self.words.scores(hidden)

    def loss(self, batch, counts: dict | None = None, rng=None) -> Tensor:
        """Mean loss per counted target, in nats, of a Seq2SeqBatch; `counts` are those of the whole batch."""
        counts = counts or batch.counts
        logits, targets = self._asked(batch, rng)
        return cross_entropy(logits, target=targets, count=counts["tokens"])

    def measure(self, batch) -> dict[str, tuple[float, int]]:
        """Sums and counts for evaluation: {"seq2seq loss": (sum, count), "seq2seq accuracy": (right, count)}."""
        with no_grad():
            return measured("seq2seq", *self._asked(batch))

    def _asked(self, batch, rng=None) -> tuple[Tensor, np.ndarray]:
        """The logits (M, V) of the M places where something is asked, and what is right there (M,).

        The other places, padding for the most part, are spared the widest product of the model.
        """
        hidden = self.decoder(batch.decoder_ids, self.encode(batch.ids, batch.keep, rng), batch.keep, rng)
        places = np.flatnonzero(batch.targets != IGNORED)         # (M,) of the flattened (B * T)
        rows = embedding(hidden.reshape(-1, self.config.width), ids=places)
        return self.word_logits(rows), batch.targets.reshape(-1)[places]

    # ---- writing: the encoder runs once, and each step computes the new positions alone ------------------------------

    def start(self, ids, keep=None) -> DecoderCache:
        """Read the source, ids and keep (B, S), once and for all; `step` writes from there."""
        with no_grad():
            memory = self.encode(ids, keep)
            return DecoderCache([layer.cross.keys_values(memory) for layer in self.decoder.layers],
                                padding_mask(keep, memory))

    def step(self, decoder_ids, cache: DecoderCache) -> Tensor:
        """The logits (B, t, V) at the next t positions, whose ids (B, t) come after all that `cache` has seen."""
        with no_grad():
            x = self.decoder.embed(decoder_ids, first=cache.length)
            for layer, kept in zip(self.decoder.layers, cache.layers, strict=True):
                x = layer.step(x, kept)
            return self.word_logits(x)

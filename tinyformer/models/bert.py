"""How does a model read in both directions at once?  BERT, and ALBERT as options of it.

Some words are hidden, and the model says what they were from what stands left and right of them.  (Devlin et al.,
BERT: Pre-training of Deep Bidirectional Transformers, 2019; Lan et al., ALBERT, 2020.)
"""

from collections.abc import Iterator
from functools import reduce

import numpy as np

from tinyformer.engine import Tensor, no_grad
from tinyformer.models.config import BertConfig
from tinyformer.models.parts.ids import batch_of_ids
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.models.parts.stacks import post_norm
from tinyformer.nn import Embedding, LayerNorm, Linear, Module, padding_mask
from tinyformer.nn.layers import constant
from tinyformer.ops import affine, cross_entropy, dropout, embedding, gelu, tanh


class Bert(Module):
    """The encoder: ids (B, T) -> hidden (B, T, C), and where it is `pooled`, `pool` for one vector of each sequence."""

    def __init__(self, config: BertConfig, rng: np.random.Generator | None, pooled: bool = True):
        self.config = c = config
        self.words = Embedding(c.vocabulary, c.word_width, rng, c.init_std)
        self.positions = Embedding(c.context, c.word_width, rng, c.init_std)
        self.segments = Embedding(c.segments, c.word_width, rng, c.init_std)
        self.norm = LayerNorm(c.word_width, rng, c.eps)
        self.widen = Linear(c.factor, c.width, rng, std=c.init_std) if c.factor else None
        blocks = post_norm(c, rng, 1 if c.shared else c.layers)
        self.layers = blocks * c.layers if c.shared else blocks
        self.pooler = Linear(c.width, c.width, rng, std=c.init_std) if pooled else None

    def embed(self, ids, segments=None, rng=None) -> Tensor:
        """What enters the first layer: word, position and segment added up and normed, (B, T, C)."""
        ids = batch_of_ids("Bert", ids, self.config.context)
        segments = np.zeros_like(ids) if segments is None else segments
        x = self.words(ids) + self.positions(np.arange(ids.shape[1])) + self.segments(segments)
        x = dropout(self.norm(x), rate=self.config.dropout, rng=rng)
        return self.widen(x) if self.widen else x

    def __call__(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """ids, segments, keep (B, T) -> hidden (B, T, C); keep is True at real positions, False at padding."""
        states = self.states(ids, segments, keep, rng)
        return reduce(lambda before, after: after, states)     # the last, while the others may go

    def states(self, ids, segments=None, keep=None, rng=None) -> Iterator[Tensor]:
        """What enters the first layer, and then what leaves each one: L + 1 tensors (B, T, C)."""
        x = self.embed(ids, segments, rng)
        keep = padding_mask(keep, x)                           # (B, 1, 1, T)
        yield x
        for layer in self.layers:
            x = layer(x, keep, rng)
            yield x

    def pool(self, hidden: Tensor) -> Tensor:
        """One vector for the sequence, (B, C): tanh of a product with the first position, where [CLS] stands."""
        if self.pooler is None:
            raise ValueError("Bert: this encoder has no pooler; models.encoder_of(model, rng) gives it a new one")
        return tanh(self.pooler(hidden[:, 0]))


class BertForPretraining(Module):
    """BERT with the two heads that it is pre-trained with.

    The masked-word head is tied: a hidden vector is compared with the same word vectors that the input came from.
    The pair head reads the pooled first position: is the second sentence the next one (or, in ALBERT, in order)?
    Without a pair objective there is no pooler either, since nothing would teach it.
    """

    def __init__(self, config: BertConfig, rng: np.random.Generator | None, encoder: type[Bert] = Bert):
        self.config = c = config
        self.bert = encoder(config, rng, pooled=c.pair_objective != "none")
        self.transform = Linear(c.width, c.word_width, rng, std=c.init_std)
        self.transform_norm = LayerNorm(c.word_width, rng, c.eps)
        self.word_bias = constant(0, (c.vocabulary,), rng)
        self.pair = Linear(c.width, 2, rng, std=c.init_std) if c.pair_objective != "none" else None

    def __call__(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """The hidden vectors (B, T, C) of the encoder."""
        return self.bert(ids, segments, keep, rng)

    def word_logits(self, hidden: Tensor, positions=None) -> Tensor:
        """Scores over the vocabulary, (M, V): of the given places in the flattened batch, or of all.

        Only the places that were masked are asked, which leaves out 85 % of the widest product of the model.
        """
        rows = hidden.reshape(-1, self.config.width)           # (B * T, C)
        if positions is not None:
            rows = embedding(rows, ids=positions)              # (M, C)
        rows = self.transform_norm(gelu(self.transform(rows), approximate=self.config.approximate))
        return affine(rows, self.bert.words.weight, self.word_bias)

    def pair_logits(self, hidden: Tensor) -> Tensor:
        """Scores (B, 2): 0 = the second sentence follows, 1 = it does not."""
        if self.pair is None:
            raise ValueError("BertForPretraining: it was made without a pair objective, and so without a pair head")
        return self.pair(self.bert.pool(hidden))

    def loss(self, batch, counts: dict | None = None, rng=None) -> Tensor:
        """Mean masked-word loss plus mean pair loss, in nats, of a PretrainingBatch.

        `counts` are those of the whole batch where this one is a part of it, so that the parts' losses add up.
        """
        counts = counts or batch.counts
        hidden = self(batch.ids, batch.segments, batch.keep, rng)
        words = self.word_logits(hidden, batch.positions)
        loss = cross_entropy(words, target=batch.targets, count=counts["tokens"])
        if self.pair is not None and batch.pair_labels is not None:
            loss = loss + cross_entropy(self.pair_logits(hidden), target=batch.pair_labels, count=counts["pairs"])
        return loss

    def measure(self, batch) -> dict[str, tuple[float, int]]:
        """Sums and counts for evaluation: {"mlm loss": (sum, count), "mlm accuracy": ..., "pair accuracy": ...}."""
        with no_grad():
            hidden = self(batch.ids, batch.segments, batch.keep)
            found = measured("mlm", self.word_logits(hidden, batch.positions), batch.targets)
            if self.pair is not None and batch.pair_labels is not None:
                found |= measured("pair", self.pair_logits(hidden), batch.pair_labels)
        return found

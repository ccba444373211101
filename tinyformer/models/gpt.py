"""How does a model write?  It reads what stands there so far, and says which word comes next.

GPT-2 (Radford et al. 2019, norm before each part) and GPT-1 (Radford et al. 2018, norm after).
"""

import numpy as np

from tinyformer.engine import Tensor, no_grad
from tinyformer.models.config import GPTConfig
from tinyformer.models.parts.ids import batch_of_ids
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.models.parts.stacks import post_norm, pre_norm
from tinyformer.nn import Embedding, LayerNorm, Module
from tinyformer.ops import cross_entropy, dropout


class GPT(Module):
    """A decoder: ids (B, T) -> logits (B, T, V), where row t has seen positions 0 to t and nothing after.

    The word vectors serve twice, going in and coming out (weight tying, Press and Wolf 2017).
    """

    def __init__(self, config: GPTConfig, rng: np.random.Generator | None):
        self.config = c = config
        self.words = Embedding(c.vocabulary, c.width, rng, c.init_std)
        self.positions = Embedding(c.context, c.width, rng, c.init_std)
        self.layers = pre_norm(c, rng, c.bias) if c.norm == "pre" else post_norm(c, rng, c.layers, causal=True)
        self.norm = LayerNorm(c.width, rng, c.eps, c.bias) if c.norm == "pre" else None

    def hidden(self, ids, rng=None, past=None) -> Tensor:
        """ids (B, T) -> the vectors (B, T, C) after the last layer, normed.

        With `past`, a `tinyformer.generate.Cache`, they are the next T tokens of the texts that it remembers.
        """
        ids = batch_of_ids("GPT", ids, self.config.context)
        length = ids.shape[1]
        places, keep = np.arange(length), None
        if past is not None:
            places, keep = past.places(length), past.keep(length, self.words.weight)
        x = self.words(ids) + self.positions(places)
        x = dropout(x, rate=self.config.dropout, rng=rng)
        for n, layer in enumerate(self.layers):
            x = layer(x, keep, rng, past and past.layers[n])
        return self.norm(x) if self.norm else x

    def __call__(self, ids, rng=None) -> Tensor:
        """ids (B, T) -> logits (B, T, V)."""
        return self.word_logits(self.hidden(ids, rng))

    def word_logits(self, hidden: Tensor) -> Tensor:
        """hidden (..., C) -> logits (..., V), compared with the word vectors that the input came from."""
        return self.words.scores(hidden)

    def attentions(self, ids) -> list[Tensor]:
        """Where each position of ids (B, T) looks, (B, H, T, T) for each layer: to be looked at, without a graph."""
        ids = batch_of_ids("GPT", ids, self.config.context)
        with no_grad():
            x, found = self.words(ids) + self.positions(np.arange(ids.shape[1])), []
            for layer in self.layers:
                found.append(layer.weights(x))
                x = layer(x)
        return found

    def loss(self, batch, counts: dict | None = None, rng=None) -> Tensor:
        """Mean loss per counted target, in nats, of a TextBatch; `counts` are those of the whole batch."""
        counts = counts or batch.counts
        return cross_entropy(self(batch.ids, rng), target=batch.targets, count=counts["tokens"])

    def measure(self, batch) -> dict[str, tuple[float, int]]:
        """Sums and counts for evaluation: {"lm loss": (sum, count), "lm accuracy": (right, count)}."""
        with no_grad():
            return measured("lm", self(batch.ids), batch.targets)

"""How does a model read what has no vocabulary?  Frames of sound, patches of a picture: through the very same blocks.

A word is looked up in a table, a vector is projected.  That first line is all that differs from BERT or, where no
position may see what comes later, from GPT-2; and the loss, since there is nothing to choose from: what was hidden is
guessed as numbers.  (Liu et al., Mockingjay, 2020, section 2, for sound; He et al., MAE, 2022, for pictures.)
"""

from dataclasses import dataclass, field

import numpy as np

from tinyformer.backend import to_device, to_host
from tinyformer.data.vectors import VectorBatch
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.config import BlocksConfig
from tinyformer.models.parts.stacks import post_norm, pre_norm
from tinyformer.nn import Embedding, LayerNorm, Linear, Module, padding_mask
from tinyformer.ops import dropout, embedding, mean_squared_error


@dataclass(frozen=True)
class VectorConfig(BlocksConfig):
    """`features` numbers in each vector; `causal` takes the blocks of GPT-2, otherwise they are those of BERT."""

    features: int = field(kw_only=True)
    causal: bool = False
    whole = ("features", *BlocksConfig.whole)


class VectorEncoder(Module):
    """vectors (B, T, F) -> hidden (B, T, C).  A position that shows nothing holds zeros: the bias is what enters."""

    config_class = VectorConfig

    def __init__(self, config: VectorConfig, rng: np.random.Generator | None):
        self.config = c = config
        self.project = Linear(c.features, c.width, rng, std=c.init_std)
        self.positions = Embedding(c.context, c.width, rng, c.init_std)
        self.layers = pre_norm(c, rng) if c.causal else post_norm(c, rng, c.layers)
        self.norm = LayerNorm(c.width, rng, c.eps)

    def embed(self, vectors, rng=None) -> Tensor:
        """What enters the first layer: each vector projected, with its position, (B, T, C)."""
        c, weight = self.config, self.project.weight
        length, features = vectors.shape[1:]
        if length > c.context or features != c.features:
            raise ValueError(f"VectorEncoder: vectors are {vectors.shape}; this model has room for {c.context} "
                             f"positions of {c.features} features")
        vectors = to_device(vectors, weight.device).astype(weight.data.real.dtype)
        x = self.project(vectors) + self.positions(np.arange(length))
        return dropout(x if c.causal else self.norm(x), rate=c.dropout, rng=rng)

    def __call__(self, vectors, keep=None, rng=None) -> Tensor:
        """vectors (B, T, F), keep (B, T) -> hidden (B, T, C); keep is True at real positions, False at padding."""
        x = self.embed(vectors, rng)
        keep = padding_mask(keep, x)                           # (B, 1, 1, T)
        for layer in self.layers:
            x = layer(x, keep, rng)
        return self.norm(x) if self.config.causal else x


class MaskedVectors(Module):
    """The encoder, and one linear layer that says which numbers stood at the hidden positions."""

    config_class = VectorConfig

    def __init__(self, config: VectorConfig, rng: np.random.Generator | None):
        self.config = config
        self.encoder = VectorEncoder(config, rng)
        self.out = Linear(config.width, config.features, rng, std=config.init_std)

    def __call__(self, vectors, keep=None, rng=None) -> Tensor:
        """vectors (B, T, F), keep (B, T) -> guesses (B, T, F)."""
        return self.out(self.encoder(vectors, keep, rng))

    def loss(self, batch: VectorBatch, counts: dict | None = None, rng=None) -> Tensor:
        """The mean squared error over all numbers that were hidden; `counts` are those of the whole batch."""
        counts = counts or batch.counts
        guesses, truth = self._asked(batch, rng)
        return mean_squared_error(guesses, target=truth, count=counts["numbers"])

    def measure(self, batch: VectorBatch) -> dict[str, tuple[float, int]]:
        """The squared error as sum and count."""
        with no_grad():
            guesses, truth = self._asked(batch)
        return {"vector loss": (float(((to_host(guesses.data) - truth) ** 2).sum()), truth.size)}

    def _asked(self, batch: VectorBatch, rng=None) -> tuple[Tensor, np.ndarray]:
        """The guesses (M, F) at the M hidden positions, and what stood there (M, F)."""
        places = np.flatnonzero(batch.hidden)                  # (M,) of the flattened (B * T)
        rows = self.encoder(batch.vectors, batch.keep, rng).reshape(-1, self.config.width)
        return self.out(embedding(rows, ids=places)), batch.truth.reshape(-1, self.config.features)[places]

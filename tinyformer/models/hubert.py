"""How does BERT hear?  Frames are clustered, and of hidden stretches it says which clusters stood there: HuBERT.

Sounds have no words to choose from.  So k-means makes some: rough ones from the spectrogram at first, better ones from
a layer of the model that has learned with those (Hsu et al. 2021, sections II-A and II-C).  The loss is that of the
hidden positions alone, as in their equation 1 with alpha = 1; a plain linear layer scores the clusters, where the paper
compares with a vector for each.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from tinyformer.data.frames import UnitBatch
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.models.vectors import VectorConfig, VectorEncoder
from tinyformer.nn import Linear, Module
from tinyformer.ops import cross_entropy, embedding


@dataclass(frozen=True)
class HubertConfig(VectorConfig):
    """A model over vectors that tells `clusters` apart."""

    clusters: int = field(kw_only=True)
    whole: ClassVar[tuple[str, ...]] = ("clusters", *VectorConfig.whole)


class Hubert(Module):
    """The encoder, and one linear layer that says which cluster stood at the hidden positions."""

    config_class = HubertConfig

    def __init__(self, config: HubertConfig, rng: np.random.Generator | None):
        self.config = config
        self.encoder = VectorEncoder(config, rng)
        self.out = Linear(config.width, config.clusters, rng, std=config.init_std)

    def __call__(self, vectors, keep=None, rng=None) -> Tensor:
        """vectors (B, T, F), keep (B, T) -> a score for each cluster, (B, T, K)."""
        return self.out(self.encoder(vectors, keep, rng))

    def loss(self, batch: UnitBatch, counts: dict | None = None, rng=None) -> Tensor:
        """The mean loss per hidden position, in nats; `counts` are those of the whole batch."""
        scores, target = self._asked(batch, rng)
        return cross_entropy(scores, target=target, count=(counts or batch.counts)["units"])

    def measure(self, batch: UnitBatch) -> dict[str, tuple[float, int]]:
        """Loss and accuracy as sums and counts."""
        with no_grad():
            return measured("vector", *self._asked(batch))

    def _asked(self, batch: UnitBatch, rng=None) -> tuple[Tensor, np.ndarray]:
        """The scores (M, K) at the M hidden positions, and the clusters that stood there (M,)."""
        places = np.flatnonzero(batch.hidden)                  # (M,) of the flattened (B * T)
        rows = self.encoder(batch.vectors, batch.keep, rng).reshape(-1, self.config.width)
        return self.out(embedding(rows, ids=places)), batch.targets.ravel()[places]

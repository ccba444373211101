"""What does a transformer learn of pictures as BERT does of text?  It paints hidden patches, or puts them in order.

Hidden patches are guessed from the others as numbers (He et al., MAE, 2022, here with all patches read, as in BERT);
shuffled ones are put back in their places, which is a choice among T for each (Noroozi and Favaro 2016; Zhai et al.
2022, section 3).  Both read with the very blocks of BERT.
"""

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.patches import cut
from tinyformer.data.picture_batches import ShuffledPatches
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.models.pictures import ROWS, PictureConfig
from tinyformer.models.vectors import MaskedVectors, VectorEncoder
from tinyformer.nn import Linear, Module
from tinyformer.ops import cross_entropy


class MaskedPatches(MaskedVectors):
    """Patches of a picture (B, T, P), some of them hidden -> guesses (B, T, P)."""

    config_class = PictureConfig

    def features(self, pictures) -> np.ndarray:
        """The mean over the patches, (N, C)."""
        return mean_vectors(self.encoder, pictures)


class PlacedPatches(Module):
    """Patches in any order (B, T, P) -> for each a score of each of the T places it may have stood at, (B, T, T)."""

    config_class = PictureConfig

    def __init__(self, config: PictureConfig, rng: np.random.Generator | None):
        self.config = config
        self.encoder = VectorEncoder(config, rng)
        self.out = Linear(config.width, config.context, rng, std=config.init_std)

    def __call__(self, patches, rng=None) -> Tensor:
        return self.out(self.encoder(patches, None, rng))

    def loss(self, batch: ShuffledPatches, counts: dict | None = None, rng=None) -> Tensor:
        """The cross-entropy of the places; `counts` are those of the whole batch."""
        counts = counts or batch.counts
        return cross_entropy(self(batch.patches, rng), target=batch.places, count=counts["patches"])

    def measure(self, batch: ShuffledPatches) -> dict[str, tuple[float, int]]:
        """Loss and accuracy as sums and counts."""
        with no_grad():
            return measured("place", self(batch.patches), batch.places)

    def features(self, pictures) -> np.ndarray:
        """The mean over the patches in their order, (N, C)."""
        return mean_vectors(self.encoder, pictures)


def mean_vectors(encoder: VectorEncoder, pictures) -> np.ndarray:
    """The mean over the patches of each picture, (N, S, S) -> (N, C), on the host."""
    with no_grad():
        patches = cut(pictures, round(encoder.config.features ** 0.5))
        return np.concatenate([to_host(encoder(patches[first:first + ROWS]).mean(axis=1).data)
                               for first in range(0, len(patches), ROWS)])

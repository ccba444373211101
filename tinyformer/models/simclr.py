"""How does a model learn to see from two views of everything?  It finds the other view among all that is in the batch.

SimCLR (Chen et al. 2020, section 2): two views of each picture are encoded, a head projects them, and each is to be
nearer to its partner than to any other row (`nt_xent`).  The head forgets what views change, and the vector before it
still knows: what is later read off knows best which of the two it wants (section 4.2; `reproduce pictures`).
"""

from dataclasses import dataclass

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.picture_batches import PictureBatch
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.parts.spread import spread
from tinyformer.models.pictures import Head, PictureConfig, PictureEncoder, in_pieces
from tinyformer.nn import Module
from tinyformer.nn.batch_norm import Fresh, named
from tinyformer.ops import nt_xent


@dataclass(frozen=True)
class SimCLRConfig(PictureConfig):
    """A low temperature looks at the nearest of the others, a high one at all of them."""

    temperature: float = 0.1


class SimCLR(Module):
    """pictures (B, S, S) -> projections (B, P)."""

    config_class = SimCLRConfig
    divisible = False                                          # every row is held against all others

    def __init__(self, config: SimCLRConfig, rng: np.random.Generator | None):
        self.config = c = config
        self.encoder = PictureEncoder(c, rng)
        self.project = Head(c.width, c.width, c.projected, c.norm, rng)

    def __call__(self, pictures, train: bool = False, fresh: Fresh | None = None, rng=None) -> Tensor:
        return self.project(self.encoder(pictures, train, fresh, rng), train, fresh)

    def loss(self, batch: PictureBatch, counts: dict | None = None, rng=None):
        """NT-Xent over the whole batch, and the new values of the buffers, where there are any."""
        fresh: Fresh = {}
        return nt_xent(self(batch.pixels, True, fresh, rng), temperature=self.config.temperature), named(self, fresh)

    def measure(self, batch: PictureBatch) -> dict[str, tuple[float, int]]:
        """The loss, how often the nearest row is the other view, and how far the projections spread."""
        rows = len(batch)
        with no_grad():
            z = self(batch.pixels)
            loss = nt_xent(z, temperature=self.config.temperature).item()
        vectors = to_host(z.data)
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
        nearest = np.argmax(unit @ unit.T - 4 * np.eye(rows), axis=-1)
        found = int((nearest == (np.arange(rows) + rows // 2) % rows).sum())
        return {"simclr loss": (loss * rows, rows), "simclr accuracy": (found, rows),
                "spread": (spread(vectors) * rows, rows)}

    def features(self, pictures) -> np.ndarray:
        """The vectors (N, C) before the head."""
        return self.encoder.features(pictures)

    def projections(self, pictures) -> np.ndarray:
        """The vectors (N, P) behind the head, which the loss looks at."""
        return in_pieces(self, pictures)

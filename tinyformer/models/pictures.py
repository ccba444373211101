"""How does a picture become one vector?  By two layers that see it whole, or by a transformer over its patches.

Either is the encoder of every method here; what a method adds is what it asks of that vector (simclr.py, byol.py), or
of the vectors of the patches (hidden_patches.py).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tinyformer.backend import to_device, to_host
from tinyformer.data.patches import cut
from tinyformer.data.picture_batches import PictureBatch
from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.models.vectors import VectorConfig, VectorEncoder
from tinyformer.nn import BatchNorm, LayerNorm, Linear, Module
from tinyformer.nn.batch_norm import Fresh, named
from tinyformer.ops import cross_entropy, relu

NORMS = "layer", "batch"
ROWS = 500                                    # pictures that are encoded at a time


@dataclass(frozen=True)
class PictureConfig(VectorConfig):
    """Pictures of side x side pixels; patches of patch x patch for a transformer, 0 for layers that see all at once.

    What follows from these two, the numbers in a vector and how many there are, is filled in.
    """

    features: int = field(default=0, kw_only=True)
    context: int = 0
    dropout: float = 0.0
    side: int = 12
    patch: int = 0
    norm: str = "layer"                       # behind every layer of an MLP: layer or batch
    projected: int = 64                       # numbers in the vector that the loss looks at
    whole = ("side", "projected", *VectorConfig.whole)

    def __post_init__(self):
        if self.norm not in NORMS:
            raise InputError(f"config: norm is {self.norm!r}; it must be {' or '.join(NORMS)}")
        cuts = self.patch if isinstance(self.patch, int) and self.patch > 0 else self.side
        if not isinstance(self.side, int) or self.side < 1 or self.side % cuts or self.patch not in (0, cuts):
            raise InputError(f"config: side is {self.side} and patch is {self.patch}; the side must be a whole "
                             "multiple of the patch, and patch 0 means that pictures are not cut")
        object.__setattr__(self, "features", cuts * cuts)
        object.__setattr__(self, "context", (self.side // cuts) ** 2)
        super().__post_init__()

    def least_numbers(self) -> int:
        """How many numbers the encoder has at least."""
        layers = self.layers * 2 * self.width * (2 * self.width + self.inner) if self.patch else 0
        return self.features * self.width + layers


class Layer(Module):
    """relu(norm(W x + b)), by batch norm or by layer norm."""

    def __init__(self, inputs: int, outputs: int, norm: str, rng):
        self.linear = Linear(inputs, outputs, rng, std=math.sqrt(2 / inputs))
        self.norm = BatchNorm(outputs, rng) if norm == "batch" else LayerNorm(outputs, rng)

    def __call__(self, x, train: bool = False, fresh: Fresh | None = None) -> Tensor:
        x = self.linear(x)
        return relu(self.norm(x, train, fresh) if isinstance(self.norm, BatchNorm) else self.norm(x))


class Head(Module):
    """A layer and a linear one: from the vector that is kept to the one that the loss looks at, (B, C) -> (B, P)."""

    def __init__(self, inputs: int, inner: int, outputs: int, norm: str, rng):
        self.layer = Layer(inputs, inner, norm, rng)
        self.out = Linear(inner, outputs, rng, std=math.sqrt(1 / inner))

    def __call__(self, x, train: bool = False, fresh: Fresh | None = None) -> Tensor:
        return self.out(self.layer(x, train, fresh))


class PictureEncoder(Module):
    """pictures (B, S, S) -> one vector each, (B, C)."""

    config_class = PictureConfig
    divisible = False                                          # batch norm; and so are the losses that stand on it

    def __init__(self, config: PictureConfig, rng: np.random.Generator | None):
        self.config = c = config
        if c.patch:
            self.vectors = VectorEncoder(c, rng)
        else:
            sizes = [c.features] + [c.width] * c.layers
            self.layers = [Layer(a, b, c.norm, rng) for a, b in zip(sizes, sizes[1:], strict=False)]

    def __call__(self, pictures, train: bool = False, fresh: Fresh | None = None, rng=None) -> Tensor:
        """The mean over the patches, or the last layer; with train=True batch norm looks at this batch."""
        if self.config.patch:
            return self.vectors(cut(pictures, self.config.patch), None, rng).mean(axis=1)
        weight = self.layers[0].linear.weight
        x = to_device(pictures.reshape(len(pictures), -1), weight.device).astype(weight.data.real.dtype)
        for layer in self.layers:
            x = layer(x, train, fresh)
        return x

    def features(self, pictures) -> np.ndarray:
        """The vectors (N, C) of any number of pictures, on the host."""
        return in_pieces(self, pictures)


def in_pieces(read: Callable[..., Tensor], pictures) -> np.ndarray:
    """What `read` makes of any number of pictures (N, S, S), so many at a time, on the host."""
    with no_grad():
        return np.concatenate([to_host(read(pictures[first:first + ROWS]).data)
                               for first in range(0, len(pictures), ROWS)])


class PictureClassifier(Module):
    """The encoder and a linear layer, taught the class of each picture: what other features are held against."""

    divisible = False

    def __init__(self, config: PictureConfig, classes: int, rng: np.random.Generator | None):
        self.config = config
        self.encoder = PictureEncoder(config, rng)
        self.out = Linear(config.width, classes, rng)

    def __call__(self, pictures, train: bool = False, fresh: Fresh | None = None, rng=None) -> Tensor:
        return self.out(self.encoder(pictures, train, fresh, rng))

    def loss(self, batch: PictureBatch, counts: dict | None = None, rng=None):
        """The cross-entropy of the classes, and the new values of the buffers."""
        fresh: Fresh = {}
        return cross_entropy(self(batch.pixels, True, fresh, rng), target=batch.labels), named(self, fresh)

"""How does a model learn to see without anything to tell apart?  It foresees what a slower copy of itself says.

BYOL (Grill et al. 2020, section 3): one branch encodes and projects a view, and from that a predictor guesses what the
other branch, the target, makes of the other view.  The target is a moving average of the first branch and gets no
gradient.  Nothing forbids that both say one and the same of everything, and with any of the three left out (predictor,
stopped gradient, batch norm) they come to.

    loss = mean of 2 - 2 cos(prediction of a view, target's projection of the other view)
"""

from dataclasses import dataclass

import numpy as np

from tinyformer.backend import library, to_host
from tinyformer.data.picture_batches import PictureBatch
from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.models.parts.spread import spread
from tinyformer.models.pictures import Head, PictureConfig, PictureEncoder, in_pieces
from tinyformer.nn import Module
from tinyformer.nn.batch_norm import Fresh, named
from tinyformer.ops import concatenate, normalize

TARGET = "target."                            # begins the names of the buffers that hold the target's numbers


@dataclass(frozen=True)
class BYOLConfig(PictureConfig):
    """`average` is how much of the target stays at each step; the others switch off what keeps it from collapsing."""

    norm: str = "batch"
    average: float = 0.98
    predictor: bool = True
    stop_gradient: bool = True

    def __post_init__(self):
        super().__post_init__()
        if not 0 <= self.average < 1:
            raise InputError(f"config: average is {self.average}; it must be at least 0, where the target is the "
                             "branch itself, and below 1")


class Branch(Module):
    """An encoder and a head: pictures (B, S, S) -> projections (B, P)."""

    def __init__(self, config: PictureConfig, rng: np.random.Generator | None):
        self.encoder = PictureEncoder(config, rng)
        self.project = Head(config.width, config.width, config.projected, config.norm, rng)

    def __call__(self, pictures, train: bool = False, fresh: Fresh | None = None, rng=None) -> Tensor:
        return self.project(self.encoder(pictures, train, fresh, rng), train, fresh)


class BYOL(Module):
    """The branch that learns, its predictor, and the numbers of the target as buffers: saved, but no parameters."""

    config_class = BYOLConfig
    divisible = False                                          # batch norm, and an average that is taken once a step

    def __init__(self, config: BYOLConfig, rng: np.random.Generator | None):
        self.config = c = config
        self.online = Branch(c, rng)
        self.predict = Head(c.projected, c.width, c.projected, c.norm, rng) if c.predictor else None
        self.buffers = {TARGET + name: np.array(p.data) for name, p in self.online.named_parameters().items()}

    def __call__(self, pictures, train: bool = False, fresh: Fresh | None = None, rng=None) -> Tensor:
        """The projections (B, P) of the branch that learns."""
        return self.online(pictures, train, fresh, rng)

    def loss(self, batch: PictureBatch, counts: dict | None = None, rng=None):
        """How far the predictions are off, and the new values of the buffers: batch norm's, and the target's."""
        fresh: Fresh = {}
        said = self.online(batch.pixels, True, fresh, rng)                     # (2N, P)
        target, moved = self._target()
        if self.config.stop_gradient:
            with no_grad():
                wanted = target(batch.pixels, True)
        else:
            wanted = said                                      # both branches are one, and both are pulled
        return self._apart(said, wanted, True, fresh), {**moved, **named(self, fresh)}

    def _apart(self, said, wanted, train: bool, fresh: Fresh | None) -> Tensor:
        """2 - 2 cos of each prediction and what the target made of the other view, on average."""
        guess = said if self.predict is None else self.predict(said, train, fresh)
        half = len(said) // 2
        other = concatenate(wanted[half:], wanted[:half])      # the views change places
        return (normalize(guess) * normalize(other)).sum() * (-2 / len(said)) + 2

    def _target(self) -> tuple[Branch, dict]:
        """The target, moved a little towards the branch that learns, and its numbers by the names of the buffers."""
        rate, target = self.config.average, Branch(self.config, None)
        moved = {}
        for name, p in self.online.named_parameters().items():
            old = self.buffers[TARGET + name]
            moved[TARGET + name] = library(old).asarray(rate * old + (1 - rate) * p.data.real, dtype=old.dtype)
        for name, p in target.named_parameters().items():
            p.data = moved[TARGET + name]
        return target, moved

    def measure(self, batch: PictureBatch) -> dict[str, tuple[float, int]]:
        """The loss against the target as it stands, and how far the projections spread."""
        rows = len(batch)
        with no_grad():
            said, wanted = self.online(batch.pixels, True), self._target()[0](batch.pixels, True)
            loss = self._apart(said, wanted if self.config.stop_gradient else said, True, None).item()
        return {"byol loss": (loss * rows, rows), "spread": (spread(to_host(said.data)) * rows, rows)}

    def features(self, pictures) -> np.ndarray:
        """The vectors (N, C) before the head of the branch that learns."""
        return self.online.encoder.features(pictures)

    def projections(self, pictures) -> np.ndarray:
        """The vectors (N, P) behind that head."""
        return in_pieces(self.online, pictures)

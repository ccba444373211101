"""What does a model get that reads vectors?  Rows of them, some hidden, and what stood there."""

from dataclasses import dataclass

import numpy as np

from tinyformer.data.batches import Rows


@dataclass(frozen=True, eq=False)
class VectorBatch(Rows):
    """Rows of frames or patches, F numbers each; hidden ones are zeros."""

    vectors: np.ndarray                          # (B, T, F) with zeros where they are hidden
    keep: np.ndarray                             # (B, T) bool, False at padding
    hidden: np.ndarray                           # (B, T) bool, True where the model is asked what stood there
    truth: np.ndarray                            # (B, T, F) what stood there

    @property
    def counts(self) -> dict[str, int]:
        """What the loss is divided by."""
        return {"numbers": int(self.hidden.sum()) * self.truth.shape[-1]}


def hide(truth: np.ndarray, keep: np.ndarray, rate: float, rng: np.random.Generator) -> VectorBatch:
    """Hide `rate` of the real positions, and at least one of each row, of truth (B, T, F) with keep (B, T)."""
    score = np.where(keep, rng.random(keep.shape), 2.0)        # padding comes last
    count = np.maximum(1, np.round(rate * keep.sum(-1, keepdims=True)))
    hidden = np.argsort(np.argsort(score, axis=-1), axis=-1) < count
    return VectorBatch(np.where(hidden[..., None], 0, truth), keep, hidden, truth)

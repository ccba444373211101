"""How does GPT hear?  From every frame of a sound it says which frame comes some places further on.

The next frame is nearly the last one again, so that who repeats what he hears is right without knowing anything; some
places on that no longer helps (Chung et al. 2019, "An Unsupervised Autoregressive Model for Speech Representation
Learning", section 2.1, there with an LSTM, in 2020 with a transformer).  Reading, predicting and measuring are those of
`MaskedVectors`; what differs is that no position sees what comes later, and the loss, which is the absolute error.
"""

import numpy as np

from tinyformer.backend import to_device, to_host
from tinyformer.data.vectors import VectorBatch
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.vectors import MaskedVectors, VectorConfig
from tinyformer.ops import abs


class NextVectors(MaskedVectors):
    """A causal encoder, and one linear layer that says which numbers stand further on."""

    def __init__(self, config: VectorConfig, rng: np.random.Generator | None):
        if not config.causal:
            raise ValueError("NextVectors: config.causal is False; who sees what comes later need not predict it: "
                             "take VectorConfig(causal=True)")
        super().__init__(config, rng)

    def loss(self, batch: VectorBatch, counts: dict | None = None, rng=None) -> Tensor:
        """The mean |x - truth| over all numbers asked for; `counts` are those of the whole batch."""
        guesses, truth = self._asked(batch, rng)
        there = to_device(truth, guesses.device).astype(guesses.data.real.dtype)
        return abs(guesses - there).sum() * (1 / (counts or batch.counts)["numbers"])

    def measure(self, batch: VectorBatch) -> dict[str, tuple[float, int]]:
        """The absolute error as sum and count."""
        with no_grad():
            guesses, truth = self._asked(batch)
        return {"vector loss": (float(np.abs(to_host(guesses.data) - truth).sum()), truth.size)}

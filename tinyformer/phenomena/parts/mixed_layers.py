"""What can be read off all layers at once?  Off their mixture, with shares that are learned together with the probe.

    scores = linear(sum over l of s_l x_l),   s = softmax(mix)

as in SUPERB (Yang et al. 2021, section 3.2) and, before, in ELMo.  Each layer is brought to mean 0 and variance 1 over
the examples with labels, or the largest would be heard most.
"""

from collections.abc import Sequence

import numpy as np

from tinyformer.engine import Tensor, no_grad
from tinyformer.nn import Linear, Module
from tinyformer.nn.layers import constant
from tinyformer.ops import cross_entropy, masked_softmax
from tinyformer.train import AdamW

STEPS, RATE, DECAY = 100, 0.04, 0.3


class Mixture(Module):
    """Layers (L, N, C) -> a score for each of K labels, (N, K)."""

    def __init__(self, layers: int, width: int, labels: int, rng: np.random.Generator):
        self.mix = constant(0, (1, layers), rng)
        self.linear = Linear(width, labels, rng, std=0.01)

    def __call__(self, x: np.ndarray) -> Tensor:
        shares = masked_softmax(self.mix)                      # (1, L)
        mixed = shares @ x.reshape(len(x), -1)                 # (1, N C)
        return self.linear(mixed.reshape(*x.shape[1:]))


def layer_by_layer(train: np.ndarray, labels: Sequence, test: np.ndarray, truth: Sequence,
                   rng: np.random.Generator) -> list[float]:
    """The share right from each layer alone, by the same kind of probe."""
    return [mixture(a[None], labels, b[None], truth, rng)[0] for a, b in zip(train, test, strict=True)]


def mixture(train: np.ndarray, labels: Sequence, test: np.ndarray, truth: Sequence,
            rng: np.random.Generator) -> tuple[float, list[float]]:
    """The share of test vectors (L, M, C) that get their label, and the share of each layer, from train (L, N, C)."""
    names, target = np.unique(np.asarray(labels), return_inverse=True)
    mean, scale = train.mean(1, keepdims=True), train.std(1, keepdims=True) + 1e-6
    x, more = (((each - mean) / scale).astype(np.float32) for each in (train, test))
    model = Mixture(len(x), x.shape[-1], len(names), rng)
    optimizer = AdamW(model, weight_decay=DECAY)
    for step in range(STEPS):
        loss = cross_entropy(model(x), target=target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step(RATE * (1 - step / STEPS))
    with no_grad():
        said = names[model(more).data.argmax(-1)]
        return float(np.mean(said == np.asarray(truth))), masked_softmax(model.mix).data[0].tolist()

"""How much of a class is known from one label of each, and from all?  By what stands in the data, and by who learned.

The same five ways for text, pictures and sounds.  Four of them are vectors that a linear probe reads: the input as it
is, its principal components (of text: latent semantic analysis), an encoder that has learned nothing, and one that has
learned without labels.  The fifth is the same encoder taught by the labels alone.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import Tensor, no_grad
from tinyformer.metrics.read_off import few, right
from tinyformer.nn import Linear, Module
from tinyformer.ops import cross_entropy
from tinyformer.rng import stream
from tinyformer.train import Settings, train

INPUT, COMPONENTS, RANDOM, LEARNED, TAUGHT = ("the input", "its components", "random encoder", "self-supervised",
                                              "supervised")
WAYS = (INPUT, COMPONENTS, RANDOM, LEARNED, TAUGHT)
KEPT = 40                                     # principal components
ROWS = 250                                    # that are read at a time
RATE = 3e-3                                   # of who is taught


@dataclass(frozen=True, eq=False)
class Material:
    """Examples with labels, each time (to learn from, asked about), and two encoders of one kind that read them.

    read(encoder, inputs, rng) gives what the encoder says of each example in the end, (B, C); `rng` while it is taught.
    """

    inputs: tuple[Sequence[np.ndarray], Sequence[np.ndarray]]              # arrays, one row for each example
    labels: tuple[np.ndarray, np.ndarray]
    plain: tuple[np.ndarray, np.ndarray]                                   # (N, F), (M, F): the input as one vector
    unlabelled: np.ndarray                                                 # (U, F) of what the encoder has learned from
    learned: Module
    fresh: Module
    lessons: tuple[int, int]                                               # steps and rows of who is taught
    read: Callable[[Any, Sequence[np.ndarray], np.random.Generator | None], Tensor]


def shares(material: Material, counts: Sequence[int], draws: int, seed: int, optimizer: str) -> dict[str, list[float]]:
    """For every way the share right from `counts` labels of each class, a mean of several draws, and from all."""
    labels, truth = material.labels
    drawn = [list(few(labels, each, seed, draws)) for each in counts] + [[np.arange(len(labels))]]
    found = {way: [float(np.mean([right(x[some], labels[some], more, truth) for some in places])) for places in drawn]
             for way, (x, more) in vectors(material).items()}
    return found | {TAUGHT: [taught(material, places[0], seed, optimizer) for places in drawn]}


def vectors(material: Material) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the probe reads in four ways: (N, C) and (M, C)."""
    one, other = material.plain
    down = components(material.unlabelled, KEPT)
    middle = material.unlabelled.mean(0)
    found = {INPUT: (one, other), COMPONENTS: ((one - middle) @ down, (other - middle) @ down)}
    for way, encoder in ((RANDOM, material.fresh), (LEARNED, material.learned)):
        found[way] = tuple(features(material, encoder, inputs) for inputs in material.inputs)
    return found


def features(material: Material, encoder: Module, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """What an encoder says of all inputs, so many rows at a time, on the host: (N, C)."""
    with no_grad():
        return np.concatenate([
            to_host(material.read(encoder, [each[first:first + ROWS] for each in inputs], None).data)
            for first in range(0, len(inputs[0]), ROWS)])


def components(rows: np.ndarray, count: int) -> np.ndarray:
    """The directions (F, count) in which rows (U, F) differ most: eigenvectors of their covariance."""
    centred = rows - rows.mean(0)
    return np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :count]


class Classifier(Module):
    """An encoder, and a linear layer on what it says."""

    def __init__(self, encoder: Module, width: int, classes: int, rng: np.random.Generator):
        self.encoder = encoder
        self.out = Linear(width, classes, rng)


def taught(material: Material, places: np.ndarray, seed: int, optimizer: str) -> float:
    """The share right of the fresh encoder, all of it taught by the labels at these places and by nothing else."""
    names, target = np.unique(material.labels[0], return_inverse=True)
    steps, rows = material.lessons
    width = features(material, material.fresh, [each[:1] for each in material.inputs[0]]).shape[-1]
    model = Classifier(deepcopy(material.fresh), width, len(names), stream(seed, "classes"))

    def batch(step: int) -> tuple[np.ndarray, np.random.Generator]:
        rng = stream(seed, "taught", step)
        return rng.choice(places, min(rows, len(places)), replace=False), rng

    def loss(model, batch, counts, rng) -> Tensor:
        some, rng = batch
        seen = material.read(model.encoder, [each[some] for each in material.inputs[0]], rng)
        return cross_entropy(model.out(seen), target=target[some])

    settings = Settings(steps=steps, learning_rate=RATE, schedule="cosine", warmup=min(20, steps), betas=(0.9, 0.98),
                        seed=seed, optimizer=optimizer, log_every=steps)
    train(model, batch, settings, loss=loss, progress=False)
    with no_grad():
        scores = to_host(model.out(Tensor(features(material, model.encoder, material.inputs[1]))).data)
    return float(np.mean(names[scores.argmax(-1)] == material.labels[1]))

"""What does a small model learn that hears some thousand words, by each of the methods?"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.clusters import k_means
from tinyformer.data.frames import Sounds, padded
from tinyformer.engine import no_grad
from tinyformer.models.parts.every_layer import layers_of
from tinyformer.models.vectors import VectorConfig, VectorEncoder
from tinyformer.nn.first_numbers import deviation_at
from tinyformer.pretraining.speech_methods import Clusters, Masked, Next
from tinyformer.rng import stream
from tinyformer.sound import Extractor
from tinyformer.train import Settings, train

Method = Masked | Clusters | Next
RATE, STRETCH, PLACES, CLUSTERS = 0.4, 5, 3, 50
LENGTH = 64                                   # vectors in a row, of 20 ms each
MOST = 20_000                                 # vectors of which clusters are made
BATCH, HEADS, LEARNING_RATE = 32, 4, 2e-3


@dataclass(frozen=True, eq=False)
class Heard:
    """Sounds as the vectors that enter a model, and how they became such."""

    extractor: Extractor
    vectors: list[np.ndarray]                 # (T, F) each

    @classmethod
    def of(cls, sounds: Sequence) -> "Heard":
        """Of sounds with `samples`, all at one rate."""
        extractor = Extractor(rate=sounds[0].rate).fitted([each.samples for each in sounds])
        return cls(extractor, [extractor(each.samples) for each in sounds])


def sizes(heard: Heard, layers: int, width: int) -> dict[str, Any]:
    """The sizes of a small model for these vectors."""
    return dict(features=heard.extractor.features, layers=layers, heads=HEADS, width=width, context=LENGTH, dropout=0.0,
                init_std=deviation_at(width))


def masked(heard: Heard, seed: int) -> Masked:
    """Guess the numbers that were hidden."""
    return Masked(RATE, STRETCH)


def ahead(heard: Heard, seed: int) -> Next:
    """Guess the vector three places, 60 ms, further on."""
    return Next(PLACES)


def clusters(heard: Heard, seed: int, teacher: VectorEncoder | None = None) -> Clusters:
    """Guess the cluster of what was hidden: of the spectrogram, or of the middle layer of a teacher."""
    hear = partial(_middle, teacher) if teacher else list
    rng = stream(seed, "clusters")
    every = np.concatenate(hear(heard.vectors))
    return Clusters(RATE, STRETCH, k_means(every[rng.permutation(len(every))[:MOST]], CLUSTERS, rng), hear)


def _middle(teacher: VectorEncoder, vectors: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [each[teacher.config.layers // 2 + 1] for each in layers_of(teacher, vectors)]


def listener(method: Method, heard: Heard, seed: int, steps: int, layers: int, width: int, optimizer: str) -> Any:
    """A model that has learned by this method from these sounds, in silence."""
    model = method.model(sizes(heard, layers, width), stream(seed, "weights"))
    batches = Sounds(heard.vectors, method.ask, batch_size=BATCH, length=LENGTH, seed=seed,
                     labels=method.labels(heard.vectors))
    settings = Settings(steps=steps, learning_rate=LEARNING_RATE, schedule="cosine", warmup=min(50, steps),
                        betas=(0.9, 0.98), seed=seed, optimizer=optimizer, log_every=max(1, steps // 10))
    train(model, batches, settings, progress=False)
    return model


def deaf(heard: Heard, seed: int, layers: int, width: int, causal: bool) -> VectorEncoder:
    """An encoder as it was drawn."""
    return VectorEncoder(VectorConfig(**sizes(heard, layers, width), causal=causal), stream(seed, "weights"))


def looked_at(model: Any, heard: Heard, vectors: Sequence[np.ndarray], seed: int) -> dict[str, list]:
    """Spectrograms of sounds as lists: as they are, with what was hidden from a model (None), and with its guess."""
    truth, keep = padded([each[:LENGTH] for each in vectors])
    method = masked(heard, seed)
    batch = method.ask(truth, keep, None, stream(seed, "looked at"))
    with no_grad():
        answers = to_host(model(batch.vectors, batch.keep).data)
    return {name: [[[None if value != value else round(float(value), 2) for value in frame]
                    for frame in row[real].reshape(-1, heard.extractor.bands)]
                   for row, real in zip(rows, keep, strict=True)]
            for name, rows in zip(("truth", "got", "guessed"), method.shown(batch, answers, None), strict=True)}

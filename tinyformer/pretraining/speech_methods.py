"""What is a model that hears asked?  What was hidden, as numbers or as clusters; or what comes.  A method each.

A method says which model answers, what a batch is, how good who knows nothing would be, and what a guess looks like,
from its answers and, where there are clusters, from what each of them looks like (K, F).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from tinyformer.data.clusters import nearest
from tinyformer.data.frames import further_on, hide_stretches, hide_units
from tinyformer.models.hubert import Hubert, HubertConfig
from tinyformer.models.predictive_coding import NextVectors
from tinyformer.models.vectors import MaskedVectors, VectorConfig

Vectors = Sequence[np.ndarray]
Shown = tuple[np.ndarray, np.ndarray, np.ndarray]              # (B, T, F): as it was, what the model got, its guess


@dataclass(frozen=True)
class Masked:
    """Which numbers stood there?  (Mockingjay: Liu et al. 2020)"""

    rate: float
    stretch: int

    own: ClassVar[tuple[str, ...]] = ("mask_rate", "stretch")            # options of `pretrain speech` that it reads
    unit: ClassVar[str] = "squared error"
    blind: ClassVar[str] = "guessing the mean"

    @classmethod
    def of(cls, settings, extractor) -> Self:
        """The method with the settings of a run."""
        return cls(settings.mask_rate, settings.stretch)

    def labels(self, vectors: Vectors) -> None:
        """There are none."""

    def ask(self, truth, keep, labels, rng):
        """A batch in which stretches are hidden."""
        return hide_stretches(truth, keep, self.rate, self.stretch, rng)

    def model(self, sizes: dict, rng: np.random.Generator) -> Any:
        """A BERT over vectors."""
        return MaskedVectors(VectorConfig(**sizes), rng)

    def knows_nothing(self, batches: Iterable) -> float:
        """The loss of who always guesses the mean, which is 0."""
        return float(np.mean(np.concatenate([batch.truth[batch.hidden] for batch in batches]) ** 2))

    def shown(self, batch, answers: np.ndarray, looks: np.ndarray | None) -> Shown:
        """What was hidden is a gap in what the model got, and its guess in what it makes of it."""
        return batch.truth, _with_gaps(batch), np.where(batch.hidden[..., None], answers, batch.truth)


@dataclass(frozen=True)
class Next:
    """Which vector comes `places` further on?  (APC: Chung et al. 2019)"""

    places: int

    own: ClassVar[tuple[str, ...]] = ("distance",)
    unit: ClassVar[str] = "absolute error"
    blind: ClassVar[str] = "repeating what is heard"

    @classmethod
    def of(cls, settings, extractor) -> Self:
        """The method with the settings of a run."""
        return cls(settings.distance)

    def labels(self, vectors: Vectors) -> None:
        """There are none."""

    def ask(self, truth, keep, labels, rng):
        """A batch of which nothing is hidden."""
        return further_on(truth, keep, self.places)

    def model(self, sizes: dict, rng: np.random.Generator) -> Any:
        """A GPT over vectors."""
        return NextVectors(VectorConfig(**{**sizes, "causal": True}), rng)

    def knows_nothing(self, batches: Iterable) -> float:
        """The loss of who takes the vector of now for the one to come."""
        return float(np.mean(np.concatenate([np.abs(batch.truth - batch.vectors)[batch.hidden] for batch in batches])))

    def shown(self, batch, answers: np.ndarray, looks: np.ndarray | None) -> Shown:
        """Each vector as it was foreseen some places before; the first ones nobody could foresee."""
        foreseen = np.full_like(batch.vectors, np.nan)
        foreseen[:, self.places:] = answers[:, :-self.places]
        return batch.vectors, batch.vectors, foreseen


@dataclass(frozen=True)
class Clusters:
    """Which cluster stood there?  (HuBERT: Hsu et al. 2021)

    `hear` makes of vectors (T, F) what is compared with the centres (K, C): themselves, or a layer of a teacher.
    """

    rate: float
    stretch: int
    centres: np.ndarray
    hear: Callable[[Vectors], Vectors]

    own: ClassVar[tuple[str, ...]] = ("mask_rate", "stretch", "clusters", "teacher", "teacher_layer")
    unit: ClassVar[str] = "nats per vector"
    blind: ClassVar[str] = "how often each cluster occurs"

    @classmethod
    def of(cls, settings, extractor) -> Self:
        """The method with the settings of a run, and the centres that lie beside its model."""
        return cls(settings.mask_rate, settings.stretch, np.array(extractor.centres), settings.heard)

    def labels(self, vectors: Vectors) -> list[np.ndarray]:
        """The number of the cluster of every vector, (T,) for each sound."""
        return [nearest(each, self.centres) for each in self.hear(vectors)]

    def ask(self, truth, keep, labels, rng):
        """A batch in which stretches are hidden."""
        return hide_units(truth, keep, labels, self.rate, self.stretch, rng)

    def model(self, sizes: dict, rng: np.random.Generator) -> Any:
        """A BERT over vectors, which tells the clusters."""
        return Hubert(HubertConfig(**sizes, clusters=len(self.centres)), rng)

    def knows_nothing(self, batches: Iterable) -> float:
        """The entropy of how often each cluster is asked for."""
        counts = np.bincount(np.concatenate([batch.targets[batch.hidden] for batch in batches]))
        shares = counts[counts > 0] / counts.sum()
        return float(-(shares * np.log(shares)).sum())

    def shown(self, batch, answers: np.ndarray, looks: np.ndarray | None) -> Shown:
        """A guess is the mean of the likeliest cluster, looks (K, F)."""
        assert looks is not None, "clusters have labels"
        guesses = looks[answers.argmax(-1)]
        return batch.truth, _with_gaps(batch), np.where(batch.hidden[..., None], guesses, batch.truth)


METHODS = {"masked": Masked, "clusters": Clusters, "next": Next}


def _with_gaps(batch) -> np.ndarray:
    """The vectors (B, T, F), NaN where they were hidden."""
    return np.where(batch.hidden[..., None], np.nan, batch.truth)


def mean_of_clusters(vectors: Vectors, labels: Sequence[np.ndarray], count: int) -> np.ndarray:
    """What each cluster looks like: the mean of its vectors, (K, F)."""
    x, ids = np.concatenate(vectors), np.concatenate(labels)
    sums = np.zeros((count, x.shape[1]))
    np.add.at(sums, ids, x)
    return sums / np.maximum(1, np.bincount(ids, minlength=count))[:, None]

"""How does a model learn to hear, without being told what is said?  From sounds alone, by one of three methods.

`masked` and `clusters` are speech BERTs, `next` is a speech GPT: see speech_methods.py.  The second round of HuBERT is
`--method clusters --teacher DIR`, with the folder of the first one.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.clusters import k_means
from tinyformer.data.frames import Sounds
from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.models.parts.every_layer import layers_of
from tinyformer.models.parts.size import that_fits
from tinyformer.models.vectors import VectorConfig, VectorEncoder
from tinyformer.options import option
from tinyformer.pretraining.objective import Objective
from tinyformer.pretraining.speech_methods import METHODS, Clusters, Masked, Next, mean_of_clusters
from tinyformer.rng import stream
from tinyformer.sound import Extractor, Voices, read_folder, resampled
from tinyformer.train import load_model
from tinyformer.train.circumstances import LEARNED_FROM

VOICES = "voices"
MOST = 20_000                                 # vectors of which clusters are made
SHOWN = 3                                     # sounds in the picture
PICTURE = "speech.png"


@dataclass(frozen=True)
class Speech(Objective):
    """What was hidden in a sound, or what comes?"""

    model: str = "speech"
    corpus: str | None = option(None, "sounds to learn from: a folder of WAV files, or voices, which are made here")
    held_out: str | None = option(None, "a folder of WAV files to evaluate on, instead of a part of the corpus")
    method: str | None = option(None, "what is asked: the numbers that were hidden (masked), their clusters "
                                "(clusters), or what comes (next)", tuple(METHODS))
    mask_rate: float | None = option(None, "masked, clusters: share of the vectors that is hidden", above=0, most=0.9)
    stretch: int | None = option(None, "masked, clusters: vectors that are hidden in one go", least=1)
    distance: int | None = option(None, "next: how many vectors further on the one stands that is asked for", least=1)
    clusters: int | None = option(None, "clusters: how many there are", least=2)
    teacher: str | None = option(None, "clusters: the folder of a model whose hidden vectors are clustered, instead of "
                                 "the spectrogram: the second round of HuBERT")
    teacher_layer: int | None = option(None, "clusters: which of its layers (default: the middle one)", least=0)
    rate: int | None = option(None, "samples a second, to which every sound is brought", least=1000)
    bands: int | None = option(None, "bands of the spectrogram", least=2)
    stacked: int | None = option(None, "frames, 10 ms each, side by side in a vector", least=1)
    utterances: int = option(2000, "how many the voices say", least=2)
    voices_seed: int = option(0, "which voices they are", least=0)

    does = "hears"
    reads, unit, figure = "sound", "vectors", "vector"
    config_class = VectorConfig
    switch = "method"
    defaults = dict(Objective.defaults, method="masked", layers=3, heads=4, width=64, max_length=100, rate=8000,
                    bands=40, stacked=2, learning_rate=2e-3, schedule="cosine", beta2=0.98)
    of_methods = dict(mask_rate=0.4, stretch=5, distance=3, clusters=50)
    computed = {**Objective.computed, **{name: f"{value:g}" for name, value in of_methods.items()}}

    def __post_init__(self):
        super().__post_init__()
        if self.preset is not None:
            raise InputError(f"--preset is {self.preset}, a size of models that read words; give --layers and --width")
        for name in dict.fromkeys(name for method in METHODS.values() for name in method.own):
            owners = [each for each, method in METHODS.items() if name in method.own]
            if getattr(self, name) is not None and self.method not in owners:
                raise InputError(f"--{name.replace('_', '-')} is a setting of --method {' and '.join(owners)}, and "
                                 f"this is {self.method}; leave it out")
        if self.teacher_layer is not None and self.teacher is None:
            raise InputError(f"--teacher-layer is {self.teacher_layer}, and there is no --teacher; name its folder")
        if self.distance is not None and self.max_length is not None and self.distance >= self.max_length:
            raise InputError(f"--distance is {self.distance}, and a row has {self.max_length} vectors (--max-length); "
                             "what is asked for must stand in it")

    @classmethod
    def from_preset(cls, name: str) -> dict[str, Any]:
        """There are none: InputError says it, when the settings are made."""
        return {}

    @classmethod
    def passed_over(cls, saved, switched):
        """What other methods read."""
        own = METHODS[switched].own if switched in METHODS else ()
        return {name for method in METHODS.values() for name in method.own} - {*own}

    @classmethod
    def settled(cls, settings: dict, asked: dict) -> dict:
        """Also what the method reads, and no other."""
        own = METHODS[settings["method"]].own if settings["method"] in METHODS else ()
        return {**super().settled(settings, asked),
                **{name: value for name, value in cls.of_methods.items() if name in own and name not in asked}}

    # ---- the stages --------------------------------------------------------------------------------------------------

    def read(self) -> tuple[Sequence, Sequence]:
        """The sounds; of a folder a part is held out that is drawn, since names stand in an order."""
        if self.corpus is None:
            raise InputError("no sound was named; give --corpus DIR, a folder of WAV files, or --corpus voices, which "
                             "are made here")
        if self.corpus == VOICES:
            sounds: list = list(Voices(self.voices_seed).utterances(self.utterances))
            sounds = sounds if self.rate == sounds[0].rate else [
                replace(each, samples=resampled(each.samples, each.rate, self.rate)) for each in sounds]
        else:
            sounds = read_folder(self.corpus, self.rate)
        if self.held_out is not None:
            return sounds, read_folder(self.held_out, self.rate)
        order = stream(self.seed, "held out").permutation(len(sounds))
        first = round(self.validation * len(sounds))
        if first == len(sounds):
            raise InputError(f"{self.corpus}: --validation {self.validation:g} leaves none of {len(sounds)} sounds to "
                             "learn from; give more sounds, or less of them to be held out")
        return [sounds[n] for n in sorted(order[first:])], [sounds[n] for n in sorted(order[:first])]

    def make_tokenizer(self, training: Iterable, held_out: Iterable) -> Extractor:
        """What turns sounds into vectors, and where there are clusters, their centres."""
        sounds = [each.samples for each in training]
        if self.teacher is None:
            ear = Extractor(rate=self.rate, bands=self.bands, window=self.rate // 40, hop=self.rate // 100,
                            size=2 ** math.ceil(math.log2(self.rate / 40) + 1), stacked=self.stacked).fitted(sounds)
        else:
            ear = self._taught_by()[1]
        if self.clusters is None:
            return ear
        vectors = np.concatenate(self.heard([ear(each) for each in sounds]))
        rng = stream(self.seed, "clusters")
        drawn = vectors if len(vectors) <= MOST else vectors[np.sort(rng.permutation(len(vectors))[:MOST])]
        centres = k_means(drawn, self.clusters, rng)
        return replace(ear, centres=tuple(tuple(map(float, each)) for each in centres))

    def heard(self, vectors: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        """What is clustered of the vectors (T, F) of each sound: themselves, or a layer of the teacher."""
        if self.teacher is None:
            return vectors
        encoder, _ = self._taught_by()
        layer = encoder.config.layers // 2 + 1 if self.teacher_layer is None else self.teacher_layer
        return [each[layer] for each in layers_of(encoder, vectors)]

    def make_batches(self, examples: Sequence, tokenizer: Extractor) -> Sounds:
        """Stretches of these sounds."""
        method, vectors = self.asks(tokenizer), [tokenizer(each.samples) for each in examples]
        return Sounds(vectors, method.ask, batch_size=self.batch_size, length=self.max_length, seed=self.seed,
                      labels=method.labels(vectors))

    def make_model(self, tokenizer: Extractor) -> Any:
        """A BERT or a GPT over vectors."""
        sizes = vars(self.sized(features=tokenizer.features))
        that_fits(VectorConfig(**sizes))
        return self.asks(tokenizer).model(sizes, stream(self.seed, "weights"))

    def asks(self, extractor: Extractor) -> Masked | Clusters | Next:
        """The method, with its settings."""
        return METHODS[self.method].of(self, extractor)

    def _taught_by(self) -> tuple[Any, Extractor]:
        """The encoder of the teacher, and what turns sounds into its vectors."""
        model, ear = load_model(self.teacher)
        encoder = getattr(model, "encoder", model)
        if not isinstance(encoder, VectorEncoder) or not isinstance(ear, Extractor):
            raise InputError(f"--teacher is {self.teacher}, which holds a {type(model).__name__}; it must be the "
                             "folder of a model that `pretrain speech` made")
        for name in ("rate", "bands", "stacked"):
            if getattr(ear, name) != getattr(self, name):
                raise InputError(f"--{name} is {getattr(self, name)}, and the teacher in {self.teacher} has "
                                 f"{getattr(ear, name)}; give it the same")
        if self.teacher_layer is not None and self.teacher_layer > encoder.config.layers:
            raise InputError(f"--teacher-layer is {self.teacher_layer}, and the teacher in {self.teacher} has "
                             f"{encoder.config.layers} layers; 0 is what enters the first of them")
        return encoder, ear

    def sources(self, training: Sequence, held_out: Sequence) -> dict[str, str]:
        """The hashes of the samples."""
        return {LEARNED_FROM: hashed(training), "held-out examples": hashed(held_out)}

    # ---- the result --------------------------------------------------------------------------------------------------

    def facts(self, training: Sequence) -> dict[str, int]:
        """Sounds and seconds."""
        return {"sounds": len(training), "seconds of sound": round(sum(len(each.samples) for each in training)
                                                                   / self.rate)}

    def measure(self, prepared, pairs: int) -> dict[str, float]:
        """The loss, where there are clusters the accuracy, and the loss of who knows nothing."""
        found = super().measure(prepared, pairs)
        return {**found, "blind loss": self.asks(prepared.tokenizer).knows_nothing(prepared.held_out_batches())}

    def said(self, found: dict[str, float]) -> list[str]:
        """The figures; after the loss that of who knows nothing."""
        loss, *more = (f"{name} {value:.4f}" for name, value in found.items() if name != "blind loss")
        return [f"{loss} ({METHODS[self.method].blind}: {found['blind loss']:.4f})", *more]

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """The curve of the loss, in the unit of the method."""
        method = METHODS[self.method]
        return {"title": f"speech, {self.method}: the loss", "unit": method.unit,
                "blind": (method.blind, found["blind loss"]) if found else None}

    def leave(self, prepared, out: Path) -> None:
        """speech.png: some sounds, what of them the model got to hear, and what it guessed."""
        from tinyformer import plot
        shown = prepared.held_out or prepared.batches
        batch = next(iter(shown.in_order(SHOWN)))
        plot.heard(*pictured(self.asks(prepared.tokenizer), prepared, batch), out / PICTURE,
                   seconds=prepared.tokenizer.seconds / prepared.tokenizer.stacked,
                   title=f"speech, {self.method}: what was there, what the model got, and what it guessed")


def pictured(method, prepared, batch) -> list[list[np.ndarray]]:
    """Spectrograms (T', bands) of the sounds of a batch: as they are, as the model got them, and as it guessed them.

    NaN stands where there was nothing to be heard or guessed.
    """
    with no_grad():
        answers = to_host(prepared.model(batch.vectors, batch.keep).data)
    learned = prepared.batches
    looks = None if learned.labels is None else mean_of_clusters(learned.vectors, learned.labels, answers.shape[-1])
    return [[row[real].reshape(-1, prepared.tokenizer.bands) for row, real in zip(rows, batch.keep, strict=True)]
            for rows in method.shown(batch, answers, looks)]


def hashed(sounds: Sequence) -> str:
    """The SHA-256 of all samples, in their order."""
    found = hashlib.sha256()
    for each in sounds:
        found.update(np.ascontiguousarray(each.samples, "<f4").tobytes())
    return found.hexdigest()

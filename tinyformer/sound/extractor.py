"""What enters a model that hears?  Frames of a log-mel spectrogram, some side by side, all bands on one scale.

It is to sound what a tokenizer is to text: it lies beside the model, as preprocessor_config.json, with the keys of the
usual libraries where they have one.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from tinyformer.errors import CheckpointError
from tinyformer.json_text import NotJSON, parse_json
from tinyformer.sound.spectrogram import log_mel

FILE = "preprocessor_config.json"
# their keys -> our names
KEYS = {"sampling_rate": "rate", "feature_size": "bands", "win_length": "window", "hop_length": "hop",
        "n_fft": "size", "stacked": "stacked", "mean": "mean", "std": "std", "centres": "centres"}


@dataclass(frozen=True)
class Extractor:
    """samples (N,) -> vectors (T, F), F = stacked * bands, each band less its mean and divided by its deviation.

    With mean () nothing is known yet of what is usual: see `fitted`.  `centres` (K, C) are those of clusters, where a
    model was taught with them, of vectors or of what another model made of these.
    """

    rate: int = 8000                          # samples a second
    bands: int = 40
    window: int = 200                         # samples in a frame, 25 ms at this rate
    hop: int = 80                             # from frame to frame, 10 ms
    size: int = 512                           # of the transform
    stacked: int = 2                          # frames side by side in a vector
    mean: tuple[float, ...] = ()              # of each band, over the sounds that were learned from
    std: tuple[float, ...] = ()
    centres: tuple[tuple[float, ...], ...] = ()

    def __str__(self) -> str:
        return f"{self.bands} bands, {self.stacked} frames in a vector, one each {1000 * self.seconds:g} ms"

    @property
    def features(self) -> int:
        """F, the numbers in a vector."""
        return self.stacked * self.bands

    @property
    def seconds(self) -> float:
        """From one vector to the next."""
        return self.stacked * self.hop / self.rate

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """samples (N,) at our rate -> vectors (T, F), float32; frames at the end that fill no vector are left out."""
        return self.vectors(self.spectrogram(samples))

    def spectrogram(self, samples: np.ndarray) -> np.ndarray:
        """samples (N,) -> log-mel (T', bands), as they are, with T' a multiple of `stacked`."""
        least = self.window + (self.stacked - 1) * self.hop
        padded = np.pad(samples, (0, max(0, least - len(samples))))
        found = log_mel(padded, self.rate, self.bands, self.window, self.hop, self.size)
        return found[:len(found) - len(found) % self.stacked]

    def vectors(self, spectrogram: np.ndarray) -> np.ndarray:
        """log-mel (T', bands) -> (T, F)."""
        scaled = (spectrogram - np.array(self.mean or 0)) / np.array(self.std or 1)
        return scaled.reshape(-1, self.features).astype(np.float32)

    def fitted(self, sounds: Iterable[np.ndarray]) -> Self:
        """One that knows mean and deviation of each band over these sounds."""
        every = np.concatenate([self.spectrogram(each) for each in sounds])
        return replace(self, mean=tuple(map(float, every.mean(0))), std=tuple(map(float, every.std(0) + 1e-3)))

    def save(self, folder: str | Path) -> None:
        """Write preprocessor_config.json."""
        said = {"feature_extractor_type": "LogMel", **{theirs: getattr(self, ours) for theirs, ours in KEYS.items()}}
        (Path(folder) / FILE).write_text(json.dumps(said) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The one in a folder; CheckpointError where the file is missing or does not say what it must."""
        path = Path(folder) / FILE
        try:
            said = parse_json(path.read_bytes())
            values = {ours: said[theirs] for theirs, ours in KEYS.items()}
            for name in ("mean", "std"):
                values[name] = tuple(map(float, values[name]))
            values["centres"] = tuple(tuple(map(float, centre)) for centre in values["centres"])
            found = cls(**values)
        except (OSError, NotJSON, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path}: it must name {', '.join(KEYS)} ({type(error).__name__}: {error}); get the "
                                  "folder again") from None
        wrong = [name for name in ("rate", "bands", "window", "hop", "size", "stacked")
                 if type(getattr(found, name)) is not int or getattr(found, name) < 1]
        wrong += [name for name in ("mean", "std") if len(getattr(found, name)) not in (0, found.bands)]
        wrong += ["centres"] * (len({len(centre) for centre in found.centres}) > 1)
        if wrong:
            raise CheckpointError(f"{path}: {', '.join(wrong)} cannot be meant; sizes are whole numbers of at least 1, "
                                  "mean and std have a number for each band; get the folder again")
        return found

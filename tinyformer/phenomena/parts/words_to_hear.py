"""Which word is this?  Told by a speech GPT that has listened to others, without labels, or by the spectrogram."""

from collections.abc import Sequence

import numpy as np

from tinyformer.data.frames import padded
from tinyformer.engine import Tensor
from tinyformer.models import VectorEncoder
from tinyformer.phenomena.kit import Sizes
from tinyformer.phenomena.parts import small_listeners
from tinyformer.phenomena.parts.few_to_all import Material
from tinyformer.phenomena.parts.small_listeners import LENGTH, Heard
from tinyformer.sound import Voices

OPTIMIZER = "adamw"


def words(sizes: Sizes, seed: int) -> Material:
    """An encoder that foresees what will be heard, and words that it has not heard said."""
    said = list(Voices(seed).utterances(sizes.heard + sizes.asked))
    heard, asked = Heard.of(said[:sizes.heard]), said[sizes.heard:]
    rows, keep = padded([heard.extractor(each.samples)[:LENGTH] for each in asked])
    labels, half = np.array([each.word for each in asked]), len(asked) // 2
    shape = dict(layers=sizes.layers, width=sizes.width)
    fresh = small_listeners.deaf(heard, seed, causal=True, **shape)
    model = small_listeners.listener(small_listeners.ahead(heard, seed), heard, seed, steps=sizes.steps_of_speech,
                                     optimizer=OPTIMIZER, **shape)
    plain = over_time(rows, keep)
    return Material(((rows[:half], keep[:half]), (rows[half:], keep[half:])), (labels[:half], labels[half:]),
                    (plain[:half], plain[half:]), np.stack([each.mean(0) for each in heard.vectors]), model.encoder,
                    fresh, sizes.lessons_of_speech, heard_out)


def heard_out(encoder: VectorEncoder, inputs: Sequence[np.ndarray], rng) -> Tensor:
    """The mean over the sound of what the last layer says, (B, C), of vectors (B, T, F) and keep (B, T)."""
    vectors, keep = inputs
    return over_time(encoder(vectors, keep), keep)


def over_time(x, keep: np.ndarray):
    """The mean of x (B, T, C) over what is real, (B, C)."""
    shares = keep / keep.sum(-1, keepdims=True)
    return (x * shares[..., None].astype(np.float32)).sum(axis=1)

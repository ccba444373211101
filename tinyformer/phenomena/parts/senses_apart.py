"""How far apart are the senses of a word?  The vectors of one spelling where it means this or that, by layer."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import no_grad
from tinyformer.models import Bert
from tinyformer.phenomena.parts.ambiguous_words import Use
from tinyformer.text import Tokenizer


def vectors_of(encoder: Bert, tokenizer: Tokenizer, uses: Sequence[Use]) -> np.ndarray:
    """The vectors (N, L + 1, C) of a word where it is used, of its first piece where it has several.

    Layer 0 is what enters the first layer: the word and its place.
    """
    ids = np.array([[tokenizer.cls_id, *use.ids, tokenizer.sep_id] for use in uses])       # (N, T)
    rows, places = np.arange(len(uses)), [1 + use.place for use in uses]
    with no_grad():
        return np.stack([to_host(state.data)[rows, places] for state in encoder.states(ids)], 1)


def centred(vectors: np.ndarray) -> np.ndarray:
    """The vectors (N, C) of one spelling without their mean, which is what the spelling itself gives to all of them."""
    return vectors - vectors.mean(0)


def cosines(vectors: np.ndarray) -> np.ndarray:
    """The cosine of each two of the vectors (N, C), (N, N); a vector of zeros is like no other, 0."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit = vectors / np.where(lengths > 1e-6, lengths, np.inf)
    return unit @ unit.T


def apart(vectors: np.ndarray, groups: Sequence) -> float:
    """How much more alike vectors (N, C) of one group are than those of two: the mean cosine within less that across.

    0: the groups cannot be told; centred vectors reach 2, where each group has one vector and the two are opposite.
    """
    found, groups = cosines(vectors), np.asarray(groups)
    same = groups[:, None] == groups
    within = same & ~np.eye(len(groups), dtype=bool)
    return float(found[within].mean() - found[~same].mean())


def by_layer(vectors: Callable[[Sequence[Use]], np.ndarray],
             draws: Sequence[Mapping[str, Sequence[Use]]]) -> dict[str, dict[str, list[float]]]:
    """How far apart the senses of each word are in every layer: {"centred": {word: [...]}, "uncentred": ...}.

    vectors(uses) are those of a word where it is used, (N, L + 1, C), as `vectors_of` finds them.  Each of the `draws`
    has the same words in other places of their texts; what is told is the mean over them.
    """
    found: dict[str, dict[str, list[float]]] = {"centred": {}, "uncentred": {}}
    for word in draws[0]:
        looks = [(vectors(draw[word]).swapaxes(0, 1), [use.sense for use in draw[word]]) for draw in draws]
        for way, change in (("centred", centred), ("uncentred", np.asarray)):
            found[way][word] = np.mean([[apart(change(layer), senses) for layer in layers]         # (L + 1, N, C)
                                        for layers, senses in looks], 0).tolist()
    return found

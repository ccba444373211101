"""Which words lie nearest to a word, and what is to one word as another is to a third?

Nearness is the cosine.  "paris is to france as rome is to ..." is asked as paris - france + rome turned round: the word
whose vector lies nearest to france - paris + rome, the three aside (Mikolov et al. 2013a, section 4).
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.word_vectors import read_vectors
from tinyformer.errors import InputError
from tinyformer.options import suggestion


class Neighbours:
    """Words with their vectors (V, C), each made as long as 1; a vector of zeros stays one."""

    def __init__(self, words: Sequence[str], vectors: np.ndarray):
        length = np.linalg.norm(vectors, axis=-1, keepdims=True)
        self.words, self.unit = list(words), vectors / np.where(length > 0, length, 1)
        self.places = {word: place for place, word in enumerate(self.words)}

    def vector(self, word: str) -> np.ndarray:
        """The vector of a word, (C,); InputError for one that has none."""
        if word not in self.places:
            raise InputError(f"{word!r} has no vector{suggestion(word, self.words)}; {len(self.words):,} words have "
                             "one")
        return self.unit[self.places[word]]

    def nearest(self, word: str, top: int = 10) -> list[tuple[str, float]]:
        """The `top` nearest words with their cosines."""
        return self.near_to(self.vector(word), top, {word})

    def analogy(self, a: str, b: str, c: str, top: int = 10) -> list[tuple[str, float]]:
        """What is to c as b is to a: the words nearest to b - a + c, none of the three among them."""
        return self.near_to(self.vector(b) - self.vector(a) + self.vector(c), top, {a, b, c})

    def near_to(self, vector: np.ndarray, top: int, but: Collection[str] = ()) -> list[tuple[str, float]]:
        """The words nearest to a vector (C,), those in `but` left out."""
        cosines = self.unit @ (vector / max(float(np.linalg.norm(vector)), 1e-12))
        found = (int(place) for place in np.argsort(-cosines, kind="stable"))
        best = [(self.words[place], float(cosines[place])) for place in found if self.words[place] not in but]
        return best[:top]


def open_neighbours(path: str) -> Neighbours:
    """The words of a file in the word2vec text format, or of the model in a folder: those of its table of words."""
    from tinyformer.models import encoder_of
    from tinyformer.tasks.folders import open_folder
    if Path(path).is_file():
        return Neighbours(*read_vectors(path))
    model, tokenizer = open_folder(path)
    reader = encoder_of(model)
    vectors = to_host(reader.words.weight.data)
    chosen = [id for id in range(len(tokenizer)) if id not in tokenizer.special_ids]
    return Neighbours([tokenizer.tokens[id] for id in chosen], vectors[chosen])

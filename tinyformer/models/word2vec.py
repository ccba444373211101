"""How does a word get a vector?  By guessing it from the words around it, together or one by one: CBOW, skip-gram.

A score is the product of two vectors of two tables: one of words that are looked at, one of words that are guessed.
To tell the right word from a few that were drawn is cheaper than to choose among all (negative sampling).

    CBOW       log sigmoid(u_w · m) + sum over K draws of log sigmoid(-u_draw · m), m the mean of the v of near words
    skip-gram  log sigmoid(u_w · v_near) + the same sum with v_near, for each near word

(Mikolov et al. 2013a, sections 3.1 and 3.2; 2013b, section 2.2, equation 4.)  Which words are near is all that a word
has of its place: there is no order, and of a spelling with two senses there is one vector.  In the published C code the
gradient of CBOW's mean goes to each near word whole; here, as calculus and gensim have it, each gets its share.  As in
that code each near word looks and the word between them is guessed, and all of them are held against the same draws,
which makes it a product of matrices (Ji et al. 2016, section 3.1).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyformer.backend import to_device
from tinyformer.data.word_windows import WordBatch
from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.models.config import Config
from tinyformer.models.parts.reader import Reader
from tinyformer.nn import Embedding
from tinyformer.nn.first_numbers import given
from tinyformer.nn.layers import constant
from tinyformer.ops import binary_cross_entropy_with_logits, dropout, embedding

COUNTED = {"cbow": "centres", "skip-gram": "pairs"}             # kind -> what a guess is made for


@dataclass(frozen=True)
class WordVectorsConfig(Config):
    """V words of C numbers; heads, inner width and activation, which word vectors have not, say nothing."""

    layers: int = 1
    heads: int = 1
    dropout: float = 0.0
    kind: str = "cbow"
    whole: ClassVar[tuple[str, ...]] = ("vocabulary", "width", "context")

    def __post_init__(self):
        super().__post_init__()
        if self.kind not in COUNTED:
            raise InputError(f"config: kind is {self.kind!r}; it must be cbow or skip-gram")

    def least_numbers(self) -> int:
        """How many numbers the two tables hold."""
        return 2 * self.vocabulary * self.width


class WordVectors(Reader):
    """ids (B, T) -> the vector of each word, (B, T, C), whatever stands around it."""

    config: WordVectorsConfig
    config_class = WordVectorsConfig

    def __init__(self, config: WordVectorsConfig, rng: np.random.Generator | None):
        self.config = c = config
        self.words = Embedding(c.vocabulary, c.width, None)
        if (rng := given(rng, self.words.weight.shape)) is not None:           # as in their code
            first = (rng.random(self.words.weight.shape, np.float32) - np.float32(0.5)) / np.float32(c.width)
            self.words.weight = Tensor(first)
        self.guessed: Tensor | None = constant(0, (c.vocabulary, c.width), rng)
        self.pooler = None

    def vectors(self, ids, keep=None, rng=None) -> Tensor:
        """ids (B, T) -> (B, T, C)."""
        return dropout(self.words(ids), rate=self.config.dropout, rng=rng)

    @property
    def is_below_head(self) -> bool:
        """Then nothing is guessed any more."""
        return self.guessed is None

    def _grow(self, rng) -> None:
        super()._grow(rng)
        self.guessed = None

    def told_apart(self, batch: WordBatch) -> tuple[Tensor, np.ndarray]:
        """The scores (N,) of words that belong together and of words that were drawn, and which is which (N,)."""
        ids = np.concatenate([batch.ids[..., None], batch.drawn], axis=-1)         # (B, T, 1 + K)
        is_guess = np.concatenate([np.ones_like(batch.keep)[..., None], batch.drawn != batch.ids[..., None]], axis=-1)
        near, words = batch.near, self.words(batch.ids)        # (B, T, T), (B, T, C)
        rows = embedding(self.guessed, ids=ids)                # (B, T, 1 + K, C)
        if self.config.kind == "cbow":
            shares = (near / np.maximum(near.sum(-1, keepdims=True), 1)).astype(words.data.real.dtype)
            means = Tensor(to_device(shares, words.device), requires_grad=False) @ words           # (B, T, C)
            scores = rows @ means.reshape(*means.shape, 1)     # (B, T, 1 + K, 1)
            places = np.flatnonzero(near.any(axis=-1, keepdims=True) & is_guess)
        else:                                                  # each near word against all that is guessed, row by row
            scores = words @ rows.reshape(len(ids), -1, words.shape[-1]).swapaxes(1, 2)            # (B, T, T * (1 + K))
            places = np.flatnonzero(near.swapaxes(1, 2)[..., None] & is_guess[:, None])
        return scores.reshape(-1)[places], places % ids.shape[-1] == 0

    def loss(self, batch: WordBatch, counts: dict | None = None, rng=None) -> Tensor:
        """The mean over the guesses of what telling words apart costs, in nats; `counts` are those of the whole batch.

        A draw that is by chance the word that was asked for is left out, as in the published code.
        """
        if self.guessed is None:
            raise ValueError("WordVectors: these vectors were taken to stand below a head, and have left behind the "
                             "table of words that are guessed; take the model they came from")
        count = (counts or batch.counts)[COUNTED[self.config.kind]]
        scores, together = self.told_apart(batch)
        cost = binary_cross_entropy_with_logits(scores, target=together)
        return cost * (scores.size / max(count, 1))            # by chance no word may be left that sees another one

    def measure(self, batch: WordBatch) -> dict[str, tuple[float, int]]:
        """The loss as sum and count."""
        with no_grad():
            return {"word loss": (self.loss(batch, {name: 1 for name in batch.counts}).item(),
                                  batch.counts[COUNTED[self.config.kind]])}

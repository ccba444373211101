"""What else can stand below a head?  Whatever gives each token a vector: a table of words, or ELMo.

Nothing in it was taught to sum up a text, as BERT's first position was.  So the mean over the text does it, and two
texts are compared by both means, by how far they lie apart, and by their products: [a, b, |a - b|, a b] (Conneau et
al. 2017, section 2.4).  One layer, new with every head, makes a vector of these four.
"""

import copy
from typing import Any, ClassVar, Self

import numpy as np

from tinyformer.backend import to_device
from tinyformer.engine import Tensor
from tinyformer.models.bert import Bert
from tinyformer.models.config import Config
from tinyformer.models.gpt import GPT
from tinyformer.models.seq2seq import Encoder
from tinyformer.nn import Embedding, Linear, Module
from tinyformer.ops import abs, concatenate, tanh


class Reader(Module):
    """ids (B, T) -> vectors (B, T, C); below a head that reads one position, the first sums up the text."""

    config: Config
    config_class: ClassVar[type[Config]]
    words: Embedding
    pooler: Linear | None
    untaught: ClassVar[tuple[str, ...]] = ("pooler",)          # what no pre-training has taught: it always learns

    def vectors(self, ids, keep=None, rng=None) -> Tensor:
        """ids, keep (B, T) -> a vector for each token, (B, T, C)."""
        raise NotImplementedError(f"{type(self).__name__} must say which vector each token has: define vectors")

    def below_head(self, rng: np.random.Generator | None) -> Self:
        """A copy that shares every weight, with what heads read besides, drawn from `rng`."""
        found = copy.copy(self)
        found._grow(rng)
        found.to(self.words.weight.device, self.words.weight.dtype)
        return found

    def another(self, config: Any, rng: np.random.Generator | None) -> Self:
        """One of the same kind and with the same parts, its first weights drawn from `rng`."""
        kind: Any = type(self)
        found = kind(config, rng)
        if self.is_below_head:
            found._grow(rng)
        if self.pooler is None:
            found.pooler = None
        return found

    @property
    def is_below_head(self) -> bool:
        """Whether it has what heads read besides."""
        return self.pooler is not None

    def _grow(self, rng: np.random.Generator | None) -> None:
        c = self.config
        self.pooler = Linear(4 * c.width, c.width, rng, std=c.init_std)

    def __call__(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """ids, segments, keep (B, T) -> vectors (B, T, C)."""
        x = self.vectors(ids, keep, rng)
        if self.pooler is None:
            return x
        real = np.ones(np.shape(ids), bool) if keep is None else np.asarray(keep)
        second = real & (np.zeros_like(real) if segments is None else np.asarray(segments) == 1)
        a, b = (_mean(x, each) for each in (real & ~second, second))               # (B, 1, C) each
        summary = tanh(self.pooler(concatenate(a, b, abs(a - b), a * b, axis=-1)))
        return concatenate(summary, x[:, 1:], axis=1)

    def pool(self, hidden: Tensor) -> Tensor:
        """The vector of the whole text, (B, C)."""
        return hidden[:, 0]


Below = Bert | GPT | Encoder | Reader         # all that can stand below a head


def _mean(x: Tensor, of: np.ndarray) -> Tensor:
    """The mean of x (B, T, C) over the places `of` (B, T), (B, 1, C); zeros where there are none."""
    shares = of / np.maximum(of.sum(-1, keepdims=True), 1)
    shares = to_device(shares.astype(x.data.real.dtype)[:, None], x.device)        # (B, 1, T)
    return Tensor(shares, requires_grad=False) @ x

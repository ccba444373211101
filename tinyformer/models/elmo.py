"""How does a word get a vector that knows its sentence?  From two models that write, one forwards and one backwards.

One LSTM guesses each word from all before it, another from all behind it; they share the table of words and the softmax
over it, and nothing else (Peters et al. 2018, section 3.1).  What a head reads of a word is a mixture of all layers,
both directions side by side, with weights that the head learns (equation 1):

    gain * sum over j of s_j [right_j ; left_j],   s = softmax(mix),   layer 0 the word itself, twice

As published: projections, and from the second layer on what enters a layer is added to what it tells.  Here a table has
the words, which in the paper come from their letters, and the softmax compares with the same table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyformer.data.masking import IGNORED
from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.models.config import Config
from tinyformer.models.parts.ids import batch_of_ids
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.models.parts.reader import Reader
from tinyformer.nn import Embedding, Module
from tinyformer.nn.layers import constant, normal
from tinyformer.ops import concatenate, cross_entropy, dropout, lstm, masked_softmax


@dataclass(frozen=True)
class ELMoConfig(Config):
    """C numbers for a word, half of them from each direction, of `inner` cells in each layer and direction.

    Heads, activation and eps, which an LSTM has not, say nothing.
    """

    heads: int = 1
    whole: ClassVar[tuple[str, ...]] = ("vocabulary", "layers", "width", "inner", "context")

    def __post_init__(self):
        super().__post_init__()
        if self.width % 2:
            raise InputError(f"config: width is {self.width}; half of it belongs to each direction, so it must be even")

    @property
    def word_width(self) -> int:
        """Numbers of a word in the table, and in one direction."""
        return self.width // 2

    def least_numbers(self) -> int:
        """How many parameters the two language models have."""
        each = self.inner * (4 * self.width + 4 + self.word_width)
        return self.vocabulary * self.word_width + 2 * self.layers * each


class LSTM(Module):
    """H cells that read C numbers at each place and tell C: x (B, T, C) -> (B, T, C).

    The forget gates begin open, with a bias of 1 (Jozefowicz et al. 2015, section 2.1).
    """

    maps = {"weight": 4, "recurrent": 4, "projection": 1}      # one for each gate and the candidate

    def __init__(self, width: int, cells: int, rng: np.random.Generator | None, std: float):
        self.weight = normal(rng, (4 * cells, width), std)
        self.recurrent = normal(rng, (4 * cells, width), std)
        self.bias = constant(0, (4 * cells,), rng)
        if rng is not None:
            self.bias.data[cells:2 * cells] = 1
        self.projection = normal(rng, (width, cells), std)

    def __call__(self, x, keep=None, backwards: bool = False) -> Tensor:
        return lstm(x, self.weight, self.recurrent, self.bias, self.projection, keep=keep, backwards=backwards)


class BothWays(Module):
    """One layer: an LSTM that reads to the right and one that reads to the left, which never meet."""

    def __init__(self, c: ELMoConfig, rng: np.random.Generator | None):
        self.right, self.left = (LSTM(c.word_width, c.inner, rng, c.init_std) for _ in range(2))


class ELMo(Reader):
    """ids (B, T) -> the vector of each word in its sentence, (B, T, C); learned by guessing, with `loss`."""

    config: ELMoConfig
    config_class = ELMoConfig
    untaught = ("pooler", "mix", "gain")

    def __init__(self, config: ELMoConfig, rng: np.random.Generator | None):
        self.config = c = config
        self.words = Embedding(c.vocabulary, c.word_width, rng, c.init_std)
        self.layers = [BothWays(c, rng) for _ in range(c.layers)]
        self.mix: Tensor | None = None        # (L + 1,) and (1,): of a head
        self.gain: Tensor | None = None
        self.pooler = None

    @property
    def is_below_head(self) -> bool:
        """Then the layers are mixed as a head has learned it."""
        return self.mix is not None

    def _grow(self, rng) -> None:
        super()._grow(rng)
        if self.mix is None:
            self.mix, self.gain = constant(0, (self.config.layers + 1,), rng), constant(1, (1,), rng)

    def one_way(self, ids, keep=None, rng=None, backwards: bool = False) -> Iterator[Tensor]:
        """ids (B, T) -> the words, and then what each layer of one direction tells, (B, T, C / 2) each.

        Place t has seen places 0 to t, or, backwards, t to the end.
        """
        ids = batch_of_ids("ELMo", ids, self.config.context)
        x = self.words(ids)
        yield x
        for number, layer in enumerate(self.layers):
            reads = layer.left if backwards else layer.right
            told = reads(dropout(x, rate=self.config.dropout, rng=rng), keep, backwards)
            x = told + x if number else told
            yield x

    def states(self, ids, keep=None, rng=None) -> list[Tensor]:
        """The L + 1 layers of ids (B, T), both directions side by side, (B, T, C) each."""
        ways: Any = (self.one_way(ids, keep, rng, backwards) for backwards in (False, True))
        return [concatenate(right, left, axis=-1) for right, left in zip(*ways, strict=True)]

    def vectors(self, ids, keep=None, rng=None) -> Tensor:
        """ids, keep (B, T) -> the mixture of all layers, (B, T, C); without a head all have the same weight."""
        states = self.states(ids, keep, rng)
        if self.mix is None or self.gain is None:
            return sum(states[1:], start=states[0]) * (1 / len(states))
        shares = masked_softmax(self.mix)
        mixed = sum((state * shares[j] for j, state in enumerate(states[1:], 1)), start=states[0] * shares[0])
        return dropout(mixed * self.gain, rate=self.config.dropout, rng=rng)

    def guesses(self, batch, rng=None) -> list[tuple[Tensor, np.ndarray]]:
        """Of a TextBatch, the scores of all words (B, T, V) and which is right (B, T), for each direction.

        The one reads the ids and guesses the targets, which follow; the other reads these, and guesses those.
        """
        real = batch.targets != IGNORED
        after = np.where(real, batch.targets, 0)
        *_, right = self.one_way(batch.ids, None, rng)
        *_, left = self.one_way(after, real, rng, backwards=True)
        return [(self.words.scores(right), batch.targets),
                (self.words.scores(left), np.where(real, batch.ids, IGNORED))]

    def loss(self, batch, counts: dict | None = None, rng=None) -> Tensor:
        """The mean loss per guess of both directions, in nats; `counts` are those of the whole batch."""
        counts = counts or batch.counts
        right, left = (cross_entropy(scores, target=target, count=counts["tokens"])
                       for scores, target in self.guesses(batch, rng))
        return (right + left) * 0.5

    def measure(self, batch) -> dict[str, tuple[float, int]]:
        """Loss and accuracy over the guesses of both directions, as sums and counts."""
        with no_grad():
            both = [measured("lm", scores, target) for scores, target in self.guesses(batch)]
        return {name: (both[0][name][0] + both[1][name][0], both[0][name][1] + both[1][name][1]) for name in both[0]}

"""How is a GPT written today?  Norms that shift nothing, places as turns, a gate to think with, keys that are shared.

Llama (Touvron et al. 2023; Llama 2, 2023) and, with biases for queries, keys and values, Qwen2 (Yang et al. 2024).
Beside GPT-2 it differs in

    the norm          x / sqrt(mean(x²)) * gain                 no mean is taken off, no bias is added
    the place         queries and keys are turned by it         no vectors for positions
    the gate          narrow(silu(gate x) * widen x)            three matrices, for narrow(gelu(widen x))
    the heads         groups of queries share keys and values   less to be remembered while it writes
    the head          may have word vectors of its own
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.models.config import GPTConfig
from tinyformer.models.gpt import GPT
from tinyformer.models.parts.ids import batch_of_ids
from tinyformer.models.parts.stacks import out_std
from tinyformer.nn import Embedding, Linear
from tinyformer.nn.rms_norm import RMSNorm
from tinyformer.nn.rotary_block import RotaryBlock
from tinyformer.ops import dropout


@dataclass(frozen=True)
class LlamaConfig(GPTConfig):
    """The numbers of a Llama: `key_heads` (0: as many as heads), `head_size` (0: width / heads), `base` of the turns.

    An `inner` of 0 is 8/3 of the width, rounded up to a multiple of 8: three matrices then hold what GPT-2's two do.
    With `bias` queries, keys and values have biases (Qwen2); with `tied` the word vectors serve going out as well.
    """

    activation: str = "silu"
    eps: float = 1e-6
    context: int = 2048
    dropout: float = 0.0
    bias: bool = False
    key_heads: int = 0
    head_size: int = 0
    base: float = 10_000.0
    tied: bool = False

    activations: ClassVar[tuple[str, ...]] = ("silu",)
    whole = (*GPTConfig.whole, "key_heads", "head_size")

    def __post_init__(self):
        sound = all(isinstance(size, int) and size > 0 for size in (self.width, self.heads))   # else refused below
        if sound:
            settled = {"inner": 8 * -(-self.width // 3), "key_heads": self.heads,
                       "head_size": 0 if self.width % self.heads else self.width // self.heads}
            for name, value in settled.items():
                if getattr(self, name) == 0:
                    object.__setattr__(self, name, value)
        if sound and self.head_size == 0:
            raise InputError(f"config: width {self.width} is not a multiple of heads {self.heads}; say the head_size")
        super().__post_init__()
        if self.heads % self.key_heads or self.head_size % 2 or self.norm != "pre":
            raise InputError(f"config: heads are {self.heads}, key_heads {self.key_heads}, head_size {self.head_size} "
                             f"and norm {self.norm!r}; heads must be a multiple of key_heads, head_size must be even, "
                             "for channels are turned in pairs, and the norm pre")
        if isinstance(self.base, bool) or not isinstance(self.base, int | float) or not self.base > 1:
            raise InputError(f"config: base is {self.base!r}; it must be a number above 1, such as 10000")

    def least_numbers(self) -> int:
        """How many parameters such a model has, and no fewer."""
        keys, queries = self.key_heads * self.head_size, self.heads * self.head_size
        layer = 2 * self.width * (queries + keys) + 3 * self.width * self.inner + 2 * self.width
        biases = self.bias * (queries + 2 * keys)
        return (2 - self.tied) * self.vocabulary * self.width + self.layers * (layer + biases) + self.width


def decoder(config: GPTConfig, rng: np.random.Generator | None) -> GPT:
    """The model of this config: a GPT as it was written in 2018 and 2019, or as it is today."""
    return Llama(config, rng) if isinstance(config, LlamaConfig) else GPT(config, rng)


class Llama(GPT):
    """A decoder: ids (B, T) -> logits (B, T, V), where row t has seen positions 0 to t and nothing after."""

    config: LlamaConfig
    layers: Any                               # RotaryBlock each, where a GPT-2 has PreNormBlock
    norm: Any

    def __init__(self, config: LlamaConfig, rng: np.random.Generator | None):
        self.config = c = config
        self.words = Embedding(c.vocabulary, c.width, rng, c.init_std)
        self.layers = [RotaryBlock(c.width, c.heads, c.key_heads, c.head_size, c.inner, rng, rate=c.dropout, eps=c.eps,
                                   bias=c.bias, base=c.base, std=c.init_std, out_std=out_std(c))
                       for _ in range(c.layers)]
        self.norm = RMSNorm(c.width, rng, c.eps)
        self.head = None if c.tied else Linear(c.width, c.vocabulary, rng, bias=False, std=c.init_std)

    def hidden(self, ids, rng=None, past=None) -> Tensor:
        """ids (B, T) -> the vectors (B, T, C) after the last layer, normed.

        With `past`, a `tinyformer.generate.Cache`, they are the next T tokens of the texts that it remembers.
        """
        ids = batch_of_ids(type(self).__name__, ids, self.config.context)
        length = ids.shape[1]
        places, keep = np.arange(length), None
        if past is not None:
            places, keep = past.places(length), past.keep(length, self.words.weight)
        x = dropout(self.words(ids), rate=self.config.dropout, rng=rng)
        for n, layer in enumerate(self.layers):
            x = layer(x, places, keep, rng, past and past.layers[n])
        return self.norm(x)

    def word_logits(self, hidden: Tensor) -> Tensor:
        """hidden (..., C) -> logits (..., V)."""
        return self.words.scores(hidden) if self.head is None else self.head(hidden)

    def attentions(self, ids) -> list[Tensor]:
        """Where each position of ids (B, T) looks, (B, H, T, T) for each layer: to be looked at, without a graph."""
        ids = batch_of_ids(type(self).__name__, ids, self.config.context)
        places, found = np.arange(ids.shape[1]), []
        with no_grad():
            x = self.words(ids)
            for layer in self.layers:
                found.append(layer.weights(x, places))
                x = layer(x, places)
        return found

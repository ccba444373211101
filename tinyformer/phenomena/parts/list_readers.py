"""Who reads lists of worked examples?  A GPT of any width whose positions begin as waves, and who may read in pairs."""

import numpy as np

from tinyformer.models import GPT, GPTConfig
from tinyformer.nn import Embedding
from tinyformer.nn.sinusoids import sinusoids
from tinyformer.rng import stream


class InPairs(Embedding):
    """Vectors of tokens, each with that of the token before, so that a name knows whose it is."""

    def __call__(self, ids):                                   # (B, T) -> (B, T, C)
        return super().__call__(ids) + super().__call__(np.concatenate([ids[:, :1], ids[:, :-1]], axis=1))


def list_reader(vocabulary: int, width: int, length: int, seed: int, layers: int = 4, in_pairs: bool = False) -> GPT:
    """A GPT for rows of so many tokens; its initial weights are smaller the wider it is.

    Its positions begin as waves, so that a distance looks alike everywhere in a row.
    """
    config = GPTConfig(vocabulary=vocabulary, layers=layers, heads=4, width=width, context=length, dropout=0.0,
                       init_std=0.64 / width ** 0.5)
    rng = stream(seed, "weights")
    model = GPT(config, rng)
    if in_pairs:                                               # two vectors are added, and together as long as one
        model.words = InPairs(vocabulary, width, rng, config.init_std / 2 ** 0.5)
    model.positions.weight.data[:] = 0.1 * sinusoids(length, width)
    return model

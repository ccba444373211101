"""What does a model do with a token that it has never met?  Its vectors begin at the mean of those that it knows."""

import numpy as np

from tinyformer.models.gpt import GPT
from tinyformer.models.llama import decoder

TABLES = ("words.weight", "head.weight")      # a row for each token, going in and, where there are two, coming out


def with_words(model: GPT, count: int, rng: np.random.Generator, spread: float = 0.1) -> GPT:
    """A copy of a GPT with `count` word vectors, those that it has and new ones behind them.

    A new vector is the mean of the others, which no token expects much of, and a draw of `spread` times their standard
    deviation, so that no two are the same (Hewitt 2021: with vectors drawn anew a new token may be expected everywhere,
    and what the model said before is lost).
    """
    grown = decoder(model.config.but(vocabulary=count), None).to(dtype=model.words.weight.dtype)
    numbers = model.state()
    for name in TABLES:
        if name in numbers:
            known = numbers[name]
            new = rng.standard_normal((count - len(known), known.shape[1])) * (spread * known.std(0)) + known.mean(0)
            numbers[name] = np.concatenate([known, new.astype(known.dtype)])
    return grown.load(numbers)

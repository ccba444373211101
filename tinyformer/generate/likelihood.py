"""How probable is it that a model would write this?  Add up log p of each token of a given continuation.

A prompt is read once, whatever the number of its continuations; its keys and values are kept, and copied for each.
"""

from collections.abc import Sequence

import numpy as np

from tinyformer.backend import to_host
from tinyformer.engine import no_grad
from tinyformer.errors import CheckpointError, InputError
from tinyformer.generate.cache import Cache
from tinyformer.generate.text import log_softmax
from tinyformer.models import GPT

Ids = Sequence[int]


def likelihoods(model: GPT, prompts: Sequence[Ids], continuations: Sequence[Sequence[Ids]],
                batch_size: int = 32, known: int | None = None) -> list[np.ndarray]:
    """log p(continuation | prompt) in nats, an array for each prompt with a number for each of its continuations.

    log p = sum_t log p(c_t | prompt, c_1 ... c_t-1).  Prompts and continuations may have any lengths; `batch_size`
    prompts are read at a time, which changes the numbers by rounding alone.  Ids from `known` on have no token and no
    share of the probability.  InputError where a prompt or a continuation is empty, or both together are longer than
    the model's context; CheckpointError where the model computes no numbers.
    """
    for number, (prompt, given) in enumerate(zip(prompts, continuations, strict=True), 1):
        if not len(prompt) or not all(len(ids) for ids in given):
            raise InputError(f"likelihoods: prompt {number} or one of its continuations is empty; each must have at "
                             "least one token")
        longest = len(prompt) + max(map(len, given), default=0)
        if longest > model.config.context:
            raise InputError(f"likelihoods: prompt {number} and its longest continuation have {longest} tokens, and "
                             f"this model has room for {model.config.context}; shorten the prompt")
    found: list[np.ndarray] = []
    for first in range(0, len(prompts), batch_size):
        part = slice(first, first + batch_size)
        found += _together(model, prompts[part], continuations[part], known)
    wrong = sum(int((~np.isfinite(each)).sum()) for each in found)
    if wrong:
        raise CheckpointError(f"likelihoods: {wrong} of {sum(map(len, found))} are NaN or infinite; the weights are "
                              "damaged, or their training diverged")
    return found


def _together(model: GPT, prompts: Sequence[Ids], continuations: Sequence[Sequence[Ids]],
              known: int | None) -> list[np.ndarray]:
    """The log probabilities of one batch, in which prompts are padded at the left and continuations at the right."""
    longest = max(map(len, prompts))
    if longest + max((len(ids) for given in continuations for ids in given), default=0) > model.config.context:
        half = len(prompts) // 2                               # or padding would stand where the model has no position
        return (_together(model, prompts[:half], continuations[:half], known)
                + _together(model, prompts[half:], continuations[half:], known))
    padding = longest - np.array([len(ids) for ids in prompts])
    cache = Cache(len(model.layers), padding)
    read = np.array([[0] * pad + list(ids) for pad, ids in zip(padding, prompts, strict=True)])        # (B, S)
    owners = np.repeat(np.arange(len(prompts)), [len(given) for given in continuations])               # (N,)
    every = [list(ids) for given in continuations for ids in given]
    if not every:
        return [np.zeros(0) for _ in prompts]
    wide, rows = max(map(len, every)), np.arange(len(every))
    ids = np.array([row + [0] * (wide - len(row)) for row in every])                   # (N, T)
    real = np.arange(wide) < np.array([len(row) for row in every])[:, None]            # (N, T)

    total = np.zeros(len(every))
    with no_grad():
        vectors = model.hidden(read, past=cache)[:, -1]                                # (B, C)
        total += _expected(model, vectors, known)[owners, ids[:, 0]]
        if wide > 1:
            cache.take(owners)
            vectors = model.hidden(ids[:, :-1], past=cache)                            # (N, T - 1, C)
        for place in range(1, wide):                                                   # one at a time: V may be large
            expected = _expected(model, vectors[:, place - 1], known)
            total += np.where(real[:, place], expected[rows, ids[:, place]], 0.0)
    return [total[owners == row] for row in range(len(prompts))]


def _expected(model: GPT, vectors, known: int | None) -> np.ndarray:
    """The log probabilities (N, V) of the next token after vectors (N, C), on the host."""
    return log_softmax(to_host(model.word_logits(vectors).data)[:, :known])

"""How probable is an answer to a model, token by token?  What every method needs that moves a model by its answers."""

from collections.abc import Iterable

import numpy as np

from tinyformer.backend import to_device, to_host
from tinyformer.data.preferences import answer_targets
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.gpt import GPT
from tinyformer.ops import token_log_probs

ROWS = 64                                     # that are read at once where nothing is learned


def answer_log_probs(model: GPT, ids: np.ndarray, answers: np.ndarray) -> Tensor:
    """log p of each token of the answers in ids (B, T), where `answers` (B, T) is True; 0 elsewhere: (B, T - 1).

    Nothing is dropped out: an answer is compared with itself, before and after a step.
    """
    return token_log_probs(model(ids[:, :-1]), ids=answer_targets(ids, answers))


def known_log_probs(model: GPT, ids: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """The same as numbers on the host, (B, T - 1), without a graph."""
    with no_grad():
        parts = [to_host(answer_log_probs(model, ids[first:first + ROWS], answers[first:first + ROWS]).data)
                 for first in range(0, len(ids), ROWS)]
    return np.concatenate(parts)


def beside(x: Tensor, *arrays: np.ndarray) -> Iterable[np.ndarray]:
    """Arrays of the host in the precision of a tensor, and where it lives."""
    return [to_device(array.astype(x.dtype), x.device) for array in arrays]

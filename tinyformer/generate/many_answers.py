"""What would a model say, asked the same many times?  Answers drawn from its own distribution, all side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyformer.errors import CheckpointError
from tinyformer.generate.reading import Reading

if TYPE_CHECKING:
    from tinyformer.models import GPT


def drawn(model: GPT, prompts: Sequence[Sequence[int]], length: int, ends: Collection[int], rng: np.random.Generator,
          known: int | None = None) -> list[list[int]]:
    """What follows each prompt, at temperature 1: up to `length` ids, the last of them one of `ends` where it ended.

    Ids from `known` on are never drawn.  Every row has uniform numbers of its own, so that what a row says hangs on no
    other row.  CheckpointError where the model expects nothing that is a number.
    """
    chances = rng.random((len(prompts), length))
    reading = Reading(model, prompts)
    written: list[list[int]] = [[] for _ in prompts]
    active = np.arange(len(prompts))
    for place in range(length):
        logits = np.asarray(reading.logits[:, :known], np.float64)                     # (R, V)
        if not np.isfinite(logits.max(-1)).all():
            raise CheckpointError("answers: the logits are NaN or infinite; the weights are damaged, or their training "
                                  "diverged: go back to an earlier checkpoint and lower the learning rate")
        reached = np.cumsum(np.exp(logits - logits.max(-1, keepdims=True)), -1)        # (R, V)
        chosen = (reached <= chances[active, place, None] * reached[:, -1:]).sum(-1)   # (R,)
        for row, id in zip(active, chosen, strict=True):
            written[row].append(int(id))
        on = [number for number, id in enumerate(chosen) if int(id) not in ends]
        if not on or place == length - 1:
            break
        active = active[on]
        reading.step(chosen[on], on)
    return written

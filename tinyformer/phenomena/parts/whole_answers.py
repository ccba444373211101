"""Would a model write the whole answer?  Judged without writing: by what it guesses behind the right beginning.

Where every token of an answer is the most probable one behind the right ones before it, a model that writes greedily
writes just these; where one is not, it writes something else.
"""

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.batches import TextBatch
from tinyformer.data.masking import IGNORED
from tinyformer.engine import no_grad
from tinyformer.models import GPT


def right(model: GPT, batch: TextBatch) -> np.ndarray:
    """For each row whether all that is asked for in it is guessed, (B,)."""
    with no_grad():
        guessed = to_host(model(batch.ids).data).argmax(-1)                            # (B, T)
    return ((guessed == batch.targets) | (batch.targets == IGNORED)).all(1)


def percent(model: GPT, batch: TextBatch) -> float:
    """The percentage of rows that are right."""
    return 100 * float(right(model, batch).mean())

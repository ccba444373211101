"""What does the loop ask of batches?  As little as can be: whatever the loss can read is a batch.

A run takes its batches from an object with `batch(step)`, from a function of the step, or from a list that it goes
through again and again.  One batch is what the loss is given: ids, a tuple of arrays, anything.  To be computed in
parts it needs three members more, `split(n)`, `counts` and a length, the number of its rows, as those of
`tinyformer.data.batches` have.
"""

from collections.abc import Callable, Sequence
from typing import Any

from tinyformer import backend


def batch_of(batches) -> Callable[[int], Any]:
    """step -> its batch.  TypeError for what cannot be asked twice, as an iterator, and for a tuple: it is a batch."""
    if hasattr(batches, "batch"):
        return batches.batch
    if callable(batches):
        return batches
    if isinstance(batches, tuple):
        raise TypeError("train: batches is a tuple, and a tuple of arrays is one batch; put it into a list, [batch]")
    if not isinstance(batches, Sequence) or isinstance(batches, str | bytes):
        raise TypeError(f"train: batches is a {type(batches).__name__}; it must be an object with batch(step), a "
                        "function of the step, or a list, so that the batch of step 1,000 can be had again")
    if not batches:
        raise ValueError("train: the list of batches is empty; give at least one")
    return lambda step: batches[step % len(batches)]


def why_whole(model, batch) -> str:
    """Why this batch has to be computed in one piece by one process; "" where its parts add up to it.

    A batch says it of itself, and a model of all its batches, by an attribute `divisible = False`: the loss compares
    the rows with one another (contrastive), or the rows share their statistics (batch norm).
    """
    for thing in (batch, model):
        if not getattr(thing, "divisible", True):
            return f"{type(thing).__name__} says that its rows depend on one another"
    wanted = {"split": "split", "counts": "counts", "__len__": "length"}
    missing = [word for name, word in wanted.items() if not hasattr(batch, name)]
    if missing:
        return f"a {type(batch).__name__} has no {' and no '.join(missing)}"
    return ""


def tokens_in(batch) -> int:
    """How many tokens the model reads in a batch, padding left out; 0 where there are none to be counted."""
    keep, ids = getattr(batch, "keep", None), getattr(batch, "ids", None)
    if keep is None:
        return 0 if ids is None else int(ids.size)
    return int(backend.to_host(keep).sum())

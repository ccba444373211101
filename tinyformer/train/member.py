"""What does each of several do in a step?  It computes a shard of the batch, and moves a stretch of the parameters.

    gradients    forward and backward of my shard; of each gradient I send everybody the stretch that is theirs to move
    add          add up what was sent of my stretch, always in the same order
    move         one step of the optimizer on my stretch, which is then everybody's

So nothing is computed twice and nothing is sent twice: with n members each sends and receives (n - 1) / n of the
gradients and as much of the parameters, which is what a ring all-reduce takes, and the work of the optimizer is divided
as well.  (Rajbhandari et al. 2020, ZeRO, section 5.)  A barrier stands between the three: see `drivers`.  Members on
one machine share their memory (`shared_memory`), those on several send messages (`machines`).
"""

import math
import pickle
import traceback
from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import numpy as np

from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.train.noise import Noise
from tinyformer.train.optimizers import Optimizer, Slot
from tinyformer.train.step import accumulate, squares


class Exchange(Protocol):
    """How stretches get from one member to another; `sent` (members, parameters) says whose gradients there are."""

    sent: np.ndarray

    def outbox(self, owner: int) -> np.ndarray:
        """Where this member puts its part of the gradients of the stretch that `owner` moves."""

    def inbox(self) -> list[tuple[int, np.ndarray]]:
        """The parts that the others put there for this member, with their numbers, in the order of these."""

    def share(self, values: np.ndarray) -> None:
        """Let everybody see the stretch of a flat array that this member has moved, and see theirs."""


class Member:
    """Number `rank` of `size` that share every step, with a model and an optimizer of its own or in shared memory."""

    def __init__(self, rank: int, model, optimizer: Optimizer, exchange: Exchange, edges: list[int], *,
                 loss: Callable | None = None, measure: Callable | None = None, pieces: int = 1):
        self.rank, self.model, self.optimizer, self.exchange, self.edges = rank, model, optimizer, exchange, edges
        self.loss, self.measure, self.pieces = loss, measure, pieces
        self.start, self.stop = edges[rank:rank + 2]
        self.stretches = [_within(start, stop, optimizer.slots) for start, stop in pairwise(edges)]

    def gradients(self, shard, counts: dict, noise: Noise) -> float:
        """The loss of a shard, None where there are fewer rows than members; its gradients go to their owners."""
        cost = 0.0
        if shard is not None:
            value, buffers = accumulate(self.model, shard, self.pieces, noise, self.loss, counts)
            if buffers:
                raise InputError(f"{type(self.model).__name__} gives new values of its buffers ({', '.join(buffers)}), "
                                 "which one shard of a batch cannot know; train it with one worker (--workers 1)")
            cost = float(value)
        for place, slot in enumerate(self.optimizer.slots):
            self.exchange.sent[self.rank, place] = slot.tensor.grad is not None
        for owner, start in enumerate(self.edges[:-1]):
            if owner != self.rank:
                box = self.exchange.outbox(owner)
                for _, slot, low, high in self.stretches[owner]:
                    if slot.tensor.grad is not None:
                        box[low - start:high - start] = _flat(slot)[low - slot.start:high - slot.start]
        return cost

    def add(self) -> float:
        """Add to my stretch of my own gradients what the others sent; the sum of the squares, in float64.

        Where one of them has a gradient for a parameter everybody has: a step counts for all or for none.
        """
        boxes, sent, total = self.exchange.inbox(), self.exchange.sent, 0.0
        for place in np.flatnonzero(sent.any(0)):
            slot = self.optimizer.slots[place]
            if slot.tensor.grad is None:
                slot.tensor.grad = np.zeros(slot.tensor.shape, slot.tensor.dtype)
        for place, slot, low, high in self.stretches[self.rank]:
            if slot.tensor.grad is not None:
                mine = _flat(slot)[low - slot.start:high - slot.start]
                for other, box in boxes:
                    if sent[other, place]:
                        mine += box[low - self.start:high - self.start]
                total += squares(np, mine)
        return total

    def move(self, learning_rate: float, scale: float = 1.0) -> None:
        """Move my stretch by its gradients times `scale`, and share it."""
        for _, slot, low, high in self.stretches[self.rank] if scale != 1 else ():
            if slot.tensor.grad is not None:
                _flat(slot)[low - slot.start:high - slot.start] *= scale
        self.optimizer.step(learning_rate, self.start, self.stop)
        self.optimizer.zero_grad()
        self.exchange.share(self.optimizer.values)

    def culprit(self) -> str | None:
        """The name of a parameter whose gradient, added up, is not finite in my stretch; None where there is none."""
        for _, slot, low, high in self.stretches[self.rank]:
            if slot.tensor.grad is not None and not math.isfinite(
                    squares(np, _flat(slot)[low - slot.start:high - slot.start])):
                return slot.name
        return None

    def collect(self) -> None:
        """Bring together the moments of all stretches, so that the optimizer's state is whole."""
        for moment in self.optimizer.memory.values():
            self.exchange.share(moment)

    def figures(self, batch) -> dict[str, tuple[float, int]]:
        """The sums and counts of an evaluation, over one batch; none where there is none left for me."""
        if batch is None:
            return {}
        with no_grad():
            return self.measure(self.model, batch) if self.measure else self.model.measure(batch)


def sendable(error: Exception, rank: int) -> Exception:
    """An error of a member in a form that can be sent to the leader, with the lines where it happened."""
    error.add_note(f"in worker {rank + 1}:\n{traceback.format_exc()}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _within(start: int, stop: int, slots: list[Slot]) -> list[tuple[int, Slot, int, int]]:
    """What of each parameter lies in a stretch: (place, slot, first number, last + 1)."""
    return [(place, slot, max(start, slot.start), min(stop, slot.stop))
            for place, slot in enumerate(slots) if slot.start < stop and start < slot.stop]


def _flat(slot: Slot) -> np.ndarray:
    """The gradient of a parameter as one long vector, which is the gradient itself and no copy."""
    slot.tensor.grad = np.asarray(slot.tensor.grad, order="C")
    return slot.tensor.grad.reshape(-1)

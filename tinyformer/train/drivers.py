"""Who computes the steps of a run?  This process alone, or several that share each of them: forms of one thing.

    gradients(batch, step)    the loss, the length of the gradients before they are clipped, and new values of buffers
    move(learning_rate)       the optimizer's step, after which there are no gradients
    figures(batches)          the sums and counts of an evaluation, batch by batch
    culprit(step)             the first step that was not finite, and the name of a parameter in whose gradient it shows
    collect()                 makes the optimizer's state whole, before it is saved

However many share a step, its gradients are those of the whole batch, to the rounding of sums; with the same number of
workers they are the same bit for bit.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice

import numpy as np

from tinyformer import backend
from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.nn.module import Module
from tinyformer.nn.recomputed_blocks import recomputing
from tinyformer.train import machines, shared_memory
from tinyformer.train.any_batches import why_whole
from tinyformer.train.arena import CannotShare
from tinyformer.train.choice import choose
from tinyformer.train.loop_settings import Settings
from tinyformer.train.noise import Noise
from tinyformer.train.optimizers import Optimizer
from tinyformer.train.step import accumulate, clip_gradients, number


class Alone:
    """One process, with all of the batch and all of the parameters; on a GPU it waits for no number."""

    size = 1

    def __init__(self, model: Module, optimizer: Optimizer, settings: Settings, loss: Callable | None = None,
                 measure: Callable | None = None):
        self.model, self.optimizer, self.settings, self.loss, self.measure = model, optimizer, settings, loss, measure

    def gradients(self, batch, step: int) -> tuple:
        noise = Noise(self.settings.seed, step)
        cost, buffers = accumulate(self.model, batch, self.settings.accumulate, noise, self.loss)
        return cost, clip_gradients(self.model.parameters(), self.settings.clip), buffers

    def move(self, learning_rate: float) -> None:
        self.optimizer.step(learning_rate)
        self.optimizer.zero_grad()

    def figures(self, batches: Iterable) -> Iterator[dict[str, tuple[float, int]]]:
        for batch in batches:
            with no_grad():
                found = self.measure(self.model, batch) if self.measure else self.model.measure(batch)
            yield found

    def culprit(self, step: int) -> tuple[int, str | None]:
        for name, p in self.model.named_parameters().items():
            if p.grad is not None and not number(backend.library(p.grad).isfinite(p.grad).all()):
                return step, name
        return step, None

    def collect(self) -> None:
        pass                                                   # it is never anything else


class Team:
    """Several members, called by their leader: `members` has a size and call(name, arguments for each) -> answers.

    Every call is a barrier: all have done one thing before anybody does the next.
    """

    def __init__(self, members, settings: Settings):
        self.members, self.settings, self.size = members, settings, members.size
        self.scale = 1.0                      # what clipping makes of the gradients, while they are moved by

    def shards(self, batch, step: int) -> list[tuple]:
        """What each computes of a batch: its rows, None where there are fewer, the whole batch's counts, its noise."""
        if reason := why_whole(self.members.member.model, batch):
            raise InputError(f"{self.size} workers cannot share this batch: {reason}; take one (--workers 1)")
        noise, found, first = Noise(self.settings.seed, step), [], 0
        for shard in batch.split(self.size):
            last = first + len(shard)
            found.append((shard, batch.counts, noise.part(first, last, len(batch))))
            first = last
        return found + [(None, batch.counts, noise)] * (self.size - len(found))

    def gradients(self, batch, step: int) -> tuple:
        cost = math.fsum(self.members.call("gradients", self.shards(batch, step)))
        norm, limit = math.sqrt(sum(self.members.call("add"))), self.settings.clip
        self.scale = limit / norm if limit is not None and limit < norm < math.inf else 1.0
        return cost, norm, {}

    def move(self, learning_rate: float) -> None:
        self.members.call("move", [(learning_rate, self.scale)] * self.size)

    def figures(self, batches: Iterable) -> Iterator[dict[str, tuple[float, int]]]:
        remaining = iter(batches)
        while several := list(islice(remaining, self.size)):
            idle = [(None,)] * (self.size - len(several))
            yield from self.members.call("figures", [(batch,) for batch in several] + idle)[:len(several)]

    def culprit(self, step: int) -> tuple[int, str | None]:
        return step, next(filter(None, self.members.call("culprit")), None)

    def collect(self) -> None:
        self.members.call("collect")


def _alone(model: Module, optimizer: Optimizer, settings: Settings, *functions: Callable | None) -> Alone:
    """One process; InputError where a precision is asked for that it cannot have."""
    runs_kernels = hasattr(optimizer.xp, "RawModule")          # a GPU's library, and the fake one beside a C compiler
    if runs_kernels:
        from tinyformer.train.on_device import MOVES, OnDevice
        if type(optimizer).__name__ in MOVES:
            return OnDevice(model, optimizer, settings, *functions)
    if settings.precision != "float32":
        why = (f"the optimizer is {type(optimizer).__name__}" if runs_kernels else
               f"the model is on {model.parameters()[0].device}")
        raise InputError(f"settings: precision is {settings.precision!r}, and {why}; other products than those of "
                         "float32 are for a GPU, adamw and muon: leave precision out (--precision float32)")
    return Alone(model, optimizer, settings, *functions)


@contextmanager
def _shared(count: int, alone: Alone, optimizer: Optimizer, settings: Settings, **options) -> Iterator[Team]:
    """`count` processes or ranks share the steps that one would take alone."""
    if optimizer.xp is not np:
        from tinyformer.train import cards
        from tinyformer.train.on_device import OnDevice
        if not isinstance(alone, OnDevice):
            raise CannotShare(f"several GPUs share the steps of adamw and muon, and the optimizer is "
                              f"{type(optimizer).__name__}; take one worker (--workers 1)")
        with cards.sharing(count, alone, settings) as team:
            yield team
        return
    members = (machines.sharing(alone.model, optimizer, **options) if machines.ranks() > 1 else
               shared_memory.sharing(count, alone.model, optimizer, **options))
    with members as found:
        yield Team(found, settings)


@contextmanager
def driver(model: Module, optimizer: Optimizer, settings: Settings, first: Callable | None,
           recorded: int | None = None, loss: Callable | None = None,
           measure: Callable | None = None) -> Iterator[tuple[Alone | Team, str]]:
    """Whoever computes the steps of a run that begins with the batch first(), and a line about it where "auto" chose.

    `first` is None where no step is left.  `recorded` is how many shared the steps before the run was stopped.  Where
    "auto" cannot start workers, one process it is.
    """
    count, said = (1, "") if settings.workers == 1 or first is None else choose(settings, model, first(), recorded)
    options = dict(keep_memory=settings.keep_memory, loss=loss, measure=measure, pieces=settings.accumulate)
    with ExitStack() as stack:
        if settings.recompute:
            stack.enter_context(recomputing(model))
        found = _alone(model, optimizer, settings, loss, measure)
        if count > 1:
            try:
                found = stack.enter_context(_shared(count, found, optimizer, settings, **options))
            except (CannotShare, shared_memory.WorkerKilled) as error:
                if settings.workers != "auto":
                    raise
                said = f"workers: 1, since {error}"
        yield found, said

"""How do several GPUs train one model?  A process for each, and NCCL adds up their gradients where they lie.

    python -m tinyformer pretrain ... --device cuda --workers 4          four GPUs of this machine
    mpiexec -n 8 -hostfile hosts python -m tinyformer pretrain ... --device cuda          on those that the file names

Each has the whole model and computes its shard of the batch.  Its gradients are laid one after another into one flat
array, with the loss behind them, and one all-reduce makes every such array the sum of all.  From here on everybody has
the same numbers and takes the same step, so that the models stay equal bit for bit and are never sent.  Whether the
step may be taken is settled on each GPU as by one alone (`on_device`), and nobody waits for a GPU between log lines:
the processes wait for one another only until each has told its GPU what to do.

What they say to one another goes by the ways of processes (`shared_memory`) or of MPI (`machines`); what their GPUs
say, by NCCL, over whatever connects them.
"""

import copy
import pickle
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from tinyformer.backend import library
from tinyformer.cuda.nccl import cards, nccl_of, why_not
from tinyformer.errors import InputError
from tinyformer.train import machines, shared_memory
from tinyformer.train.arena import CannotShare, lay_out, packed
from tinyformer.train.drivers import Team
from tinyformer.train.loop_settings import Settings
from tinyformer.train.noise import Noise
from tinyformer.train.on_device import OnDevice
from tinyformer.train.optimizers import Optimizer
from tinyformer.train.workers import become_worker


class Card:
    """Number `rank` of those that share every step: a GPU, and on it a model and an optimizer of its own."""

    def __init__(self, rank: int, number: int, work: OnDevice | None = None):
        self.rank, self.number, self.work = rank, number, work
        self.communicator: Any = None

    model = property(lambda self: self.work.model)

    def open(self, xp: bytes, thing: bytes) -> None:
        """Take the GPU, and have on it what the leader has; the leader has it."""
        if self.work is None:
            pickle.loads(xp).cuda.Device(self.number).use()    # before anything is made there
            model, optimizer, settings, functions = pickle.loads(thing)
            self.work = OnDevice(model, _whole(optimizer), settings, *functions)

    def join(self, size: int, name: bytes) -> None:
        """Meet the others in the communicator of this name: all come back when all have come."""
        o = self.work.optimizer
        self.communicator = nccl_of(o.xp).NcclCommunicator(size, name, self.rank)
        self.flat = o.xp.empty(o.values.size + 1, o.values.dtype)              # all gradients, and the loss

    def gradients(self, shard, counts: dict, noise: Noise) -> list[bool]:
        """Compute a shard, None where there are fewer rows than members; which parameters have a gradient."""
        self.work.optimizer.zero_grad()
        cost = None
        if shard is not None:
            cost, buffers = self.work.computed(shard, noise, counts)
            if buffers:
                raise InputError(f"{type(self.model).__name__} gives new values of its buffers ({', '.join(buffers)}), "
                                 "which one shard of a batch cannot know; train it with one worker (--workers 1)")
        self.work.lay_out(self.flat, cost)
        return [slot.tensor.grad is not None for slot in self.work.optimizer.slots]

    def add(self, step: int, moving: list[bool]) -> tuple | None:
        """Add up what all have, and settle the step; loss and norm as they are to be shown, on the leader's GPU.

        Where one of them has a gradient for a parameter everybody has: a step counts for all or for none.
        """
        flat, o, nccl = self.flat, self.work.optimizer, nccl_of(self.work.optimizer.xp)
        kind = nccl.NCCL_FLOAT64 if flat.dtype == np.float64 else nccl.NCCL_FLOAT32
        self.communicator.allReduce(flat.data.ptr, flat.data.ptr, flat.size, kind, nccl.NCCL_SUM,
                                    o.xp.cuda.get_current_stream().ptr)
        for slot, moves in zip(o.slots, moving, strict=True):
            slot.tensor.grad = flat[slot.start:slot.stop].reshape(slot.tensor.shape) if moves else None
        shown = self.work.settled(flat[o.values.size:], step, says=self.rank == 0)
        return shown if self.rank == 0 else None

    def move(self, learning_rate: float) -> None:
        self.work.move(learning_rate)

    def collect(self) -> None:
        self.work.collect()

    def figures(self, batch) -> dict[str, tuple[float, int]]:
        """The sums and counts of an evaluation, over one batch; none where there is none left for this one."""
        return {} if batch is None else next(self.work.figures([batch]))

    def close(self) -> None:
        """Part from the others, when all that was begun is done."""
        self.communicator, ended = None, self.communicator
        ended.destroy()

    def abort(self) -> None:
        """Part from others that may be no more: what the GPU waits for from them it waits for no longer."""
        if self.communicator is not None:
            self.communicator.abort()


class Cards(Team):
    """The GPUs as the leader sees them: `Team` in the same five calls, and no number comes down between log lines."""

    def gradients(self, batch, step: int) -> tuple:
        found = self.members.call("gradients", self.shards(batch, step))
        moving = [any(of_slot) for of_slot in zip(*found, strict=True)]
        cost, norm = self.members.call("add", [(step, moving)] * self.size)[0]
        return cost, norm, {}

    def move(self, learning_rate: float) -> None:
        self.members.call("move", [(learning_rate,)] * self.size)

    def culprit(self, step: int) -> tuple[int, str | None]:
        return self.members.member.work.culprit(step)


@contextmanager
def sharing(count: int, work: OnDevice, settings: Settings) -> Iterator[Cards]:
    """`count` GPUs share the steps that `work` would take alone, until the end of the block.

    CannotShare where something cannot be sent to another process, or where one does not come up.
    """
    xp = work.optimizer.xp
    if reason := why_not(xp, machines.here().size if machines.ranks() > 1 else count):
        raise CannotShare(f"{count} workers cannot share a step: {reason}; take one (--workers 1)")
    functions = work.loss, work.measure
    given = packed(xp), packed((work.model, _light(work.optimizer), settings, functions))
    mine = Card(0, xp.cuda.Device().id, work)
    with ExitStack() as stack:
        if machines.ranks() > 1:
            members = stack.enter_context(machines.leading(mine, seat))
        else:
            numbers = [n for n in range(cards(xp)) if n != mine.number]
            members = stack.enter_context(shared_memory.workers(
                mine, _work, [(Card(rank, numbers[rank - 1]),) for rank in range(1, count)]))
            stack.enter_context(_told_of_ends(members, mine))
        members.call("open", [given] * count)
        members.call("join", [(count, nccl_of(xp).get_unique_id())] * count)
        try:
            yield Cards(members, settings)
            members.call("close")
        finally:
            mine.abort()


def seat(world) -> Card:
    """The member that a rank of MPI is, on the GPU of its number among those of its machine."""
    return Card(world.rank, machines.here().rank)


def _work(leader: Connection, card: Card) -> None:
    """The life of a process that has a GPU: do what it is told until it is ended."""
    become_worker()
    shared_memory.serve(card, leader)


@contextmanager
def _told_of_ends(members: shared_memory.Workers, mine: Card) -> Iterator[None]:
    """Inside this block the end of a process lets go of this GPU, which would wait for it for ever, and this process.

    In a thread: who waits for a GPU hears no signal.
    """
    over, ours = shared_memory.pipe()

    def watch():
        if over not in wait([over, *(process.sentinel for process, _ in members.others)]):
            mine.abort()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ours.send("over")
        thread.join()


def _light(optimizer: Optimizer) -> Optimizer:
    """The optimizer without the arrays that can be made again of the model's."""
    light = copy.copy(optimizer)
    light.values = light.gathered = light.scratch = None
    return light


def _whole(optimizer: Optimizer) -> Optimizer:
    """The optimizer that was sent as `_light` makes it, its parameters views of one flat array again."""
    values = [slot.tensor.data.ravel() for slot in optimizer.slots]
    xp = library(values[0])
    optimizer.values = xp.concatenate(values)
    lay_out(optimizer, xp.empty)
    optimizer.gathered, optimizer.scratch = (xp.empty(optimizer.chunk, optimizer.values.dtype) for _ in range(2))
    return optimizer

"""How do several machines train one model?  Messages carry what processes on one machine would see.

    mpiexec -n 4 python -m tinyformer pretrain ...            four ranks on this machine
    mpiexec -hostfile hosts python -m tinyformer pretrain ...     on those that the file names

MPI (Message Passing Interface Forum 1994) starts the same program n times, as ranks 0 to n - 1, and carries messages
between them; mpi4py and the MPICH wheel bring it (the extra `mpi`).  Rank 0 leads: it alone reads the data, writes log
and checkpoints and answers signals.  The others wait to be told what to do, and hold a copy of the model.

A step takes two messages from each member to each: before `add` its part of the receiver's stretch of the gradients,
after `move` the sender's stretch of the parameters.  Gradients are added up by their owner in the order of the ranks,
so the sums do not hang on how MPI would add them, and are those of as many workers in shared memory, bit for bit.
Moments stay with their owner, and come to rank 0 for a checkpoint.

If a rank dies, mpiexec says so and ends the others; the last checkpoint is whole, as after any end.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from tinyformer.errors import InputError
from tinyformer.nn.module import Module
from tinyformer.ranks import launched, leads
from tinyformer.train.arena import Arena, laid_out
from tinyformer.train.cores import cores
from tinyformer.train.member import Member, sendable
from tinyformer.train.memory import keep_freed_memory
from tinyformer.train.optimizers import Optimizer
from tinyformer.train.threads import set_blas_threads

PATIENCE = 0.01                               # seconds between two looks, where there is nothing to do
_world: Any = None                            # the communicator of this program, once it has been entered
_here: Any = None                             # that of the ranks of this machine


def ranks() -> int:
    """How many ranks there are to share a step, this one included."""
    return 1 if _world is None else _world.size


def here() -> Any:
    """The communicator of the ranks that are on this machine: its size, and the rank of this one among them."""
    return _here


@contextmanager
def machines() -> Iterator[None]:
    """In this block rank 0 goes on alone; the others work for it, and leave the program when it is done.

    Where mpiexec has not started several, nothing happens.  InputError without mpi4py.
    """
    global _world, _here
    if launched() == 1:
        yield
        return
    if not leads():
        signal.signal(signal.SIGINT, signal.SIG_IGN)           # both are for rank 0 to answer
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        from mpi4py import MPI
    except ImportError as error:
        if not leads():
            sys.exit(2)                                        # one says it for all
        raise InputError(f"mpiexec started {launched()} of this, and they cannot speak to one another ({error}); "
                         "pip install 'tinyformer[mpi]'") from None
    _world = MPI.COMM_WORLD
    _here = _world.Split_type(MPI.COMM_TYPE_SHARED)
    set_blas_threads(max(1, cores() // _here.size))
    if _world.rank > 0:
        try:
            _work(_world)
        except BaseException as error:                         # nobody is left to tell it to
            print(f"rank {_world.rank}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            _world.Abort(1)
        sys.exit(0)
    try:
        yield
    finally:
        _wait(_world)
        _world.scatter([("leave", ())] * _world.size)


class Messages:
    """The `Exchange` of ranks."""

    def __init__(self, world, edges: list[int], parameters: int, dtype):
        self.world, self.edges = world, edges
        self.sizes = [stop - start for start, stop in pairwise(edges)]
        self.sent = np.zeros((world.size, parameters), bool)
        self.out = np.zeros(edges[-1], dtype)
        self.come = np.zeros((world.size, self.sizes[world.rank]), dtype)

    def outbox(self, owner: int) -> np.ndarray:
        return self.out[self.edges[owner]:self.edges[owner + 1]]

    def inbox(self) -> list[tuple[int, np.ndarray]]:
        mine, world = self.world.rank, self.world
        world.Allgather(self.sent[mine].copy(), self.sent)
        others, each = [rank != mine for rank in range(world.size)], self.sizes[mine]
        world.Alltoallv((self.out, ([size * other for size, other in zip(self.sizes, others, strict=True)],
                                    self.edges[:-1])),
                        (self.come, ([each * other for other in others], [each * rank for rank in range(world.size)])))
        return [(sender, box) for sender, box in enumerate(self.come) if sender != mine]

    def share(self, values: np.ndarray) -> None:
        mine = self.world.rank
        own = values[self.edges[mine]:self.edges[mine + 1]].copy()
        self.world.Allgatherv(own, (values, (self.sizes, self.edges[:-1])))


class Ranks:
    """The ranks as rank 0, their leader, sees them."""

    def __init__(self, world, member):
        self.world, self.member, self.size = world, member, world.size

    def call(self, name: str, arguments: Sequence[tuple] | None = None) -> list:
        """What the method `name` of each member returns, by rank, given the arguments for each; an error is one here.

        Also after an error of its own rank 0 waits for the others, or it would not be understood any more.
        """
        mine = self.world.scatter([(name, its) for its in arguments or [()] * self.size])
        try:
            answer = getattr(self.member, mine[0])(*mine[1])
        except BaseException as error:
            answer = error
        found = self.world.gather(answer)
        for answer in found:
            if isinstance(answer, BaseException):
                raise answer
        return found


@contextmanager
def sharing(model: Module, optimizer: Optimizer, *, keep_memory: bool = True, **options) -> Iterator[Ranks]:
    """All ranks share the steps of this optimizer until the end of the block; `options` are those of `Member`."""
    edges = optimizer.cuts(_world.size)
    with laid_out(model, optimizer) as arena:
        packed, mine = arena.pack((model, optimizer, options)), _member(_world, model, optimizer, edges, options)
        with leading(mine, _copied, arena.size, packed, edges, keep_memory) as members:
            _world.Bcast(np.frombuffer(arena.memory, np.uint8))
            yield members


@contextmanager
def leading(mine, begin: Callable, *arguments) -> Iterator[Ranks]:
    """A team of `mine`, here, and of what begin(world, *arguments) gives at each other rank, until the block ends."""
    _wait(_world)
    _world.scatter([("begin", (begin, arguments))] * _world.size)
    try:
        yield Ranks(_world, mine)
    finally:
        _world.scatter([("end", ())] * _world.size)


def _copied(world, size: int, packed: tuple, edges: list[int], keep_memory: bool) -> Member:
    """A member that has a copy of the model of rank 0."""
    if keep_memory:
        keep_freed_memory()
    arena = Arena(size)
    world.Bcast(np.frombuffer(arena.memory, np.uint8))
    model, optimizer, options = arena.unpack(*packed)
    return _member(world, model, optimizer, edges, options)


def _member(world, model: Module, optimizer: Optimizer, edges: list[int], options: dict) -> Member:
    messages = Messages(world, edges, len(optimizer.slots), optimizer.values.dtype)
    return Member(world.rank, model, optimizer, messages, edges, **options)


def _work(world) -> None:
    """The life of a rank other than 0: do what it is told until it is told to leave."""
    member = None
    while True:
        if member is None:
            _wait(world)
        name, arguments = world.scatter(None)
        if name == "leave":
            return
        if name == "end":
            member = None
        elif name == "begin":
            begin, given = arguments
            member = begin(world, *given)
        else:
            world.gather(_answer(member, name, arguments))


def _wait(world) -> None:
    """Until all have come here, patiently: MPI itself waits at full speed, which would be heard all over the room."""
    meeting = world.Ibarrier()
    while not meeting.Test():
        time.sleep(PATIENCE)


def _answer(member, name: str, arguments: tuple):
    try:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return getattr(member, name)(*arguments)
    except Exception as error:
        return sendable(error, member.rank)

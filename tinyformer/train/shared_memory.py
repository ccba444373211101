"""How do processes on one machine train one model?  They see the same memory, and wait for one another.

Parameters and moments lie in an arena, and so do the boxes in which workers put what of their gradients belongs to
others: a gradient is copied once, and no worker has a model of its own.  This process is the first of them and leads:
it tells each of the others what to do next, does its own part, and waits for the answers.  That is also the barrier
between the parts of a step.

The others are new processes ("spawn"): one that is forked off inherits locks without the threads that would open them.
Each has one thread of BLAS and, where the system allows it, a core.  They heed no Ctrl-C and no SIGTERM, which are for
this process to answer, and none outlives it.
"""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import numpy as np

from tinyformer.errors import WorkerError
from tinyformer.nn.module import Module
from tinyformer.train.arena import Arena, CannotShare, laid_out, room
from tinyformer.train.cores import free_cores, held_to
from tinyformer.train.member import Member, sendable
from tinyformer.train.memory import keep_freed_memory
from tinyformer.train.optimizers import Optimizer
from tinyformer.train.threads import blas_threads
from tinyformer.train.workers import become_worker, deaf_to


class Boxes:
    """The `Exchange` of workers that see the same memory: box[owner][sender], each as long as the owner's stretch."""

    def __init__(self, rank: int, boxes: list[list[np.ndarray | None]], sent: np.ndarray):
        self.rank, self.boxes, self.sent = rank, boxes, sent

    def outbox(self, owner: int) -> np.ndarray:
        return self.boxes[owner][self.rank]

    def inbox(self) -> list[tuple[int, np.ndarray]]:
        return [(sender, box) for sender, box in enumerate(self.boxes[self.rank]) if sender != self.rank]

    def share(self, values: np.ndarray) -> None:
        pass                                                   # everybody sees them


class WorkerKilled(WorkerError):
    """A worker that was ended by a signal, from outside."""


class Workers:
    """The workers as their leader sees them: the first is here, the others are (process, connection)."""

    def __init__(self, member, others: Sequence[tuple[BaseProcess, Connection]]):
        self.member, self.others, self.size = member, others, 1 + len(others)

    def call(self, name: str, arguments: Sequence[tuple] | None = None) -> list:
        """What the method `name` of each member returns, by rank, given the arguments for each.

        An error there is one here; WorkerError where one has ended.
        """
        given = arguments or [()] * self.size
        for rank, (_, connection) in enumerate(self.others, 1):
            try:
                connection.send((name, given[rank]))
            except OSError:
                raise self._lost(rank) from None
        found = [getattr(self.member, name)(*given[0])]
        return found + [self.answer(rank) for rank in range(1, self.size)]

    def answer(self, rank: int):
        """What another member has to say, when it is done."""
        process, connection = self.others[rank - 1]
        try:
            if connection not in wait([connection, process.sentinel]):
                raise self._lost(rank)
            answer = connection.recv()
        except (EOFError, OSError):
            raise self._lost(rank) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def look(self, *_) -> None:
        """WorkerError where one has ended; a handler for SIGCHLD, by which that is heard of in the middle of work."""
        for rank, (process, _) in enumerate(self.others, 1):
            if process.exitcode is not None:
                raise self._lost(rank)

    def _lost(self, rank: int) -> WorkerError:
        process, _ = self.others[rank - 1]
        process.join(5)
        code = process.exitcode
        how = (f"ended with exit status {code}" if code is None or code >= 0 else
               f"was ended by {signal.Signals(-code).name}")
        if code == -getattr(signal, "SIGKILL", 0):
            how += ", from outside, most often because memory ran out"
        kind = WorkerKilled if code is not None and code < 0 else WorkerError
        return kind(f"worker {rank + 1} of {self.size} (process {process.pid}) {how}")


@contextmanager
def sharing(count: int, model: Module, optimizer: Optimizer, *, keep_memory: bool = True,
            **options) -> Iterator[Workers]:
    """`count` workers for a model and its optimizer, until the end of the block; `options` are those of `Member`.

    They take about half a second to start.  CannotShare where there is no room, where something cannot be sent to
    another process, or where one does not come up; WorkerKilled where one is ended by a signal.
    """
    edges, slots, dtype = optimizer.cuts(count), optimizer.slots, optimizer.values.dtype
    more = (count - 1) * sum(room(stop - start, dtype) for start, stop in pairwise(edges))
    more += room(count * len(slots), bool)
    with ExitStack() as stack:
        arena = stack.enter_context(laid_out(model, optimizer, more))
        sent = arena.empty(count * len(slots), bool).reshape(count, len(slots))
        boxes = [[None if sender == owner else arena.empty(stop - start, dtype) for sender in range(count)]
                 for owner, (start, stop) in enumerate(pairwise(edges))]
        members = [Member(rank, model, optimizer, Boxes(rank, boxes, sent), edges, **options) for rank in range(count)]
        held = free_cores(count) or [None] * count
        others = [(core, keep_memory, arena, *arena.pack(member))
                  for core, member in zip(held[1:], members[1:], strict=True)]
        found = stack.enter_context(workers(members[0], _work, others))
        stack.enter_context(held_to(held[0]))
        stack.enter_context(blas_threads(1))
        yield found


@contextmanager
def workers(mine, work: Callable, arguments: Sequence[tuple]) -> Iterator[Workers]:
    """A team of `mine`, here, and of a new process for each of `arguments`, until the end of the block.

    The process does work(connection to this one, *its arguments), which ends in `serve`.
    """
    with ExitStack() as stack:
        team = Workers(mine, stack.enter_context(_started(work, arguments)))
        for rank in range(1, team.size):
            try:
                team.answer(rank)
            except WorkerKilled:
                raise
            except WorkerError as error:
                raise CannotShare(f"{error} before it was ready; a script that trains with several workers begins its "
                                  'work below `if __name__ == "__main__":`, since each of them reads it anew; '
                                  "or take one (--workers 1)") from None
        stack.enter_context(_told_of_ends(team))
        yield team


@contextmanager
def _started(work: Callable, arguments: Sequence[tuple]) -> Iterator[list[tuple[BaseProcess, Connection]]]:
    """A process for each; at the end of the block they are no more, whatever they are doing."""
    context, started = multiprocessing.get_context("spawn"), []
    try:
        with deaf_to(signal.SIGINT, signal.SIGTERM):
            for given in arguments:
                connection, far = pipe()
                try:
                    process = context.Process(target=work, daemon=True, args=(far, *given))
                    process.start()
                except (RuntimeError, OSError, AssertionError) as error:
                    raise CannotShare(f"no worker can be started: {str(error).strip()}") from None
                far.close()
                started.append((process, connection))
        yield started
    finally:
        for process, _ in started:
            process.kill()
        for process, connection in started:
            process.join()
            connection.close()


def pipe() -> tuple[Connection, Connection]:
    """Two ends, of which one may be sent to a process that is being started."""
    return multiprocessing.get_context("spawn").Pipe()


@contextmanager
def _told_of_ends(team: Workers) -> Iterator[None]:
    """Inside this block the end of a worker is heard of at once, also while this process is at work itself."""
    if not hasattr(signal, "SIGCHLD") or threading.current_thread() is not threading.main_thread():
        yield                                                  # it is heard of when the next answer is waited for
        return
    before = signal.signal(signal.SIGCHLD, team.look)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL if before is None else before)


def _work(leader: Connection, core: int | None, keep_memory: bool, arena: Arena, data: bytes, places: list) -> None:
    """The life of a worker: become a member, and do what it is told until it is ended."""
    become_worker()
    if keep_memory:
        keep_freed_memory()
    member = arena.unpack(data, places)
    with held_to(core):
        serve(member, leader)


def serve(member, leader: Connection) -> None:
    """Do what the leader says, until it is no more."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"), suppress(EOFError, OSError):
        leader.send("ready")
        while True:
            method, arguments = leader.recv()
            try:
                answer = getattr(member, method)(*arguments)
            except Exception as error:
                answer = sendable(error, member.rank)
            leader.send(answer)

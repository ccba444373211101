"""How does an answer come about?  Piece by piece, in one thread that has nothing else to do, while the server listens.

The engine says for the whole program whether it records a graph, so that two threads must not compute at once.  Between
two pieces of one answer there is room for pieces of others.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tinyformer.errors import InputError
from tinyformer.page.line import Line
from tinyformer.page.view import Function

WAITING = 32                                  # in one line
SECONDS = 120.0                               # of one answer, from its first piece
GLANCE = 1.0                                  # seconds after which one who waits is told his place again
END = object()


class Work:
    """The thread, and a line for each model and one for what needs none."""

    def __init__(self, waiting: int = WAITING, seconds: float = SECONDS):
        self.seconds, self.waiting = seconds, waiting
        self.thread = ThreadPoolExecutor(1, "work")
        self.lines: dict[Any, Line] = {}

    async def answer(self, function: Function, subject: Any, request: Any) -> AsyncGenerator[dict, None]:
        """{"place": n} while n others are before this one, and then {"piece": ...} for each piece of the answer.

        Whoever reads no further gives the model free, once the piece that is being computed is there.  `Full` where
        too many wait, InputError where it takes too long, and whatever the function raises.
        """
        line = self.lines.setdefault(request.model if function.of_model else None, Line(self.waiting))
        ticket = line.enter()
        try:
            while place := ticket.place:
                yield {"place": place}
                await ticket.moved(GLANCE)
                if not ticket.place:
                    yield {"place": 0}                         # who has gone in the meantime does not begin
            if not function.streams:
                yield {"piece": await self._in_thread(function.run, subject, request)}
                return
            pieces = function.run(subject, request)
            try:
                async for piece in self._pieces(pieces):
                    yield {"piece": piece}
            finally:
                await self._in_thread(pieces.close)
        finally:
            line.leave(ticket)

    async def _pieces(self, pieces: Iterator[dict]) -> AsyncGenerator[dict, None]:
        end = time.monotonic() + self.seconds
        while (piece := await self._in_thread(next, pieces, END)) is not END:
            yield piece
            if time.monotonic() > end:
                raise InputError(f"it has taken {self.seconds:g} seconds and is ended here; ask for less, or go on "
                                 "from here")

    def _in_thread(self, function: Callable, *arguments: Any) -> asyncio.Future:
        return asyncio.get_running_loop().run_in_executor(self.thread, function, *arguments)

"""Whose turn is it?  One at a time is at work with a model; the others wait in a line, and know their place in it."""

import asyncio


class Full(Exception):
    """So many wait already that one more would wait too long."""


class Ticket:
    """A place in a line, which moves up whenever somebody before it leaves."""

    def __init__(self, line: "Line"):
        self.line, self.news = line, asyncio.Event()

    @property
    def place(self) -> int:
        """How many stand before this one: 0 is whose turn it is."""
        return self.line.tickets.index(self)

    async def moved(self, seconds: float) -> None:
        """Wait until something has moved, or for so many seconds."""
        try:
            await asyncio.wait_for(self.news.wait(), seconds)
        except TimeoutError:
            return
        self.news.clear()


class Line:
    """First come, first served; at most `room` wait."""

    def __init__(self, room: int):
        self.room, self.tickets = room, list[Ticket]()

    def enter(self) -> Ticket:
        """A ticket at the end of the line; Full where it is too long."""
        if len(self.tickets) > self.room:
            raise Full
        ticket = Ticket(self)
        self.tickets.append(ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Go, from whatever place; those behind move up."""
        self.tickets.remove(ticket)
        for other in self.tickets:
            other.news.set()

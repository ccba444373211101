"""How does a request become an answer?  It is checked at the door, finds its view by name, and waits for its turn.

The server is Tornado's: it limits the time in which a request must have come, its headers and its body apart, and keeps
a connection open without a thread, so that slow readers and those who wait cost nothing.
"""

import asyncio
import json
import secrets
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from socket import socket
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

from tinyformer.errors import InputError
from tinyformer.opening import Table
from tinyformer.page import VIEWS, shown_files
from tinyformer.page.asked import read_request
from tinyformer.page.door import HEADERS, LARGEST_BODY, Door, Refused, body_of
from tinyformer.page.line import Full
from tinyformer.page.served import Behind
from tinyformer.page.work import Work
from tinyformer.places import say

COMING = 10.0                                 # seconds in which the headers, and then the body, must have come
READING = 20.0                                # seconds in which a piece of an answer must have been taken
LIMITS: dict[str, Any] = dict(
    max_header_size=16 * 1024, max_body_size=8 * LARGEST_BODY, max_buffer_size=16 * LARGEST_BODY,
    idle_connection_timeout=COMING, body_timeout=COMING)


class Page:
    """What all requests have in common."""

    def __init__(self, behind: Behind, door: Door, views: Table = VIEWS, work: Work | None = None):
        self.behind, self.door, self.views = behind, door, views
        self.questions = {name: views.question(name) for name in views}
        self.files, self.work = shown_files.table(), work or Work()

    def described(self) -> dict:
        """What the page is told first: its views, the models, and which suit which."""
        views = [{"name": name, "title": view.title, "question": self.questions[name],
                  "models": view.suited(self.behind), "needs": view.serves is not None}
                 for name, view in self.views.items()]
        return {"views": views, "models": [one.described() for one in self.behind.models]}

    def application(self) -> Application:
        routes: list = [("/api/page", AboutHandler, {"page": self}),
                        (r"/api/([a-z0-9_-]{1,40})/([a-z0-9_]{1,40})", AskHandler, {"page": self}),
                        (r"/.*", FileHandler, {"page": self})]
        return Application(routes, default_handler_class=FileHandler, default_handler_args={"page": self},
                           log_function=lambda handler: None)


class Handler(RequestHandler):
    """What each answer has in common: its headers, the check at the door, and errors of one sentence."""

    page: Page

    def initialize(self, page: Page) -> None:
        self.page, self.gone = page, False

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.clear_header("Server")

    def prepare(self) -> None:
        headers = self.request.headers
        if "Transfer-Encoding" in headers:
            raise HTTPError(400, reason="a request comes in one piece, with its Content-Length")
        self.guarded(lambda: self.page.door.check(headers.get_list("Host"), headers.get_list("Origin")))

    def guarded(self, work: Callable) -> Any:
        """What `work` returns; what it refuses is answered."""
        try:
            return work()
        except Refused as error:
            raise Said(error.status, str(error)) from None
        except InputError as error:
            raise Said(400, str(error)) from None

    def body(self) -> Any:
        return self.guarded(lambda: body_of(self.request.headers.get_list("Content-Type"), self.request.body))

    def on_connection_close(self) -> None:
        self.gone = True

    def compute_etag(self) -> None:
        return None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        said = error.sentence if isinstance(error, Said) else f"{status_code}: {self._reason}"
        if isinstance(error, Exception) and not isinstance(error, HTTPError):
            said = reported(error)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"error": said}))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Nothing: what is to be said is said where the error is answered."""


class Said(HTTPError):
    """An HTTP error with a sentence for the person at the browser."""

    def __init__(self, status: int, sentence: str):
        super().__init__(status)
        self.sentence = sentence


class FileHandler(Handler):
    """The files of the page, from a table."""

    def get(self) -> None:
        if self.request.path not in self.page.files:
            raise Said(404, "nothing stands here; the page is at /")
        kind, content = self.page.files[self.request.path]
        self.set_header("Content-Type", kind)
        self.finish(content)


class AboutHandler(Handler):
    """Which views and models there are."""

    def post(self) -> None:
        self.body()
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(self.page.described(), allow_nan=False))


class AskHandler(Handler):
    """One function of one view: lines of JSON, {"place": n} while others are before it, and {"piece": ...}."""

    async def post(self, view_name: str, name: str) -> None:
        view = self.page.views.get(view_name)
        if view is None or name not in view.functions:
            raise Said(404, "this page has no such view, or the view no such function")
        function, given = view.functions[name], self.body()
        request = self.guarded(lambda: read_request(function.request, given))
        subject = self.guarded(lambda: view.whose(function, request, self.page.behind))
        try:
            async with aclosing(self.page.work.answer(function, subject, request)) as messages:
                async for message in messages:
                    if self.gone:
                        return
                    await self.send(message)
        except (StreamClosedError, TimeoutError):              # nobody reads any more
            connection: Any = self.request.connection
            connection.close()
        except Full:
            await self.refuse(503, f"{self.page.work.waiting} wait for this model already; try again in a while")
        except InputError as error:
            await self.refuse(400, str(error))
        except Exception as error:
            await self.refuse(500, reported(error))

    async def send(self, message: dict) -> None:
        """One line of the answer, as soon as it is there; TimeoutError where it is not taken."""
        line = json.dumps(message, allow_nan=False) + "\n"
        if not self._headers_written:
            self.set_header("Content-Type", "application/x-ndjson")
        self.write(line)
        await asyncio.wait_for(self.flush(), READING)

    async def refuse(self, status: int, sentence: str) -> None:
        """The error, as a status where nothing has been sent yet, or else as the last line."""
        if not self._headers_written:
            raise Said(status, sentence)
        await self.send({"error": sentence})


def reported(error: BaseException) -> str:
    """A sentence with a number, under which the traceback stands in the terminal."""
    number = secrets.token_hex(4)
    say(f"page: error {number}\n" + "".join(traceback.format_exception(error)))
    return f"this went wrong inside (error {number}); the terminal that runs the page says more"


@contextmanager
def listening(host: str, port: int) -> Iterator[list[socket]]:
    """The sockets of this address, to which requests can come before anyone answers; InputError for a port in use."""
    try:
        sockets = bind_sockets(port, host)
    except (OSError, UnicodeError) as error:
        raise InputError(f"--host {host} --port {port}: cannot listen there ({error}); take another --port, or 0 for "
                         "one that is free") from None
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


def serve(behind: Behind, host: str, sockets: list[socket], ready: Callable[[Door], Any]) -> None:
    """Answer until Ctrl-C or SIGTERM; `ready` is told where, once the door is open."""
    before = signal.getsignal(signal.SIGTERM)
    asyncio.run(_answer(behind, host, sockets, ready))
    signal.signal(signal.SIGTERM, before)                      # it ended the loop, and goes on to whoever waits for it
    signal.raise_signal(signal.SIGTERM)


async def _answer(behind: Behind, host: str, sockets: list[socket], ready: Callable[[Door], Any]) -> None:
    door = Door(host, sockets[0].getsockname()[1])
    server = HTTPServer(Page(behind, door).application(), **LIMITS)
    server.add_sockets(sockets)
    ready(door)
    ended = asyncio.Event()
    with suppress(NotImplementedError):                        # Windows, where a signal ends the program at once
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()

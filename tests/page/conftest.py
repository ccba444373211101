"""What does a page need to be tried?  Small models behind it, a port of its own, and ways to ask as no browser asks."""

import asyncio
import http.client
import json
import socket
import threading

import numpy as np
import pytest

from tinyformer.data.frame import frame_of
from tinyformer.models import (
    GPT,
    T5,
    Bert,
    BertConfig,
    BertForPretraining,
    GPTConfig,
    Seq2Seq,
    Seq2SeqConfig,
    T5Config,
)
from tinyformer.opening import Table
from tinyformer.page.served import Served
from tinyformer.tasks import TASKS
from tinyformer.text import CharTokenizer, WordPieceTokenizer


class Running:
    """A server in a thread of this process."""

    def __init__(self, models, views=None, limits=None, **work):   # without `views`, ours and the strange one
        pytest.importorskip("tornado")
        from tornado.httpserver import HTTPServer
        from tornado.netutil import bind_sockets

        from tinyformer.page import VIEWS
        from tinyformer.page.door import Door
        from tinyformer.page.served import Behind
        from tinyformer.page.server import LIMITS, Page
        from tinyformer.page.work import Work
        views = views or Table({**VIEWS.places, "strange": "page.strange:VIEW"})
        self.behind = Behind(list(models))
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()

        async def start():
            sockets = bind_sockets(0, "127.0.0.1")
            self.port = sockets[0].getsockname()[1]
            self.page = Page(self.behind, Door("127.0.0.1", self.port), views, Work(**work))
            self.server = HTTPServer(self.page.application(), **{**LIMITS, **(limits or {})})
            self.server.add_sockets(sockets)
            ready.set()

        self.loop.create_task(start())
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        assert ready.wait(10)

    def stop(self):
        async def end():
            self.server.stop()
            await self.server.close_all_connections()
            self.loop.stop()
        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join(10)
        self.page.work.thread.shutdown()
        self.loop.close()

    # ---- asking ------------------------------------------------------------------------------------------------------

    def ask(self, path, request=None, method="POST", headers=None, body=None):
        """(status, headers, text) of one request, by default as the page itself would send it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        usual = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.port}"}
        body = json.dumps(request or {}) if body is None else body
        connection.request(method, path, body if method == "POST" else None,
                           {key: value for key, value in {**usual, **(headers or {})}.items() if value is not None})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, response.headers, text

    def pieces(self, path, request=None):
        """The lines of a good answer."""
        status, _, text = self.ask(path, request)
        assert status == 200, text
        return [json.loads(line) for line in text.splitlines()]

    def stream(self, path, request=None) -> socket.socket:
        """A connection on which the answer to this request is on its way."""
        body = json.dumps(request or {}).encode()
        return self.sent(f"POST {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def sent(self, data: bytes) -> socket.socket:
        """A connection on which these bytes were sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(data)
        return connection

    def raw(self, data: bytes, seconds: float = 20) -> bytes:
        """What comes back for these bytes until the server closes, or nothing more comes."""
        with self.sent(data) as connection:
            connection.settimeout(seconds)
            found = b""
            try:
                while part := connection.recv(65536):
                    found += part
            except (TimeoutError, ConnectionError):
                pass
            return found


TEXT = ("It was so. The red cat sees the old house. Anna lives in Oakford, and the tiny dog is a bird of the river. "
        "[MASK]")


def made() -> list[Served]:
    """Untrained: a GPT over letters, a BERT, a head for each task, and two encoders with decoders, BART's and T5's."""
    tokenizer, letters = WordPieceTokenizer.train([TEXT] * 3, 120), CharTokenizer.train([TEXT + "\n"])
    sizes = dict(layers=2, heads=2, width=16, context=48, dropout=0.0, init_std=0.2)
    rng = np.random.default_rng(0)
    found = [Served(0, "gpt", GPT(GPTConfig(vocabulary=len(letters), **sizes), rng), letters),
             Served(1, "bert", BertForPretraining(BertConfig(vocabulary=len(tokenizer), **sizes), rng), tokenizer)]
    for name in ("classify", "tag", "pair", "multilabel", "score", "answer"):
        task = TASKS[name]
        labels = () if name in ("score", "answer") else ("O", "B-PER", "I-PER")
        encoder = Bert(BertConfig(vocabulary=len(tokenizer), **sizes), rng)
        settings = task.settled(task.options(max_length=48, **({"stride": 8} if name == "answer" else {})))
        found.append(Served(len(found), name, task.head(encoder, labels, rng), tokenizer, task, settings))
    for name, kind, config in (("bart", Seq2Seq, Seq2SeqConfig), ("t5", T5, T5Config)):
        numbers = config(vocabulary=len(tokenizer), **sizes, **frame_of(tokenizer).of_config)
        found.append(Served(len(found), name, kind(numbers, rng), tokenizer))
    return found


@pytest.fixture(scope="session")
def models():
    return made()


@pytest.fixture(scope="module")
def page(models):
    running = Running(models)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser():
    """A real browser; see browser.py."""
    from page.browser import Browser
    found = Browser()
    yield found
    found.close()


@pytest.fixture
def open_view(page, browser):
    """A function: open a view with a state, and wait until it has shown something."""
    def show(path: str, css: str = ".view > *"):
        browser.open(f"http://127.0.0.1:{page.port}/{path}")
        browser.wait(lambda: browser.all(css))
    browser.screen()
    yield show
    assert browser.run("return window.broken") is None, "a text became markup"
    refusals = "responded with a status of 400"                # of what was asked wrongly, and is said in the page
    assert not [line for line in browser.complaints() if refusals not in line]

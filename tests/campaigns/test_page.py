"""Requests that no browser sends: each is refused in a sentence, or answered by what was meant, and nothing else comes.

    python -m pytest tests/campaigns/test_page.py -s --size 10000 --seed 1
"""

import json
import logging
import random
import re
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from page.conftest import Running, made

pytest.importorskip("tornado")
GOOD = {
    "/api/page": {}, "/api/write/choose": {"prompt": "The red", "top_k": 3, "top_p": 0.9, "temperature": 0.5},
    "/api/write/write": {"prompt": "The", "tokens": 2, "seed": 1}, "/api/write/align": {"model": 8, "written": [1, 2]},
    "/api/fill/fill": {"model": 1, "text": "the [MASK]", "top": 3}, "/api/heads/wanted": {"model": 7},
    "/api/fill/senses": {"model": 1, "word": "cat", "first": "a cat", "second": "the cat sees"},
    "/api/heads/predict": {"model": 2, "parts": ["a cat"]}, "/api/inside/read": {"model": 8, "text": "the cat"},
    "/api/inside/attention": {"text": "The cat", "attention": "layers.attend", "layer": 2},
    "/api/inside/lens": {"text": "The cat", "stack": "layers"}, "/api/graph/examples": {},
    "/api/inside/gradient": {"model": 1, "text": "a cat", "second": "the", "row": 1, "answer": "cat", "token": 2},
    "/api/graph/steps": {"formula": "h = softmax(x @ w)\nsum(h * y.T)", "sizes": "x 2 3; w 3 2; y 2 2", "seed": 1},
    "/api/runs/listed": {}, "/api/runs/curves": {"runs": [0]}, "/api/runs/sample": {"run": 0, "text": "a"},
    "/api/exercises/listed": {}}
PATHS = ["/", "/static/page.css", "/static/views/write.js", *GOOD, "/etc/passwd", "/static/../server.py", "/api//", "*"]
PIECES = ["..", "%2e%2e", "%252e", "/", "\\", "%00", "%ff", "%c0%ae", ";", "?", "#", "//", ".", "~", "static", "api",
          "etc/passwd", "server.py", "__init__.py", "\u00e9", "<script>alert(1)</script>", "%0d%0aX: y", "${x}", "|id"]
VALUES = [None, True, -1, 0, 10**30, 1e308, -0.0, float("nan"), float("inf"), "", "x" * 5000, "\u0000", "\ud800", "0",
          "<img src=x onerror=alert(1)>", "{{7*7}}", "%s%n", [], [[]], [1e308], ["a"], {}, {"a": {}}, "\u202e", "../..",
          "__import__('os')", "[MASK]" * 50, [-1], [10**9], [0.5], "\r\n\r\n", 1.5, 99]
HEADERS = ["Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 2, 2",
           "Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Host: evil.example", "Host: localhost\x00",
           "Origin: http://evil.example", "Origin: null", "Content-Type: text/plain", "Expect: 100-continue",
           "Connection: Upgrade", "Upgrade: websocket", "Content-Encoding: gzip", "X-Forwarded-Host: evil",
           "X-HTTP-Method-Override: GET", "Range: bytes=0-1", "Cookie: a=b", "If-None-Match: *", "\u00e9: x", " folded",
           "A" * 9000 + ": b", "no colon", ": empty", "Accept-Encoding: gzip", "Authorization: Basic eA=="]
METHODS = ["GET", "POST", "HEAD", "PUT", "OPTIONS", "TRACE", "CONNECT", "get", "G\u00c9T", "", "PRI", "POST POST"]
ALLOWED = {200, 400, 403, 404, 405, 413, 503}             # nothing of these requests may fail inside


def hostile(draw: random.Random, port: int) -> bytes:
    """One request with something wrong in it, or in several places, or with nothing wrong."""
    path = draw.choice(PATHS)
    given = dict(GOOD.get(path, {}))
    method = "POST" if path in GOOD else "GET"
    headers = [f"Host: localhost:{port}", "Content-Type: application/json"]
    body = b""
    for _ in range(draw.choice((0, 1, 1, 2))):
        given[draw.choice([*given, "model", "unknown", "x" * 100])] = draw.choice(VALUES)
    if method == "POST":
        body = json.dumps(given).encode("utf-8", "surrogatepass")
    kind = draw.randrange(9)
    if kind == 0:
        path += "/" * draw.randrange(2) + "".join(draw.choice(PIECES) for _ in range(draw.randrange(1, 6)))
        path = quote(path, safe="/%.?#;\\~") if draw.random() < 0.5 else path
    elif kind == 1:
        headers[draw.randrange(len(headers)):] = [draw.choice(HEADERS) for _ in range(draw.randrange(1, 4))]
    elif kind == 2:
        headers += [draw.choice(HEADERS) for _ in range(draw.randrange(1, 4))]
    elif kind == 3:
        method = draw.choice(METHODS)
    elif kind == 4:
        body = draw.choice([b"[" * 50_000, b'{"a":' * 9000, draw.randbytes(draw.randrange(300)), b"\xff" + body,
                            body[:-1], body * 2, b"x" * 70_000, b"1" * 5000, body.replace(b'"', b"'"), b""])
    elif kind == 5:
        body = body.replace(b":", draw.choice([b"::", b":[", b":{", b":1e999,"]), 1)
    if not any(line.lower().startswith(("content-length", "transfer")) for line in headers):
        headers.append(f"Content-Length: {len(body) + draw.choice((0, 0, 0, 0, 1, -1))}")
    version = draw.choice(["HTTP/1.1"] * 8 + ["HTTP/1.0", "HTTP/2.0", "HTTP/9", ""])
    whole = "\r\n".join([f"{method} {path} {version}", *headers, "", ""]).encode("utf-8", "surrogatepass") + body
    if kind == 6:
        at = draw.randrange(len(whole))
        whole = whole[:at] + draw.randbytes(draw.randrange(1, 5)) + whole[at + draw.randrange(3):]
    elif kind == 7:
        whole = whole[:draw.randrange(len(whole))]
    elif kind == 8 and draw.random() < 0.3:
        whole = draw.randbytes(draw.randrange(1, 400))
    return whole


def came_back(port: int, request: bytes) -> bytes:
    """Everything that the server sends until it closes."""
    found = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(request)
            while part := connection.recv(65536):
                found += part
    except ConnectionError:                                    # it had closed before all of it was sent
        pass
    return found


def check(answer: bytes, files: set[bytes], which: str) -> int | None:
    """The status of an answer; AssertionError for a traceback, words from inside, and a file that was not meant."""
    answer = answer.removeprefix(b"HTTP/1.1 100 (Continue)\r\n\r\n")
    if not answer:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    which = f"{which}: {answer[:500]!r}"
    assert status in ALLOWED, which
    if status == 200 and body in files:
        return status
    assert not re.search(rb"Traceback|File \"|root:|import |site-packages|Exception|Error\b", body), which
    lines = [json.loads(line) for line in body.splitlines() if line.startswith(b"{")]          # without chunks' sizes
    keys = {"piece", "place", "error", "views"} if status == 200 else {"error"}
    assert all(keys & line.keys() for line in lines) and (lines or not body), which
    return status


def test_hostile_requests(campaign, caplog, capfd):
    caplog.set_level(logging.INFO)
    page = Running(made(), limits=dict(idle_connection_timeout=0.2, body_timeout=0.2))
    files = {content for _, content in page.page.files.values()}
    counts: Counter = Counter()

    def one(trial):
        which, draw = trial
        request = hostile(draw, page.port)
        counts[check(came_back(page.port, request), files, f"{which}: {request[:300]!r}")] += 1

    try:
        with ThreadPoolExecutor(16) as pool:
            for _ in pool.map(one, campaign.trials(short=200)):
                pass
        assert page.ask("/api/write/choose", {"prompt": "The"})[0] == 200
        assert all(not line.tickets for line in page.page.work.lines.values())
    finally:
        page.stop()
    assert not [record for record in caplog.records if record.exc_info]
    assert "page: error" not in capfd.readouterr().err
    campaign.report(", ".join(f"{count:,} times {status or 'nothing'}" for status, count in counts.most_common()))
    assert counts[200] and counts[400] and counts[403] and counts[404]

"""Does nobody get in who does not belong?  Each way in is tried with a real request, as its bytes."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path

import pytest

from tinyformer.commands.page import Options, _say_where, run
from tinyformer.errors import InputError
from tinyformer.page.door import LARGEST_BODY, Door, Refused
from tinyformer.page.shown_files import table

pytest.importorskip("tornado")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="all of 127.x.x.x is this machine on Linux alone")
ROOT = Path(__file__).parent.parent.parent


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def get(page, path: str, *headers: str, host: str | None = None) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host or f'localhost:{page.port}'}", "Connection: close", *headers]
    return page.raw("\r\n".join([*lines, "", ""]).encode("latin-1"))


# ---- 127.0.0.1 alone, by its names alone -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A function: the page as a process of its own, without models, and the line that it prints."""
    processes = []

    def start(*words):
        process = subprocess.Popen([sys.executable, "-m", "tinyformer", "page", "--no-browser", "--port", "0", *words],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   cwd=tmp_path_factory.mktemp("empty"),
                                   env={**os.environ, "PYTHONPATH": str(ROOT)})
        processes.append(process)
        return process, process.stdout.readline()
    yield start
    for process in processes:
        process.terminate()
        process.communicate(timeout=20)


@on_linux
def test_the_command_says_where_it_is_and_ends_by_a_signal(started):
    process, line = started()
    port = int(re.match(r"http://127\.0\.0\.1:(\d+)/", line)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    with pytest.raises(OSError):                               # another address of this machine
        socket.create_connection(("127.0.0.2", port), timeout=5)
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 143 and "WARNING" not in errors and "no model was named" in errors


def test_a_port_that_is_taken_is_noticed_before_the_models_are_loaded(monkeypatch):
    monkeypatch.setattr("tinyformer.page.served.open_all", lambda *_: pytest.fail("the models were loaded first"))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="take another --port"):
        run(Options(port=taken.getsockname()[1], browser=False))


@on_linux
def test_another_address_needs_a_flag_and_is_warned_of(started):
    process, line = started("--host", "0.0.0.0")
    port = int(re.search(r":(\d+)/", line)[1])
    with socket.create_connection(("127.0.0.2", port), timeout=5) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.2:{port}\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    process.terminate()
    assert "WARNING: --host 0.0.0.0 lets in whoever" in process.communicate(timeout=20)[1]


def test_the_names_of_this_page_are_let_in(page):
    for name in ("localhost", "LOCALHOST", "127.0.0.1", "[::1]"):
        assert status(get(page, "/", host=f"{name}:{page.port}")) == 200, name


@pytest.mark.parametrize("host", ["evil.example:{port}", "127.0.0.1.evil.example:{port}", "evil.example:1",
                                  "localhost.evil.example:{port}",
                                  "evil.example", "localhost", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:{port}1", "",
                                  "localhost:{port}@evil.example", "evil.example@localhost:{port}", "0.0.0.0:{port}",
                                  "127.1:{port}", "2130706433:{port}", "::1:{port}", "localhost:{port} ,evil.example",
                                  "192.168.0.1:{port}", "localhost.:{port}"])
def test_a_host_of_another_name_is_refused(page, host):
    """A name of somebody else's may have been made to mean 127.0.0.1 (DNS rebinding)."""
    assert status(get(page, "/", host=host.format(port=page.port) or " ")) in (400, 403)


def test_no_host_and_two_hosts_are_refused(page):
    assert status(page.raw(b"GET / HTTP/1.0\r\n\r\n")) in (400, 403)
    assert status(get(page, "/", f"Host: localhost:{page.port}")) in (400, 403)


def test_a_page_that_others_reach_knows_its_addresses_and_its_own_name():
    door = Door("0.0.0.0", 8000)
    door.check(["192.168.0.7:8000"], ["http://192.168.0.7:8000"])
    Door("pi.home", 8000).check(["PI.home:8000"], [])
    Door("127.0.0.1", 80).check(["localhost"], ["http://localhost"])
    for host in ("evil.example:8000", "192.168.0.7:8001", "192.168.0.7"):
        with pytest.raises(Refused):
            door.check([host], [])


def test_a_page_that_others_reach_reads_from_itself_alone():
    """A site of somebody else's may have an address in numbers too, and the same port."""
    for origin in ("http://6.6.6.6:8000", "http://localhost:8000", "https://192.168.0.7:8000"):
        with pytest.raises(Refused, match="another site"):
            Door("0.0.0.0", 8000).check(["192.168.0.7:8000"], [origin])


def test_a_browser_that_stays_in_the_terminal_is_served(monkeypatch, capsys):
    left = threading.Event()
    monkeypatch.setattr(webbrowser, "open", lambda address: left.wait(20))
    began = time.monotonic()
    _say_where(Door("127.0.0.1", 8000), browser=True)
    assert time.monotonic() < began + 5 and capsys.readouterr().out.startswith("http://127.0.0.1:8000/")
    left.set()


# ---- who asks, and how -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1",
                                    "http://127.0.0.1:{port}.evil.example", "file://", "http://localhost:1"])
def test_another_origin_is_refused(page, origin):
    origin = origin.format(port=page.port)
    assert page.ask("/api/page", headers={"Origin": origin})[0] == 403
    assert status(get(page, "/", f"Origin: {origin}")) == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "application/json; charset=latin-1", "text/plain; application/json", None])
def test_only_json_is_read(page, kind):
    assert page.ask("/api/page", headers={"Content-Type": kind})[0] in (400, 403)


def test_json_without_an_origin_is_read_for_a_program_may_ask(page):
    assert page.ask("/api/page", headers={"Origin": None})[0] == 200
    assert page.ask("/api/page", headers={"Content-Type": "application/json; charset=UTF-8"})[0] == 200


def test_no_answer_lets_another_site_read_it(page):
    for answer in (page.ask("/api/page"), page.ask("/", method="GET"), page.ask("/none", method="GET"),
                   page.ask("/api/page", headers={"Origin": "http://evil.example"})):
        assert not [name for name in answer[1] if name.lower().startswith("access-control")]
        assert answer[1]["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in answer[1]


def test_other_methods_do_nothing(page):
    for method in ("PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT", "BREW"):
        answer = page.raw(f"{method} /api/page HTTP/1.1\r\nHost: localhost:{page.port}\r\nConnection: close\r\n\r\n"
                          .encode())
        assert status(answer) in (400, 405), answer
    assert status(get(page, "/api/page")) == 405
    assert page.ask("/", {})[0] == 405


# ---- sizes, and the ways to send them wrongly ------------------------------------------------------------------------


def test_a_large_body_is_refused(page):
    text = json.dumps({"model": 0, "prompt": "x" * LARGEST_BODY})
    assert page.ask("/api/write/choose", body=text)[0] == 413
    head = f"POST /api/page HTTP/1.1\r\nHost: localhost:{page.port}\r\nContent-Type: application/json\r\n"
    assert status(page.raw(f"{head}Content-Length: 100000000000\r\n\r\n{{}}".encode(), 2)) in (400, 413)
    assert status(page.raw(f"{head}X: {'x' * 30_000}\r\n\r\n".encode(), 2) or b" 431 ") in (400, 431)


@pytest.mark.parametrize("lines", ["", "Content-Length: -1", "Content-Length: 2\r\nContent-Length: 3",
                                   "Content-Length: two", "Content-Length: +2", "Content-Length: 0x2",
                                   "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
                                   "Content-Length: 2\r\nTransfer-Encoding: chunked", "Content-Length: 1_0"])
def test_a_body_of_unclear_length_is_refused(page, lines):
    body = "2\r\n{}\r\n0\r\n\r\n" if "chunked" in lines else "{}"
    lines = f"{lines}\r\n" if lines else ""
    answer = page.raw(f"POST /api/page HTTP/1.1\r\nHost: localhost:{page.port}\r\nContent-Type: application/json\r\n"
                      f"Connection: close\r\n{lines}\r\n{body}".encode(), 2)
    assert status(answer) in (400, 411) and b"views" not in answer


@pytest.mark.parametrize("body", [b"\xff\xfe{}", '{"a": 1}'.encode("utf-16"), b"[" * 60_000, b'{"a":' * 10_000, b"{",
                                  b"", b'{"model": 0, "model": 1}', b"1" * 5000, b"[]", b"null", b"\x00", b'"\\ud800"',
                                  b'{"model": NaN}', b'{"prompt": "\\ud800"}', b'{"prompt": "a\\u0000b"}',
                                  b'{"model": 1e999}', b'{"model": true}', b'{"model": "0"}', b'{"model": -1}',
                                  b'{"model": 1000000000000000000000000}', b'{"unknown": 1}', b'{"__class__": 1}',
                                  b'{"prompt": null}', b'{"written": "abc"}', b'{"written": [1.5]}',
                                  b'{"written": [-1]}', b'{"written": [1e300]}', b'{"model": 99}',
                                  b'{"model": "../../etc/passwd"}', b'{"temperature": 1e999}'])
def test_a_body_that_says_nothing_is_refused_in_a_sentence(page, body):
    found, _, text = page.ask("/api/write/choose", body=body)
    assert found == 400 and 10 < len(json.loads(text)["error"]) < 300, text
    assert "Traceback" not in text and "tinyformer/" not in text


def test_slow_senders_are_sent_away(models):
    """Neither the headers nor the body may take longer than the limit, however steadily they drip."""
    from page.conftest import Running
    slow = Running(models, limits=dict(idle_connection_timeout=0.5, body_timeout=0.5))
    try:
        head = f"POST /api/page HTTP/1.1\r\nHost: localhost:{slow.port}\r\nContent-Type: application/json\r\n"
        for beginning in (b"", head.encode(), f"{head}Content-Length: 1000\r\n\r\n".encode()):
            began = time.monotonic()
            with slow.sent(beginning) as connection, pytest.raises((BrokenPipeError, ConnectionError)):
                while time.monotonic() < began + 10:
                    connection.sendall(b"x")
                    time.sleep(0.05)
            assert time.monotonic() < began + 5
        assert slow.ask("/api/page")[0] == 200
    finally:
        slow.stop()


# ---- files, and what is shown ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/static/../server.py", "/static/../../errors.py",
                                  "/%2e%2e/%2e%2e/etc/passwd", "/static/%2e%2e/server.py", "/static/..%2fserver.py",
                                  "/static/%252e%252e/server.py", "/static//page.css", "//etc/passwd", "/etc/passwd",
                                  "/static/page.css%00", "/static/page.css/", "/static/", "/static/views",
                                  "/static/..\\server.py", "/index.html", "/static/index.html", "/server.py", "/api/",
                                  "/static/%c0%ae%c0%ae/server.py", "/~root", "/static/.", "/static/page.css;x",
                                  "http://evil.example/static/page.css", "*", "/%ff", "/static/page.CSS"])
def test_nothing_but_the_files_of_the_table_is_given_out(page, path):
    answer = get(page, path)
    assert status(answer) in (400, 404, 405), answer[:200]
    assert b"root:" not in answer and b"import" not in answer


def test_every_file_of_the_page_is_given_out_with_its_type(page):
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert len(table()) > 8
    for path, (kind, content) in table().items():
        found, headers, text = page.ask(path, method="GET")
        assert found == 200 and text.encode() == content
        assert headers["Content-Type"] == kind and kind.startswith(kinds.get(path.rpartition(".")[2], "text/html"))


def test_the_policy_lets_nothing_in_but_our_own_files(page):
    headers = page.ask("/", method="GET")[1]
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["trusted-types"] == "'none'"
    assert all(value in ("'none'", "'self'", "'script'") for value in policy.values())
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_no_file_of_the_page_makes_markup_of_text_or_fetches_from_elsewhere():
    html = table()["/"][1].decode()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", html)
    for path, (_, content) in table().items():
        text = content.decode()
        assert not re.search("innerHTML|outerHTML|insertAdjacentHTML|document.write|eval\\(|new Function|DOMParser|"
                             "setHTML|createContextualFragment|srcdoc", text), path
        addresses = {*re.findall(r"https?://[^\s'\"<>)`]+", text)} - {"http://www.w3.org/2000/svg"}
        assert not addresses, f"{path}: {addresses}"


def test_a_text_with_markup_comes_back_as_it_was(page):
    """Escaped by nobody, for JSON needs it not; that the page shows it as text is seen in the browser."""
    found, headers, text = page.ask("/api/fill/fill", {"model": 1, "text": "<script>alert(1)</script> [MASK]"})
    assert found == 200 and headers["Content-Type"] == "application/x-ndjson"
    assert "<script>alert(1)</script>" in json.loads(text)["piece"]["filled"]
    assert "<script>" not in page.ask("/<script>alert(1)</script>", method="GET")[2]


# ---- errors ----------------------------------------------------------------------------------------------------------


def test_an_error_inside_is_a_number_here_and_a_traceback_there(page, capfd):
    found, _, text = page.ask("/api/strange/fails")
    number = re.search(r"\(error ([0-9a-f]{8})\)", json.loads(text)["error"])[1]
    assert found == 500 and "secret" not in text and "Traceback" not in text
    errors = capfd.readouterr().err
    assert number in errors and "Traceback" in errors and "a secret" in errors


def test_an_error_in_the_midst_of_an_answer_is_its_last_line(page, capfd):
    first, last = page.pieces("/api/strange/fails_late")
    assert first == {"piece": {"number": 0}} and "(error " in last["error"] and "secret" not in last["error"]
    assert "a secret" in capfd.readouterr().err


def test_a_number_that_is_none_is_an_error_inside(page, capfd):
    assert page.ask("/api/strange/no_number")[0] == 500
    assert "not JSON compliant" in capfd.readouterr().err


def test_views_and_functions_are_found_by_name_alone(page):
    for path in ("/api/none/fill", "/api/fill/none", "/api/fill/_read", "/api/fill/__class__", "/api/write"):
        assert page.ask(path)[0] in (404, 405), path


def test_a_model_is_named_by_its_number_and_must_suit(page):
    assert "which this view cannot show" in page.ask("/api/write/choose", {"model": 1})[2]
    assert "counted from 0" in page.ask("/api/fill/fill", {"model": 99, "text": "a [MASK]"})[2]

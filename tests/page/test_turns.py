"""Does everybody have a turn?  One at a time with a model, places in the line, and models that are free again."""

import threading
import time

import pytest

from page.strange import RUNNING

pytest.importorskip("tornado")


def eventually(holds, seconds: float = 5.0) -> bool:
    """Whether it comes to hold within so many seconds."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def waiting(page) -> int:
    """How many stand in the line of model 0, whoever is at work included."""
    line = page.page.work.lines.get(0)
    return len(line.tickets) if line else 0


def test_one_is_at_work_and_the_others_know_their_place(page):
    first = page.stream("/api/strange/count", {"pieces": 100_000, "pause": 0.01})
    first.recv(300)
    others = []
    for number in (1, 2):
        others.append(page.stream("/api/strange/count", {"pieces": 2}))
        assert f'{{"place": {number}}}'.encode() in others[-1].recv(1000)
    first.close()
    for connection in others:
        text = b""
        while b'"number": 1' not in text:
            text += connection.recv(1000)
    assert eventually(lambda: waiting(page) == 0)


def test_a_place_moves_up(page):
    first = page.stream("/api/strange/count", {"pieces": 100_000, "pause": 0.01})
    first.recv(300)
    second = page.stream("/api/strange/count", {"pieces": 1})
    assert b'{"place": 1}' in second.recv(1000)                # it has come, and the third one comes behind it
    third = page.stream("/api/strange/count", {"pieces": 1})
    assert b'{"place": 2}' in third.recv(1000)
    second.close()
    first.close()
    text = b""
    while b'"number": 0' not in text:
        text += third.recv(1000)
    assert b'{"place": 0}' in text
    third.close()
    assert eventually(lambda: waiting(page) == 0)


def test_who_goes_away_frees_the_model_and_a_place(page):
    running = page.stream("/api/strange/count", {"pieces": 100_000, "pause": 0.01})
    running.recv(300)
    vanished = page.stream("/api/strange/count", {"pieces": 100_000, "pause": 0.01})
    vanished.recv(300)
    assert waiting(page) == 2
    vanished.close()
    running.close()
    assert eventually(lambda: waiting(page) == 0) and not any(RUNNING.values())
    assert len(page.pieces("/api/strange/count", {"pieces": 2})) == 2


def test_models_do_not_wait_for_one_another(page):
    with page.stream("/api/strange/count", {"model": 0, "pieces": 100_000, "pause": 0.01}) as running:
        running.recv(300)
        assert len(page.pieces("/api/strange/count", {"model": 1})) == 3
        found = page.pieces("/api/fill/fill", {"model": 1, "text": "the [MASK]"})
        assert [*found[0]] == ["piece"]
    assert eventually(lambda: waiting(page) == 0)


def test_a_line_that_is_too_long_says_so(models):
    from page.conftest import Running
    page = Running(models, waiting=2)
    try:
        running = [page.stream("/api/strange/count", {"pieces": 100_000, "pause": 0.01}) for _ in range(3)]
        assert eventually(lambda: waiting(page) == 3)
        status, _, text = page.ask("/api/strange/count")
        assert status == 503 and "2 wait for this model already" in text
        for connection in running:
            connection.close()
        assert eventually(lambda: waiting(page) == 0)
    finally:
        page.stop()


def test_an_answer_that_takes_too_long_is_ended(models):
    from page.conftest import Running
    page = Running(models, seconds=0.1)
    try:
        found = page.pieces("/api/strange/count", {"pieces": 100_000, "pause": 0.02})
        assert 2 < len(found) < 50 and "it has taken 0.1 seconds" in found[-1]["error"]
        assert waiting(page) == 0
    finally:
        page.stop()


def test_who_does_not_read_does_not_keep_the_model(models, monkeypatch):
    from page.conftest import Running
    from tinyformer.page import server
    monkeypatch.setattr(server, "READING", 0.3)
    page = Running(models)
    try:
        deaf = page.stream("/api/strange/count", {"pieces": 100, "size": 10**6})
        assert eventually(lambda: waiting(page) == 1)
        assert eventually(lambda: waiting(page) == 0)
        deaf.close()
    finally:
        page.stop()


def test_two_hundred_at_once_leave_it_responsive(page):
    """All are answered, most of them with words that the line is long, and meanwhile the page itself comes quickly."""
    found, slowest = [], 0.0

    def ask():
        found.append(page.ask("/api/write/choose", {"model": 0, "prompt": "The red cat"})[0])

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        assert page.ask("/", method="GET")[0] == 200
        slowest = max(slowest, time.monotonic() - began)
    assert len(found) == 200 and {*found} <= {200, 503} and found.count(200) >= 33
    print(f"\nthe page itself took {slowest:.2f} s at most")
    assert slowest < 3
    assert eventually(lambda: waiting(page) == 0)

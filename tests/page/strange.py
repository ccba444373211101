"""What if a view takes its time, or fails?  This one does, for the tests."""

import time
from dataclasses import dataclass

from tinyformer.page.asked import OfModel, asked
from tinyformer.page.served import Served
from tinyformer.page.view import View

VIEW = View("Strange", serves=lambda served: True)
RUNNING: dict[int, int] = {}          # how many are at work with each model


@dataclass(frozen=True, kw_only=True)
class Patience(OfModel):
    """How long an answer takes."""

    pieces: int = asked("pieces", 3, least=1, most=10**6)
    pause: float = asked("seconds before each", 0.0, least=0, most=5)
    size: int = asked("characters of each", 1, least=1, most=10**7)


@VIEW.function
def count(served: Served, request: Patience):
    """So many pieces; it complains where two are at work with one model."""
    RUNNING[served.number] = RUNNING.get(served.number, 0) + 1
    assert RUNNING[served.number] == 1, "two are at work with one model"
    try:
        for number in range(request.pieces):
            time.sleep(request.pause)
            yield {"number": number, "text": "x" * request.size}
    finally:
        RUNNING[served.number] -= 1


@VIEW.function
def fails(served: Served, request: OfModel) -> dict:
    raise RuntimeError("a secret: /home/somebody/model")


@VIEW.function
def fails_late(served: Served, request: OfModel):
    yield {"number": 0}
    raise RuntimeError("a secret: /home/somebody/model")


@VIEW.function
def no_number(served: Served, request: OfModel) -> dict:
    return {"nan": float("nan")}

"""How is a file damaged?  Bits turn, pieces go or come twice, and what breaks programs gets in; or one value of a JSON.

`refusal` holds whoever reads it to the contract: an answer, or an error of the kinds that are promised, and soon.
"""

import json
import random
import signal
import time
from collections.abc import Callable
from contextlib import contextmanager

NASTY = (b"\x00", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\r", b"\r\n", b"\n", b"\n\n",
         b"\t", b"\t\t", b" ", b"\x0b", b"\x0c", b"\x1a", b"\x1c", b"\xc2\x85", b"\xc2\xa0", b"\xe2\x80\xa8",
         b"\xe3\x80\x80", b"\xc2\xb2", b"\xd9\xa3", b"\xf0\x9f\x98\x80", b"-1", b"0", b"1", b"00", b"1e999", b"1_0",
         b"2.5", b"nan", b"NaN", b"Infinity", b"null", b"true", b"[]", b"{}", b'"', b'""', b"'", b"\\", b"\\ud800",
         b"\\u0000", b",", b":", b"#", b"# ", b"-", b"_", b"=", b"(", b"[" * 3000, b"9" * 5000,
         b"18446744073709551616", b"a" * 3000)
NUMBERS = (0, 1, -1, 2, 3, 2**31, 2**63, -2**63, 2**64, 10**30, 10**400, 0.5, -0.0, 1e-320, 1e308, float("nan"),
           float("inf"), -float("inf"))
VALUES = (*NUMBERS, None, True, False, "", " ", "0", "a", "\ud800", "\u0000", "x" * 3000, [], [0], [[]], {}, {"a": 0},
          ["a", "b"], [None], {"": None})


def damaged(data: bytes, draw: random.Random) -> bytes:
    """`data` with one to four faults in it, each at a place of its own."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        found = bytearray(data)
        start = draw.randrange(len(found) + 1)
        end = min(len(found), start + draw.choice((1, 1, 2, 8, 40)))
        match draw.randrange(9):
            case 0 if start < len(found):
                found[start] ^= 1 << draw.randrange(8)
            case 1:
                del found[start:end]
            case 2:
                found[start:start] = found[start:end]
            case 3:
                found[start:start] = draw.choice(NASTY)
            case 4:
                found[start:end] = draw.choice(NASTY)
            case 5:
                del found[start:]
            case 6:
                lines = bytes(found).split(b"\n")
                draw.shuffle(lines)
                found = bytearray(b"\n".join(lines))
            case 7:
                lines = bytes(found).split(b"\n")
                lines[draw.randrange(len(lines))] = draw.choice(lines)
                found = bytearray(b"\n".join(lines))
            case _:
                other = draw.randrange(len(found) + 1)
                found[start:start] = found[other:other + draw.choice((1, 4, 30))]
        data = bytes(found)
    return data


def changed(value, draw: random.Random):
    """A JSON value in which one other value, somewhere, is another, or gone, or under another name."""
    value = json.loads(json.dumps(value))
    places = list(_places(value))
    holder, key = draw.choice(places)
    match draw.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[draw.choice((key + "s", key.upper(), "", "x"))] = holder.pop(key)
        case 2:
            holder[key] = json.loads(json.dumps(draw.choice([holder[key] for holder, key in places])))
        case 3 if isinstance(holder, list):
            holder.insert(key, holder[key])
        case _:
            holder[key] = draw.choice(VALUES)
    return value


def _places(value):
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


class Hang(BaseException):
    """It took too long: no `except Exception` of the tested code may take this for its own."""


@contextmanager
def soon(seconds: float):
    """Hang, unless the block is done in so many seconds of the processor, and in a minute by the clock."""
    def stop(*_):
        raise Hang(f"not done after {seconds} s of work, or a minute")
    before = [signal.signal(number, stop) for number in (signal.SIGVTALRM, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 60)
    began = time.process_time()
    try:
        yield
        if time.process_time() - began > seconds:
            stop()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in zip((signal.SIGVTALRM, signal.SIGALRM), before, strict=True):
            signal.signal(number, handler)


def refusal(which: str, kinds: tuple[type[Exception], ...], call: Callable, *given, seconds: float = 2, **more):
    """(what call(...) returns, None), or (None, its error) if that is one of the `kinds`; all else is a finding."""
    try:
        with soon(seconds):
            return call(*given, **more), None
    except kinds as error:
        return None, error
    except (Exception, Hang) as error:
        raise AssertionError(f"{which}: {type(error).__name__}: {str(error)[:300]}") from error

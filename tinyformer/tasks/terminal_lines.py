"""How does a text fit a terminal?  In lines of its width, without anything that would steer it.

Each head writes its mistakes with these: how many are wrong, and then some of those.
"""

import re
import shutil
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

LINES = 8                                     # of a text, at most
PIECE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]|[^\s\u2e80-\u9fff\uac00-\ud7af]+|\s+")


def heading(wrong: int, total: int, what: str, most: int, how: str) -> str:
    """How many of all are wrong, and `how` those that are shown were chosen; `what` is the name of one of them."""
    if not total:
        return f"there are no {what}s"
    if not wrong:
        return f"0 of {many(total, what)} wrong"
    shown = f"; {min(most, wrong)} of them{how}:" if most < wrong else f"{how}:"
    return f"{wrong:,} of {many(total, what)} wrong{shown}"


def many(n: int, what: str) -> str:
    """"1 pair", "2,000 pairs"."""
    return f"{n:,} {what}" + "s" * (n != 1)


def texts(parts: Sequence[str], width: int) -> list[str]:
    """The one text of an example, or several with numbers in front, in lines."""
    named = parts if len(parts) == 1 else [f"{number}: {part}" for number, part in enumerate(parts, 1)]
    return [line for part in named for line in wrapped(part, width, 4)]


def terminal_width(width: int | None) -> int:
    """That of the terminal unless it is given, and 100 where there is no terminal; at least 40."""
    return max(40, shutil.get_terminal_size((100, 24)).columns if width is None else width)


def screen_columns(text: str) -> int:
    """How many columns of a terminal the text fills: two for Chinese, none for an accent that joins a letter."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def clipped(text: str, most: int) -> str:
    """The text on one line, or its beginning and an ellipsis where it fills more than `most` columns."""
    text = _plain(text)
    return text if screen_columns(text) <= most else text[:_fitting(text, most - 1)] + "…"


def _fitting(text: str, room: int) -> int:
    """How many characters from the beginning fill no more than `room` columns."""
    return bisect_right(list(accumulate(map(screen_columns, text))), room)


def wrapped(text: str, width: int, indent: int, lines: int = LINES) -> list[str]:
    """The text in lines of at most this width, each indented; those beyond `lines` are left out."""
    room, found = width - indent, [""]
    for piece in PIECE.findall(_plain(text)[:4 * width * (lines + 1)]):       # more would not be shown
        if screen_columns(found[-1]) + screen_columns(piece.rstrip()) > room:
            found.append("")
        if not piece.isspace() or found[-1]:
            found[-1] += piece
        while screen_columns(found[-1].rstrip()) > room:       # a word that is longer than a line
            fits = _fitting(found[-1], room)
            found[-1:] = [found[-1][:fits], found[-1][fits:]]
    if len(found) > lines:
        found = [*found[:lines - 1], clipped(found[lines - 1], room - 2).removesuffix("…").rstrip() + " …"]
    return [" " * indent + line.rstrip() for line in found]


def _plain(text: str) -> str:
    """On one line, without characters that would steer the terminal."""
    text = " ".join(text.split())
    return "".join(c if c.isprintable() else "\ufffd" for c in text)

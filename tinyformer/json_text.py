"""What does a JSON text say, and what is wrong where it says nothing?  The answer comes in time that is linear in it.

Python's own reader takes the last of two equal keys, and fails in four ways.  Here all of them are one.
"""

import json
from typing import Any


class NotJSON(ValueError):
    """Why a text is no JSON, and where: `line` and `column` from 1, `place` in characters, None where none is known."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None, place: int | None = None):
        super().__init__(reason)
        self.line, self.column, self.place = line, column, place

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return "was the file cut short?" if self.line is not None else "correct the file, or get it again"


def parse_json(text: str | bytes) -> Any:
    """The value that a JSON text spells; NotJSON for anything else, and for a key that stands in an object twice."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise NotJSON(error.msg, error.lineno, error.colno, error.pos) from None
    except RecursionError:
        raise NotJSON("brackets within brackets without end") from None
    except UnicodeDecodeError as error:
        raise NotJSON(f"byte offset {error.start} is not UTF-8") from None
    except NotJSON:
        raise
    except ValueError:                                         # Python turns no longer text into a whole number
        raise NotJSON("a whole number of more than 4,300 digits") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise NotJSON(f"key {name[:60]!r} stands there twice")
        found[name] = value
    return found

"""What has a run written since one last looked?  Its log.jsonl is read as it grows, and the run does not know of it."""

import json
import math
import os
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.train.log import JSONL

AT_ONCE = 1 << 22                             # bytes that are read in one look; the next look goes on from there


class GrowingLog:
    """The log of the run in `folder`: `rows` are its training lines, `evaluations` the others, {"step": ..., ...}.

    `look` reads what has come.  A last line that is not whole yet is left for the next look.  Where the file became
    shorter or is another one, as when a run is resumed or begun anew, everything is read again, and `begun` counts
    that: who has shown the lines before has to begin anew too.  Lines that are no JSON, or no line of a log, are
    passed over and counted: `strange`.
    """

    def __init__(self, folder: str | Path):
        self.path = Path(folder) / JSONL
        self.begun = 0
        self._clear(None)

    def _clear(self, file: tuple[int, int] | None) -> None:
        self.file, self.place, self.strange = file, 0, 0
        self.rows: list[dict] = []
        self.evaluations: list[dict] = []

    def look(self) -> bool:
        """Read on, and say whether anything came; InputError where the file is there and cannot be read."""
        try:
            with self.path.open("rb") as log:
                found = os.fstat(log.fileno())
                if (found.st_dev, found.st_ino) != self.file or found.st_size < self.place:
                    self.begun += 1
                    self._clear((found.st_dev, found.st_ino))
                log.seek(self.place)
                piece = log.read(AT_ONCE)
        except (FileNotFoundError, NotADirectoryError):
            gone = self.file is not None
            self.begun += gone
            self._clear(None)
            return gone
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None
        whole = piece[:piece.rfind(b"\n") + 1]
        if not whole and len(piece) == AT_ONCE:                # a line without an end is none of a run's
            whole = piece
        self.place += len(whole)
        for line in whole.splitlines():
            self._take(line)
        return bool(whole)

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            step = said["step"]
            values = said.get("evaluation")
            if not isinstance(step, int) or not isinstance(values, dict | None):
                raise TypeError
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.strange += 1
            return
        if values is None:
            self.rows.append(_numbers(said))
        else:
            self.evaluations.append({**_numbers(values), "step": step})

    def speeds(self) -> list[tuple[int, float]]:
        """(step, tokens a second) between each training line and the one before it; where both count them."""
        found = []
        for before, after in zip(self.rows, self.rows[1:], strict=False):
            tokens = after.get("tokens", 0) - before.get("tokens", 0)
            seconds = after.get("seconds", 0) - before.get("seconds", 0)
            if tokens > 0 and seconds > 0:
                found.append((after["step"], tokens / seconds))
        return found


def _numbers(values: dict) -> dict:
    """The entries that are finite numbers."""
    return {name: value for name, value in values.items()
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)}

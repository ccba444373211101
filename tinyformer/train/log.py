"""How is a run going?  Lines in log.jsonl and log.csv for programs, a progress bar or plain lines for people.

log.jsonl has one JSON object a line: {"step": 10, "loss": ...} for training, {"step": 100, "evaluation": {...}} for an
evaluation.  log.csv holds the training lines alone, with one column for each of `COLUMNS`.
"""

import csv
import io
import json
import math
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from tinyformer import places
from tinyformer.errors import InputError
from tinyformer.places import say
from tinyformer.train import durable

COLUMNS = ("step", "loss", "learning_rate", "grad_norm", "seconds", "tokens")
JSONL, CSV, METRICS = "log.jsonl", "log.csv", "metrics.json"


class RunLog:
    """The two log files of a run, or none where `folder` is None.

    A run that goes on from step `until` keeps the lines up to there and drops later ones, which it will write again;
    so after a crash no step is missing and none stands there twice.
    """

    def __init__(self, folder: Path | None, until: int = 0):
        self.rows: list[dict] = []                             # training lines
        self.evaluations: list[dict] = []                      # {"step": ..., "<name>": value, ...}
        self.folder, self.files = folder, []
        if folder is None:
            return
        kept = [line for line in read_lines(folder / JSONL) if line["step"] <= until] if until else []
        self.rows = [line for line in kept if "evaluation" not in line]
        self.evaluations = [{"step": line["step"], **line["evaluation"]} for line in kept if "evaluation" in line]
        self.open()

    def open(self) -> None:
        """Write all lines that there are, and open the files for more; also where they have gone in the meantime."""
        self.close()
        lines = [*self.rows, *({"step": step, "evaluation": values} for step, values in map(_apart, self.evaluations))]
        jsonl = "".join(json.dumps(line) + "\n" for line in sorted(lines, key=lambda line: line["step"]))
        table = _csv_line(COLUMNS) + "".join(_csv_line(row[name] for name in COLUMNS) for row in self.rows)
        for name, text in ((JSONL, jsonl), (CSV, table)):
            durable.replace_file(self.folder / name, text)
            self.files.append((self.folder / name).open("a", encoding="utf-8", newline=""))

    def train(self, **row) -> None:
        """Add a training line; the keywords are `COLUMNS`."""
        self.rows.append(row)
        if self.files:
            self._write(0, json.dumps(row) + "\n")
            self._write(1, _csv_line(row[name] for name in COLUMNS))

    def evaluation(self, step: int, values: dict[str, float]) -> None:
        """Add the result of an evaluation."""
        self.evaluations.append({"step": step, **values})
        if self.files:
            self._write(0, json.dumps({"step": step, "evaluation": values}) + "\n")

    def sync(self) -> None:
        """Wait until every line is on the disk: before a checkpoint, which counts on them."""
        for file in self.files:
            durable.sync_open(file)

    def close(self) -> None:
        for file in self.files:
            with suppress(OSError):                            # of a line for which there was no room
                file.close()
        self.files = []

    def _write(self, place: int, line: str) -> None:
        with places.room_for(self.folder / (JSONL, CSV)[place], len(line)):
            self.files[place].write(line)
            self.files[place].flush()


def read_lines(path: Path) -> list[dict]:
    """The objects of a JSONL file; a last line that a crash cut short is dropped."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise InputError(f"{path}:{number}: not JSON ({error.msg}); repair or remove the line") from None
    return found


def write_metrics(folder: str | Path, metrics: dict) -> None:
    """Write metrics.json, the final figures of a run; ValueError naming the first number that is not finite."""
    durable.write_json(Path(folder) / METRICS, metrics)


class Progress:
    """A bar on a terminal, and about ten plain lines where there is none.  Use it in a `with`."""

    def __init__(self, title: str, first: int, steps: int, show: bool = True):
        self.title, self.steps, self.done, self.show = title, steps, first, show
        self.first, self.said, self.began = first, first, time.monotonic()
        self.bar = None
        if show and sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from tqdm import tqdm
            self.bar = tqdm(desc=title, total=steps, initial=first, unit="step", dynamic_ncols=True, leave=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()

    def advance(self, loss: float | None = None, learning_rate: float = 0.0, speed: float = 0.0,
                steps: int = 1) -> None:
        """One step more is done, or `steps`; `loss` is None where nobody looked, `speed` is in tokens a second.

        A speed of 0, where no tokens are counted, is not shown.
        """
        self.done += steps
        if not self.show or loss is None:
            if self.bar is not None:
                self.bar.update(steps)
            return
        state = f"loss {loss:.4f}, lr {learning_rate:.1e}" + (f", {speed:,.0f} tokens/s" if speed else "")
        if self.bar is not None:
            self.bar.set_postfix_str(state, refresh=False)
            self.bar.update(steps)
        elif self.done == self.steps or self.done - self.said >= max(1, math.ceil(self.steps / 10)):
            self.said = self.done
            left = round((time.monotonic() - self.began) / (self.done - self.first) * (self.steps - self.done))
            self.say(f"{self.title}: step {self.done:,} of {self.steps:,}, {state}, "
                     f"{left // 60}:{left % 60:02} left")

    def say(self, line: str) -> None:
        """A line of its own, above the bar where there is one."""
        if self.bar is not None:
            self.bar.write(line, file=sys.stderr)
        elif self.show:
            say(line)


def _apart(evaluation: dict) -> tuple[int, dict]:
    """The step of an evaluation, and its figures."""
    figures = dict(evaluation)
    return figures.pop("step"), figures


def _csv_line(values) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()

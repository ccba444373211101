"""What happens at a bad row?  It stops the reading with file, line and remedy, or is counted where that is allowed."""

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tinyformer.data.corpus import read_text
from tinyformer.data.readers.examples import Examples
from tinyformer.errors import InputError
from tinyformer.json_text import NotJSON, parse_json

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
LONGEST_LINE = 1_000_000                                   # characters; more is a damaged file, not an example


class BadRow(Exception):
    """What is wrong with one row, without its place; `line` where the fault is not in the row's first line."""

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message)
        self.line = line


def file_text(path: str | os.PathLike) -> str:
    """The text of a labelled file, as `read_text`: UTF-8, .gz unpacked, no byte order mark, line ends \\n."""
    if not os.path.lexists(path):
        raise InputError(f"{path}: no such file; check the path")
    return read_text(path)


def file_lines(path: str | os.PathLike) -> list[str]:
    """The lines of a file without their ends; nothing but a line end ends a line (not U+2028, not form feed)."""
    lines = file_text(path).removesuffix("\n").split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise InputError(f"{path}:{number}: a line of {len(line):,} characters; more than {LONGEST_LINE:,} are "
                             "no example: are the line ends lost?")
    return lines


def filled_lines(path: str | os.PathLike) -> Iterator[tuple[int, str]]:
    """(line number, line) of all lines that hold more than white space."""
    for number, line in enumerate(file_lines(path), 1):
        if line.strip():
            yield number, line


def collect(path: str | os.PathLike, rows: Iterable[tuple[int, Any]], parse: Callable[[int, Any], Any],
            skip_bad_rows: int = 0) -> Examples:
    """The examples that `parse(line, row)` makes of the rows; None counts as a row without a label.

    InputError at the first BadRow beyond `skip_bad_rows`, and where no example is left.
    """
    if skip_bad_rows < 0:
        raise InputError(f"skip_bad_rows is {skip_bad_rows}; it counts rows, from 0")
    found, total = Examples(), 0
    for line, row in rows:
        total += 1
        try:
            example = parse(line, row)
        except BadRow as fault:
            found.bad.append(f"{path}:{fault.line or line}: {fault}")
            if len(found.bad) > skip_bad_rows:
                raise InputError(f"{found.bad[-1]} ({_hint(skip_bad_rows)})") from None
            continue
        if example is None:
            found.unlabelled += 1
        else:
            found.append(example)
    if not found:
        raise InputError(f"{path}: no examples in it; " + (
            f"of {total} rows {len(found.bad)} were bad and {found.unlabelled} without a label" if total else
            "it is empty, or holds blank lines or a header alone"))
    return found


def _hint(skipped: int) -> str:
    if skipped:
        return f"bad row number {skipped + 1}, and --skip-bad-rows allows {skipped}"
    return "mend it; a command that has --skip-bad-rows N leaves out up to N such rows"


def json_object(text: str) -> dict:
    """The JSON object written in one line; a BadRow where there is none."""
    try:
        value = parse_json(text)
    except NotJSON as error:
        place = "" if error.column is None else f", column {error.column}"
        raise BadRow(f"not JSON{place}: {error}; every line must be one whole object {{...}}") from None
    if not isinstance(value, dict):
        raise BadRow(f"a JSON {type(value).__name__}; every line must be one object {{...}}")
    return value


def number_in(text: str) -> float | None:
    """The finite number that a text spells as files spell numbers (2, -0.5, 1e3); None for all else Python takes."""
    number = float(text) if NUMBER.fullmatch(text.strip()) else math.inf
    return number if math.isfinite(number) else None


def whole_characters(text: str, what: str) -> str:
    """`text`, or a BadRow for half a character: JSON can spell a surrogate without its partner."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadRow(f"{what} holds half a character, \\u{ord(text[error.start]):04x} at position {error.start}; "
                     "a surrogate needs its partner: write the character out, or remove it") from None
    return text

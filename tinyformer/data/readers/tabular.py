"""How does a row of a table become an example?  By naming the columns, in TSV, CSV or JSONL.

In a TSV file a quotation mark is a quotation mark: tabs and line ends alone separate, as in GLUE and SICK.  In a CSV
file quotes are quotes, and a quoted field may hold commas and line ends.  JSONL is one JSON object a line.
"""

import json
import os
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tinyformer.data.readers.cells import FORMATS, Refused, by_ending, csv_rows, format_of, misfit, tsv_rows
from tinyformer.data.readers.examples import Examples, PairExample, Rewriting, TextExample
from tinyformer.data.readers.lines import BadRow, collect, filled_lines, json_object, number_in, whole_characters
from tinyformer.errors import InputError
from tinyformer.options import suggestion

TEXTS = ({"text"}, {"first", "second"})
TARGETS = (set(), {"label"}, {"score"})
REWRITINGS = ({"source"}, {"source", "target"})

Columns = Mapping[str, str | int]


def column_of(written: str) -> str | int:
    """A column as it is written: a number from 1, or a name."""
    return int(written) if re.fullmatch("[0-9]{1,9}", written) else written


def read_table(path: str | os.PathLike, columns: Columns, *, format: str | None = None, header: bool | None = None,
               width: int | None = None, labels: Collection[str] | None = None,
               no_label: Collection[str] | None = None, skip_bad_rows: int = 0) -> Examples:
    """The examples of a table; `columns` says where each part stands: {"text": "sentence", "label": "gold"}.

    Parts are text (gives TextExample) or first and second (PairExample), with label (a class) or score (a number)
    or neither; or source and target (Rewriting), without target where there is none.  A column is a name, of the
    header or of the JSON key, or a number counted from 1.  `header` says whether the first row holds names (by
    default: if a column is named), `width` how many columns every row has (by default as many as the first row).
    `labels` are the allowed ones, `no_label` those that mean there is none (by default "-" in a column gold_label).
    `format` follows from the file's ending: .csv (unless tabs separate its columns), .jsonl, otherwise TSV.

    InputError names file and line of the first row beyond `skip_bad_rows` that does not fit.
    """
    columns = dict(columns)
    check_columns(columns)
    if no_label is None:
        no_label = ("-",) if columns.get("label") == "gold_label" else ()
    return read_rows(path, columns.values(), _maker(path, columns, labels, no_label), format=format, header=header,
                     width=width, skip_bad_rows=skip_bad_rows)


def read_rows(path: str | os.PathLike, columns: Collection[str | int], make: Callable[[int, dict], Any], *,
              format: str | None = None, header: bool | None = None, width: int | None = None,
              skip_bad_rows: int = 0) -> Examples:
    """What `make(line, {column: value})` makes of every row; None counts as a row without a label.

    The columns, and the other options, are as in `read_table`; of JSONL the row is the whole object.
    """
    shown = format_of(path) if format is None else None
    format = format or shown
    if format not in FORMATS:
        raise InputError(f"format is {format!r}; it must be one of {', '.join(FORMATS)}")
    if format == "jsonl":
        number = next((column for column in columns if not isinstance(column, str)), None)
        if number is not None:
            raise InputError(f"{path}: column {number} of a JSONL file; its columns have names: give the key")
        return collect(path, filled_lines(path), lambda line, text: make(line, json_object(text)), skip_bad_rows)

    rows = csv_rows(path) if format == "csv" else tsv_rows(path)
    names = None
    if header if header is not None else any(isinstance(column, str) for column in columns):
        line, names = next(rows, (1, None))
        if names is None:
            raise InputError(f"{path}: no examples in it; the file is empty")
        names = [name.strip() for name in names]
        width = len(names)
    places = {column: _place(path, names, column) for column in columns}

    def parse(line, cells):
        nonlocal width
        width = width or len(cells)
        if len(cells) != width or isinstance(cells, Refused):
            raise BadRow(misfit(format, cells, width))
        if max(places.values()) >= width:
            raise BadRow(f"{width} columns, and column {max(places.values()) + 1} was asked for; name another one")
        return make(line, {column: cells[place] for column, place in places.items()})

    found = collect(path, rows, parse, skip_bad_rows)
    if shown is not None and shown != by_ending(path):
        found.notes.append(f"{path}: its columns are separated by tabs, and read so, whatever its name says")
    return found


def check_columns(columns: Columns) -> None:
    """InputError unless the parts are those of a text or of a pair, with at most one of label and score."""
    parts = set(columns)
    if parts not in REWRITINGS and not any(parts == texts | target for texts in TEXTS for target in TARGETS):
        raise InputError(f"columns names {', '.join(columns) or 'nothing'}; it must name text, or first and second, "
                         "and then label, or score, or neither of them; or source and target")
    for part, column in columns.items():
        if isinstance(column, int) and column < 1:
            raise InputError(f"columns: {part} is column {column}; columns are counted from 1")


def _place(path, names: list[str] | None, column: str | int) -> int:
    if isinstance(column, int):
        return column - 1
    if names is None:
        raise InputError(f"{path}: column {column!r} of a file without a header; give its number, from 1")
    if names.count(column) == 1:
        return names.index(column)
    if column in names:
        raise InputError(f"{path}:1: {names.count(column)} columns are called {column!r}; rename one of them")
    raise InputError(f"{path}:1: no column {column!r} among {', '.join(map(repr, names))}" + (
        suggestion(column, names) or "; name one of these, or give a number if there is no header"))


def text_at(row: Mapping, column: str | int) -> str:
    """The text that stands in this column of a row; a BadRow where none does."""
    if column not in row:
        raise BadRow(f"no {column!r} among the keys {', '.join(map(repr, row)) or '(none)'}; name one of these")
    if not isinstance(row[column], str):
        raise BadRow(f"{column!r} is {json.dumps(row[column])[:60]}; it must be text in quotes")
    return whole_characters(row[column], repr(column))


def _maker(path, columns, labels, no_label):
    """A function of (line, {column: value}) that checks the values and returns an example, or None without label."""
    file = str(path)

    def text_of(row, part):
        return text_at(row, columns[part])

    def target_of(row):
        if "score" in columns:
            return _score(row, columns["score"])
        return _label(row, columns["label"], labels, no_label) if "label" in columns else None

    def make(line, row):
        if "source" in columns:
            found = [text_of(row, part) if part in columns else None for part in ("source", "target")]
            for part, text in zip(("source", "target"), found, strict=True):
                if text is not None and not text.strip():
                    raise BadRow(f"the {part} is empty; fill it in or remove the row")
            return Rewriting(*found, file, line)
        label = target_of(row)
        if label is None and "label" in columns:
            return None
        if "text" in columns:
            text = text_of(row, "text")
            if not text.strip():
                raise BadRow("the text is empty; fill it in or remove the row")
            return TextExample(text, label, file, line)
        first, second = text_of(row, "first"), text_of(row, "second")
        if not (first.strip() or second.strip()):
            raise BadRow("both texts are empty; fill them in or remove the row")
        return PairExample(first, second, label, file, line)

    return make


def _label(row, column, labels, no_label) -> str | None:
    value = row.get(column)
    if value is None:
        raise BadRow(f"no value at {column!r}, the label; fill it in or remove the row")
    if isinstance(value, (dict, list, float)):
        raise BadRow(f"label {json.dumps(value)[:60]} at {column!r}; a label is text or a whole number")
    name = value.strip() if isinstance(value, str) else json.dumps(value)
    if name in no_label:
        return None
    if not name:
        raise BadRow("the label is empty; fill it in or remove the row")
    if labels is not None and name not in labels:
        raise BadRow(f"label {name[:60]!r} is not among {', '.join(labels)}; correct it, or is this another column?")
    return whole_characters(name, "the label")


def _score(row, column) -> float:
    value = row.get(column)
    score = number_in(value if isinstance(value, str) else json.dumps(value))
    if score is None:
        raise BadRow(f"score {str(value)[:60]!r} is not a finite number; correct it or remove the row")
    return score

"""How does a row of a table become an example?  By naming the columns, in TSV, CSV or JSONL.

In a TSV file a quotation mark is a quotation mark: tabs and line ends alone separate, as in GLUE and SICK.  In a CSV
file quotes are quotes, and a quoted field may hold commas and line ends.  JSONL is one JSON object a line.
"""

import csv
import json
import math
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from tinyformer.data.readers.examples import Examples, PairExample, Rewriting, TextExample
from tinyformer.data.readers.lines import BadRow, collect, file_lines, filled_lines, json_object, whole_characters
from tinyformer.errors import InputError
from tinyformer.options import suggestion

FORMATS = ("tsv", "csv", "jsonl")
ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
TEXTS = ({"text"}, {"first", "second"})
TARGETS = (set(), {"label"}, {"score"})
REWRITINGS = ({"source"}, {"source", "target"})

Columns = Mapping[str, str | int]


def read_table(path: str | os.PathLike, columns: Columns, *, format: str | None = None, header: bool | None = None,
               width: int | None = None, labels: Collection[str] | None = None,
               no_label: Collection[str] | None = None, skip_bad_rows: int = 0) -> Examples:
    """The examples of a table; `columns` says where each part stands: {"text": "sentence", "label": "gold"}.

    Parts are text (gives TextExample) or first and second (PairExample), with label (a class) or score (a number)
    or neither; or source and target (Rewriting), without target where there is none.  A column is a name, of the
    header or of the JSON key, or a number counted from 1.  `header` says whether the first row holds names (by
    default: if a column is named), `width` how many columns every row has (by default as many as the first row).
    `labels` are the allowed ones, `no_label` those that mean there is none (by default "-" in a column gold_label).
    `format` follows from the file's ending: .csv, .jsonl, otherwise TSV.

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
    format = format or format_of(path)
    if format not in FORMATS:
        raise InputError(f"format is {format!r}; it must be one of {', '.join(FORMATS)}")
    if format == "jsonl":
        number = next((column for column in columns if not isinstance(column, str)), None)
        if number is not None:
            raise InputError(f"{path}: column {number} of a JSONL file; its columns have names: give the key")
        return collect(path, filled_lines(path), lambda line, text: make(line, json_object(text)), skip_bad_rows)

    rows = _csv_rows(path) if format == "csv" else _tsv_rows(path)
    names = None
    if header if header is not None else any(isinstance(column, str) for column in columns):
        line, names = next(rows, (1, None))
        if names is None:
            raise InputError(f"{path}: no examples in it; the file is empty")
        width = len(names)
    places = {column: _place(path, names, column) for column in columns}

    def parse(line, cells):
        nonlocal width
        width = width or len(cells)
        if len(cells) != width or isinstance(cells, _Refused):
            raise BadRow(_misfit(format, cells, width))
        if max(places.values()) >= width:
            raise BadRow(f"{width} columns, and column {max(places.values()) + 1} was asked for; name another one")
        return make(line, {column: cells[place] for column, place in places.items()})

    return collect(path, rows, parse, skip_bad_rows)


def check_columns(columns: Columns) -> None:
    """InputError unless the parts are those of a text or of a pair, with at most one of label and score."""
    parts = set(columns)
    if parts not in REWRITINGS and not any(parts == texts | target for texts in TEXTS for target in TARGETS):
        raise InputError(f"columns names {', '.join(columns) or 'nothing'}; it must name text, or first and second, "
                         "and then label, or score, or neither of them (as text=2,label=1); or source and target")
    for part, column in columns.items():
        if isinstance(column, int) and column < 1:
            raise InputError(f"columns: {part} is column {column}; columns are counted from 1")


def format_of(path: str | os.PathLike) -> str:
    """tsv, csv or jsonl by the ending of the name; what is neither .csv nor .jsonl is a TSV."""
    name = str(path).lower().removesuffix(".gz")
    return ENDINGS.get(os.path.splitext(name)[1], "tsv")


def first_row(path: str | os.PathLike, format: str) -> list[str]:
    """The cells of the first row of a TSV or CSV file, which may be its header; [] where the file is empty."""
    rows = _csv_rows(path) if format == "csv" else _tsv_rows(path)
    return next(rows, (1, []))[1]


def _tsv_rows(path) -> Iterator[tuple[int, list[str]]]:
    for line, text in filled_lines(path):
        yield line, text.split("\t")


def _csv_rows(path) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of every row; a row that csv refuses has the refusal as its one cell."""
    reader = csv.reader([line + "\n" for line in file_lines(path)], strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):             # everything from here on went into one field
                raise InputError(f"{path}:{line}: a quotation mark opens here and none closes it before the end of "
                                 'the file; close it, write "" for a quotation mark inside quotes, or read the '
                                 "file as TSV if its quotes are text") from None
            cells = _Refused(error)
        if cells and (len(cells) > 1 or cells[0].strip(" ")):        # a line with nothing in it is no row
            yield line, cells


class _Refused(list):
    """Stands for a row that is not CSV."""

    def __init__(self, error: csv.Error):
        super().__init__([str(error)])


def _misfit(format: str, cells: list[str], width: int) -> str:
    if isinstance(cells, _Refused):
        return f'not CSV ({cells[0]}); write "" for a quotation mark inside quotes'
    if format == "csv":
        remedy = "put a field that holds a comma in quotes"
    elif len(cells) == 1 and "," in cells[0]:
        remedy = "columns are separated by tabs here: is this a CSV file?"
    else:
        remedy = "columns are separated by single tabs: " + (
            "remove those within the text" if len(cells) > width else "put back what is missing")
    return f"{len(cells)} columns where {width} were due; {remedy}"


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
    name = value if isinstance(value, str) else json.dumps(value)
    if name in no_label:
        return None
    if not name.strip():
        raise BadRow("the label is empty; fill it in or remove the row")
    if labels is not None and name not in labels:
        raise BadRow(f"label {name[:60]!r} is not among {', '.join(labels)}; correct it, or is this another column?")
    return whole_characters(name, "the label")


def _score(row, column) -> float:
    value = row.get(column)
    try:
        score = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        score = math.nan
    if not math.isfinite(score):
        raise BadRow(f"score {str(value)[:60]!r} is not a finite number; correct it or remove the row")
    return score

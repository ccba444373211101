"""Which of many labels does each text of a file have?  Their names in one column, or a column of 0 and 1 for each.

    text              labels               text                  toxic  obscene  threat
    a long dull film  dull|long            what a day                0        0       0
    good                                   go away, or I ...         1        0       1

No label at all is an empty cell, or a row of zeros.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping

from tinyformer.data.readers.cells import first_row, format_of
from tinyformer.data.readers.examples import Examples, MultilabelExample
from tinyformer.data.readers.lines import BadRow, whole_characters
from tinyformer.data.readers.tabular import Columns, column_of, read_rows, text_at
from tinyformer.data.readers.which_column import recognise
from tinyformer.errors import InputError

PARTS = ("text", "labels")
BETWEEN = re.compile("[,|]")                  # separates labels in one cell
SEVERAL = "+"                                 # separates columns in the name of the part: labels=toxic+obscene
YES, NO = ("1", "1.0", "true"), ("0", "0.0", "false")


def read_label_sets(path: str | os.PathLike, columns: Columns | None = None, labelled: bool = True,
                    skip_bad_rows: int = 0) -> Examples:
    """Texts with the labels that each has, of a TSV, CSV or JSONL file.

    `columns` is like {"text": "comment", "labels": "topics"}, with names or numbers from 1; without it the columns are
    known by their names.  Labels stand in one column, with commas or | between them (in JSONL also as a list); or
    columns of 0 and 1 are named with plus signs between them, "toxic+obscene+threat", and each is a label.
    InputError names file and line of the first row beyond `skip_bad_rows` that does not fit.
    """
    columns = dict(columns or recognise(path, PARTS, labelled))
    if set(columns) not in (set(PARTS), {"text"}):
        raise InputError(f"columns names {', '.join(columns)}; it must name text, or text and labels")
    of_one = _columns_of_labels(path, columns.get("labels"))
    file, text_column = str(path), columns["text"]

    def make(line, row):
        text = text_at(row, text_column)
        if not text.strip():
            raise BadRow("the text is empty; fill it in or remove the row")
        if of_one:
            labels = tuple(label for column, label in of_one.items() if _yes(row, column))
        else:
            labels = _named(row, columns["labels"]) if "labels" in columns else None
        return MultilabelExample(text, labels, file, line)

    found = read_rows(path, list(of_one) + [text_column] if of_one else columns.values(), make,
                      skip_bad_rows=skip_bad_rows)
    never = [label for label in of_one.values() if not any(label in example.labels for example in found)]
    if never:
        found.notes.append(f"{path}: {', '.join(never)} is 0 in every row")
    return found


def _columns_of_labels(path, written: str | int | None) -> dict[str | int, str]:
    """{column: label} for columns of 0 and 1 that are named together; {} where there is one column, or none."""
    if not isinstance(written, str) or SEVERAL not in written:
        return {}
    names = [] if format_of(path) == "jsonl" else first_row(path, format_of(path))
    if written in names:                                       # a column that has a plus sign in its name
        return {}
    parts = [part.strip() for part in written.split(SEVERAL)]
    found = {column_of(part): part for part in parts}
    if "" in parts or len(found) < len(parts):
        raise InputError(f"labels is {written!r}; it must be like toxic+obscene+threat, each column once")
    numbers = [column for column in found if isinstance(column, int)]
    if len(numbers) == len(found):
        raise InputError(f"labels is {written!r}, and columns of 0 and 1 give their names to the labels; name one at "
                         "least as the first row of the file has it")
    outside = [number for number in numbers if not 1 <= number <= len(names)]
    if outside:
        raise InputError(f"{path}:1: {len(names)} columns, and column {outside[0]} was asked for; name another one")
    return {column: names[column - 1] if isinstance(column, int) else label for column, label in found.items()}


def _yes(row: Mapping, column: str | int) -> bool:
    value = row.get(column)
    said = (value if isinstance(value, str) else json.dumps(value)).strip()
    if said not in YES + NO:
        raise BadRow(f"{said[:60]!r} in column {column!r}; it must be 1 where the text has the label, and 0 where it "
                     "has not")
    return said in YES


def _named(row: Mapping, column: str | int) -> tuple[str, ...]:
    """The labels that one cell names."""
    value = row.get(column)
    if isinstance(value, str):
        parts = [part.strip() for part in BETWEEN.split(value)] if value.strip() else []
    elif isinstance(value, list) and all(isinstance(part, str | int) for part in value):
        parts = [part.strip() if isinstance(part, str) else json.dumps(part) for part in value]
    else:
        raise BadRow(f"no labels at {column!r} ({json.dumps(value)[:60]}); write their names with commas or | between "
                     'them, or nothing ("" or []) for none')
    if "" in parts:
        raise BadRow(f"labels {str(value)[:60]!r}: one of them is empty; remove a separator")
    twice = next((part for part, count in Counter(parts).items() if count > 1), None)
    if twice is not None:
        raise BadRow(f"labels {str(value)[:60]!r}: {twice!r} stands there twice; remove one")
    return tuple(whole_characters(part, "a label") for part in parts)

"""Where does a cell of a table end?  In TSV at a tab, in CSV at a comma outside quotes; and which of the two is it?

The name of a file says which, unless the rows of a .csv show that tabs separate them.
"""

import csv
import os
from collections.abc import Iterator
from itertools import islice

from tinyformer.data.readers.lines import file_lines, filled_lines
from tinyformer.errors import InputError

FORMATS = ("tsv", "csv", "jsonl")
ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
COMMAS = "columns are separated by tabs here: name the file .csv if commas separate them"
PEEKED = 20                                   # rows that are looked at to tell


def format_of(path: str | os.PathLike) -> str:
    """tsv, csv or jsonl by the ending of the name; a .csv whose rows have equally many tabs, not commas, is a TSV."""
    format = by_ending(path)
    if format != "csv":
        return format
    lines = [line for _, line in islice(filled_lines(path), PEEKED)]
    tabs, columns = {line.count("\t") for line in lines}, _widths(lines)
    return "tsv" if len(tabs) == 1 and tabs != {0} and (len(columns) != 1 or columns == {1}) else "csv"


def by_ending(path) -> str:
    """The format that the ending of the name stands for; what is neither .csv nor .jsonl is a TSV."""
    name = str(path).lower().removesuffix(".gz")
    return ENDINGS.get(os.path.splitext(name)[1], "tsv")


def _widths(lines: list[str]) -> set[int]:
    """How many columns these lines have as CSV; nothing where they are none."""
    try:
        return {len(row) for row in csv.reader(lines, strict=True)}
    except csv.Error:
        return set()


def first_row(path: str | os.PathLike, format: str) -> list[str]:
    """The cells of the first row of a TSV or CSV file, which may be its header; [] where the file is empty."""
    return [cell.strip() for row in first_rows(path, format, 1) for cell in row]


def first_rows(path: str | os.PathLike, format: str, count: int) -> list[list[str]]:
    """The cells of the first rows of a TSV or CSV file."""
    rows = csv_rows(path) if format == "csv" else tsv_rows(path)
    return [cells for _, cells in islice(rows, count)]


def tsv_rows(path) -> Iterator[tuple[int, list[str]]]:
    for line, text in filled_lines(path):
        yield line, text.split("\t")


def csv_rows(path) -> Iterator[tuple[int, list[str]]]:
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
                                 'the file; close it, write "" for a quotation mark inside quotes, or, if '
                                 "its quotes are text, separate the columns by tabs and name it .tsv") from None
            cells = Refused(error)
        if cells and (len(cells) > 1 or cells[0].strip(" ")):        # a line with nothing in it is no row
            yield line, cells


class Refused(list):
    """Stands for a row that is not CSV."""

    def __init__(self, error: csv.Error):
        super().__init__([str(error)])


def misfit(format: str, cells: list[str], width: int) -> str:
    if isinstance(cells, Refused):
        return f'not CSV ({cells[0]}); write "" for a quotation mark inside quotes'
    if format == "csv":
        remedy = "put a field that holds a comma in quotes"
    elif len(cells) == 1 and "," in cells[0]:
        remedy = COMMAS
    else:
        remedy = "columns are separated by single tabs: " + (
            "remove those within the text" if len(cells) > width else "put back what is missing")
    return f"{len(cells)} columns where {width} were due; {remedy}"

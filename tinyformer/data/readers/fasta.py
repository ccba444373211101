"""How are DNA and proteins read?  FASTA: a line with > and a name, and the letters in the lines behind it.

Pearson and Lipman 1988.  Letters are those of IUPAC, "-" is a gap and "*" a stop; small letters are the same letters.
A line that begins with ";" is a remark.
"""

import os
import re
from collections.abc import Iterator

from tinyformer.data.readers.examples import Examples, NamedSequence
from tinyformer.data.readers.lines import BadRow, collect, filled_lines

LETTERS = re.compile(r"[A-Z*-]+")

Row = tuple[str | None, list[tuple[int, str]]]


def read_fasta(path: str | os.PathLike, skip_bad_rows: int = 0) -> Examples:
    """The sequences of a file, each with its name, in capitals; InputError for a sequence that is none."""

    def parse(line: int, row: Row) -> NamedSequence:
        name, lines = row
        if name is None:
            raise BadRow(f"{lines[0][1][:20]!r} stands before the first name; a sequence begins with a line '>name'")
        for number, text in lines:
            if not LETTERS.fullmatch(text):
                wrong = next(letter for letter in text if not LETTERS.fullmatch(letter))
                raise BadRow(f"{wrong!r} in a sequence, which is written in letters from A to Z, - and *", number)
        if not lines:
            raise BadRow("a name without a sequence; write its letters in the lines behind it, or remove the name")
        return NamedSequence(name, "".join(text for _, text in lines), str(path), line)

    return collect(path, _rows(path), parse, skip_bad_rows)


def _rows(path: str | os.PathLike) -> Iterator[tuple[int, Row]]:
    """(line, (name, its lines)) of each sequence; without a name where a file begins with letters."""
    begun, name, lines = 0, None, []
    for number, line in filled_lines(path):
        if line.startswith(">"):
            if begun:
                yield begun, (name, lines)
            begun, name, lines = number, line[1:].strip(), []
        elif not line.startswith(";"):
            begun = begun or number
            lines.append((number, "".join(line.split()).upper()))
    if begun:
        yield begun, (name, lines)

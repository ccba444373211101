"""How are figures set side by side?  One table, as text for a terminal and as Markdown for a page."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDE = 120                                    # columns of a terminal, for the note
NUMBER = "0123456789+-"                       # with what a number begins


@dataclass(frozen=True)
class Table:
    """Rows of cells below a head, with a title above and a `note` below that says what the figures are."""

    head: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]
    title: str = ""
    note: str = ""

    def __post_init__(self):
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"Table: the row {tuple(row)} has {len(row)} cells below a head of {len(self.head)}")

    def text(self) -> str:
        """Columns with spaces between them."""
        widths = [max(map(len, column)) for column in zip(*self._lines, strict=True)]
        said = ["   ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in
                           zip(line, widths, self._right, strict=True)).rstrip() for line in self._lines]
        return "\n".join([*[self.title] * bool(self.title), *said, *textwrap.wrap(self.note, WIDE)])

    def markdown(self) -> str:
        """The table as Markdown has it, in paragraphs of its own."""
        lines = [self._lines[0], ["---:" if right else "---" for right in self._right], *self._lines[1:]]
        said = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        return "\n\n".join(part for part in (self.title, said, self.note) if part)

    @property
    def _lines(self) -> list[list[str]]:
        return [list(self.head), *([_cell(value) for value in row] for row in self.rows)]

    @property
    def _right(self) -> list[bool]:
        """Which columns end at the right: those with numbers in them, but for the first."""
        columns = list(zip(*self._lines[1:], strict=True)) or [()] * len(self.head)
        return [bool(place) and any(cell[:1] in NUMBER for cell in column if cell)
                for place, column in enumerate(columns)]


def _cell(value: str | int | float) -> str:
    """A number as it is printed: 1,000 and 97.3; a text as it is."""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"

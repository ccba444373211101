"""Which column is which, when the user does not say?  Known names tell, and otherwise the values themselves."""

import os
from collections.abc import Sequence

from tinyformer.data.readers.cells import COMMAS, first_row, first_rows, format_of
from tinyformer.data.readers.examples import Examples
from tinyformer.data.readers.lines import BadRow, filled_lines, json_object, number_in
from tinyformer.data.readers.tabular import Columns, column_of, read_table
from tinyformer.errors import InputError

# The names that published files use, the more telling before the more general; compared in lower case.
NAMES = {
    "text": ("sentence", "text", "review", "content"),
    "first": ("sentence1", "sentence_a", "premise", "question1", "#1 string", "text1", "first", "question"),
    "second": ("sentence2", "sentence_b", "hypothesis", "question2", "#2 string", "text2", "second", "sentence"),
    "label": ("gold_label", "label", "quality", "is_duplicate", "entailment_judgment", "entailment_label", "class",
              "sentiment"),
    "labels": ("labels", "label", "tags", "topics", "categories", "genres", "emotions"),
    "score": ("score", "relatedness_score", "similarity"),
    "source": ("source", "src", "input", "document", "article", "text", "sentence"),
    "target": ("target", "tgt", "output", "translation", "summary", "correction"),
}
MARKS = frozenset("*? ")                                  # by which linguists call a sentence wrong, or doubtful
SHOWN = 2000                                               # rows looked at where the values must tell


def parse_columns(written: str) -> Columns:
    """{"text": 2, "label": 1} from "text=2,label=1", the way columns are named on the command line."""
    columns = {}
    for item in written.split(","):
        part, equals, column = (piece.strip() for piece in item.partition("="))
        if not (part and equals and column) or part in columns:
            raise InputError(f"columns is {written!r}; it must be PART=COLUMN for each part, with commas between "
                             "them, where a column is a name of the header or a number from 1")
        columns[part] = column_of(column)
    return columns


def read_examples(path: str | os.PathLike, parts: Sequence[str], columns: Columns | None = None, labelled: bool = True,
                  **options) -> Examples:
    """The examples of a table with these parts, such as ("text", "label"); `options` as in `read_table`.

    Without `columns` they are recognised.  CoLA's file without a header is known by its four columns.
    """
    return read_table(path, columns or recognise(path, parts, labelled), **options)


def recognise(path: str | os.PathLike, parts: Sequence[str], labelled: bool = True) -> Columns:
    """Where the parts of a table stand, by the names in its first row or by its values; InputError where unclear.

    The last of the `parts` is the label, the score or the target, which is not looked for unless it is `labelled`.
    """
    whole, parts = tuple(parts), tuple(parts if labelled else parts[:-1])
    format, rows = format_of(path), []
    if format == "jsonl":
        names = _keys(path)
        found = _by_name(parts, names)
    else:
        names = first_row(path, format)
        found = _by_name(parts, names)
        if found is None:
            rows = first_rows(path, format, SHOWN)
        if found is None and format == "tsv":
            found = _by_values(parts, rows)
            if found is None and not labelled:                 # the labels may stand there all the same
                found = _by_values(whole, rows)
                found = found and {part: found[part] for part in parts}
    if found is None:
        if not names:
            raise InputError(f"{path}: no examples in it; the file is empty")
        raise InputError(f"{path}:1: cannot tell which columns are {', '.join(parts)}; the first row is "
                         f"{', '.join(repr(name[:30]) for name in names)[:200]}: " + _hint(parts, names, rows))
    return found


def _keys(path) -> list[str]:
    for line, text in filled_lines(path):
        try:
            return list(json_object(text))
        except BadRow as fault:
            raise InputError(f"{path}:{line}: {fault}") from None
    return []


def _by_name(parts: tuple[str, ...], names: list[str]) -> Columns | None:
    lower = {name.lower(): name for name in reversed(names)}
    found = {}
    for part in parts:
        column = next((lower[name] for name in NAMES[part] if name in lower), None)
        if column is None or column in found.values():
            return None
        found[part] = column
    return found


def _by_values(parts: tuple[str, ...], rows: list[list[str]]) -> Columns | None:
    """Numbers of the columns of a file without a header: labels repeat and sentences do not, scores are numbers."""
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        return None
    cells = list(zip(*rows, strict=True))
    if parts == ("text", "label") and len(cells) == 4 and set(cells[1]) <= {"0", "1"} and MARKS.issuperset(
            "".join(cells[2])):
        return {"text": 4, "label": 2}                     # CoLA: source, label, the author's mark ("*?"), sentence
    if len(cells) != len(parts) or parts[-1] == "labels":      # sets of labels may look like anything
        return None
    if parts[-1] == "score":
        numbers = [place for place, column in enumerate(cells) if all(number_in(cell) is not None for cell in column)]
        if len(numbers) != 1:
            return None
        target, = numbers
    elif parts[-1] == "label":
        kinds = [len(set(column)) for column in cells]
        target = kinds.index(min(kinds))
        if kinds.count(min(kinds)) > 1 or 2 * min(kinds) > len(rows):
            return None
    else:
        return {part: place for place, part in enumerate(parts, 1)}
    texts = [place for place in range(len(cells)) if place != target]
    return dict(zip(parts, [place + 1 for place in (*texts, target)], strict=True))


def _hint(parts: tuple[str, ...], names: list[str], rows: list[list[str]]) -> str:
    """How this very file's columns would be named: the longest texts first, and of the rest what repeats or counts."""
    if len(names) < len(parts):
        return f"{len(parts)} columns are needed, and there are {len(names)}; " + (
            COMMAS if len(names) == 1 and "," in names[0] else "is this the right file?")
    body = [row for row in rows[1:] or rows if len(row) == len(names)]
    if not body:                                           # JSONL: its columns have names alone
        return f"name the columns, as in --columns {','.join(f'{part}=NAME' for part in parts)} with these names"
    cells = list(zip(*body, strict=True))
    longest = sorted(range(len(cells)), key=lambda place: -sum(map(len, cells[place])))
    texts = sorted(longest[:len(parts) - (parts[-1] in ("label", "labels", "score"))])
    rest = [place for place in range(len(cells)) if place not in texts]
    if parts[-1] == "score":
        rest = [place for place in rest if all(number_in(cell) is not None for cell in cells[place])] or rest
    target = min(rest, key=lambda place: (len(set(cells[place])) == 1, len(set(cells[place]))), default=None)
    chosen = [*texts, *([target] if len(texts) < len(parts) else [])]
    header = all(name and name not in column for name, column in zip(names, cells, strict=True))
    named = [names[place] if header else str(place + 1) for place in chosen]
    return "name the columns, as in --columns " + ",".join(f"{p}={n}" for p, n in zip(parts, named, strict=True))

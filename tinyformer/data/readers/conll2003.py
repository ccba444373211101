"""How are names and chunks in a CoNLL-2003 file read?  A word a line, tags in columns, blank lines between sentences.

The four columns are word, part of speech, chunk, named entity; files with other columns behind the word are read the
same way.  Tjong Kim Sang & De Meulder 2003.
"""

import os
import re
from collections.abc import Collection, Iterator

from tinyformer.data.readers.bio import check_bio, iob1_to_bio, looks_like_bio, looks_like_iob1
from tinyformer.data.readers.examples import Examples, TaggedSentence
from tinyformer.data.readers.lines import BadRow, collect, file_lines
from tinyformer.errors import InputError

COLUMNS = {"pos": 2, "chunk": 3, "ner": 4}
SCHEMES = ("auto", "bio", "iob1", "none")
NEW_DOCUMENT = "-DOCSTART-"
COMMENT = re.compile(r"#\s+(id\s|newdoc\b|newpar\b|[\w.]+\s*=)")     # "# id 17  domain=en", "# text = ..."

Row = tuple[int, list[str]]


def read_conll2003(path: str | os.PathLike, tag: str | int = "ner", scheme: str = "auto",
                   kinds: Collection[str] | None = None, labelled: bool = True, skip_bad_rows: int = 0) -> Examples:
    """Sentences with the tags of one column: "ner", "chunk" or "pos", or its number from 1 (-1: the last).

    Columns are separated by tabs where a line has one, otherwise by spaces; white space around a cell does not count.
    -DOCSTART- lines are left out, and comments before a sentence.  Tags come out as BIO whether the file is in BIO or
    IOB1, which `scheme` says or the whole file shows ("auto"); "none" takes them as they are, as "pos" always does,
    and "auto" where no tag of the file begins with B- or I-.  `kinds` are the allowed types (PER, LOC, ...).
    `labelled=False` reads the words alone, which may stand in a column of their own.
    A bad row makes its sentence bad: `skip_bad_rows` counts sentences.
    """
    if scheme not in SCHEMES:
        raise InputError(f"scheme is {scheme!r}; it must be one of {', '.join(SCHEMES)}")
    place = COLUMNS.get(tag, tag)
    if not isinstance(place, int) or place in (0, 1):
        raise InputError(f"tag is {tag!r}; it must be one of {', '.join(COLUMNS)}, or the number of a column: 2 is "
                         "the one behind the word, -1 the last (--tags)")
    if tag == "pos":
        scheme = "none"
    rows = list(_sentences(path))
    width = len(rows[0][1][0][1]) if rows else 0
    if labelled and rows and not (2 <= place <= width or 2 - width <= place + 1 <= 0):
        raise InputError(f"{path}:{rows[0][0]}: {width} columns, and column {place} was asked for; name one that "
                         "the file has behind the word (--tags -1 is the last)")
    index = place - 1 if place > 0 else place
    if scheme == "auto" and labelled:
        tags = [[cells[index] for _, cells in sentence if len(cells) == width] for _, sentence in rows]
        scheme = "none" if not looks_like_bio(tags) else "iob1" if looks_like_iob1(tags) else "bio"

    def parse(line, sentence):
        for number, cells in sentence:
            if len(cells) != width:
                raise BadRow(f"{len(cells)} columns where {width} were due; every word of a file has as many", number)
            if not all(cells):
                raise BadRow("an empty column; is there a tab too many?", number)
        words = tuple(cells[0] for _, cells in sentence)
        if not labelled:
            return TaggedSentence(words, (), str(path), line)
        tags = [cells[index] for _, cells in sentence]
        if scheme != "none":
            try:
                tags = iob1_to_bio(tags) if scheme == "iob1" else tags
                check_bio(tags, kinds)
            except BadRow as fault:
                raise BadRow(str(fault), sentence[fault.line or 0][0]) from None
        return TaggedSentence(words, tuple(tags), str(path), line)

    return collect(path, rows, parse, skip_bad_rows)


def _sentences(path) -> Iterator[tuple[int, list[Row]]]:
    """(first line, rows) of every sentence, a row being (line, cells)."""
    sentence: list[Row] = []
    for number, text in enumerate([*file_lines(path), ""], 1):
        cells = text.split("\t") if "\t" in text else text.split(" ")
        cells = [cell.strip(" " if place == 0 else None) for place, cell in enumerate(cells) if cell or "\t" in text]
        if not sentence and COMMENT.match(text):
            continue
        if text.strip() and cells[0] != NEW_DOCUMENT:          # a word may be a space of another kind, such as U+00A0
            sentence.append((number, cells))
        elif sentence:
            yield sentence[0][0], sentence
            sentence = []

"""How is a treebank read for its parts of speech?  CoNLL-U: ten columns a word, and everything that may be wrong there.

A sentence is lines of ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC, separated by single tabs; "#" begins a
comment, a blank line ends the sentence.  A range such as 3-4 ("don't") spans the words that follow and is no word
itself; an empty node such as 5.1 stands for something unsaid.  Both are checked and left out.
Universal Dependencies version 2.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tinyformer.data.readers.examples import Examples, TaggedSentence
from tinyformer.data.readers.lines import BadRow, collect, file_lines, file_text
from tinyformer.errors import InputError

TAGS = {"upos": 3, "xpos": 4}
FORM, HEAD = 1, 6
WRITTEN = (FORM, 2)                             # form and lemma, which may be a space of another kind
WIDTH = 10
NUMBER = "[1-9][0-9]{0,8}"                      # longer ones are no places in a sentence
WORD = re.compile(NUMBER)
RANGE = re.compile(f"({NUMBER})-({NUMBER})")
EMPTY_NODE = re.compile(rf"(0|{NUMBER})\.({NUMBER})")

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Tree:
    """A sentence with what depends on what: the head of each word, counted from 1 (0: the root), and its relation."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]


def read_conllu(path: str | os.PathLike, tag: str = "upos", labelled: bool = True, skip_bad_rows: int = 0) -> Examples:
    """The sentences of a CoNLL-U file with their "upos" or "xpos" tags, or none; the tree is checked, too.

    InputError, with the line, for a row without ten columns or with spaces for tabs, ids out of order, a reversed
    or overlapping range, a HEAD outside the sentence, no root or two, a cycle, a word without tag.  HEAD may be
    "_" in all words of a sentence (no tree).  A bad row makes its sentence bad: `skip_bad_rows` counts sentences.
    A file that ends without a blank line is read, and a note says that it may have been cut short.
    """
    if tag not in TAGS:
        raise InputError(f"tag is {tag!r}; it must be one of {', '.join(TAGS)} (--tags)")

    other = next(name for name in TAGS if name != tag)

    def parse(line, rows):
        words = _words(rows)
        _check_tree(words)
        for number, cells in words:
            if labelled and cells[TAGS[tag]] == "_":
                raise BadRow(f"word {cells[FORM]!r} has no {tag.upper()} tag; fill it in, or read the other one "
                             f"(--tags {other})", number)
        forms, tags = (tuple(cells[column] for _, cells in words) for column in (FORM, TAGS[tag]))
        return TaggedSentence(forms, tags if labelled else (), str(path), line)

    found = collect(path, _sentences(path), parse, skip_bad_rows)
    if not file_text(path).endswith("\n\n"):
        found.notes.append(f"{path}: no blank line after the last sentence, which may have been cut short")
    return found


def read_trees(path: str | os.PathLike, skip_bad_rows: int = 0) -> Examples:
    """The sentences of a CoNLL-U file as trees with universal tags; InputError as `read_conllu`, and where none is."""

    def parse(line, rows):
        words = _words(rows)
        _check_tree(words)
        if words[0][1][HEAD] == "_":
            raise BadRow("no word has a HEAD; a treebank with its trees is needed", line)
        columns = list(zip(*(cells for _, cells in words), strict=True))
        return Tree(columns[FORM], columns[TAGS["upos"]], tuple(map(int, columns[HEAD])), columns[HEAD + 1])

    return collect(path, _sentences(path), parse, skip_bad_rows)


def _sentences(path) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """(first line, [(line, text)]) of every sentence, without its comments."""
    rows: list[tuple[int, str]] = []
    for number, text in enumerate([*file_lines(path), ""], 1):
        if not text.strip():
            if rows:
                yield rows[0][0], rows
            rows = []
        elif not text.startswith("#"):
            rows.append((number, text))


def _words(rows: list[tuple[int, str]]) -> list[Row]:
    """The rows that are words, 1, 2, 3, ...; ranges and empty nodes are checked against them and left out."""
    words: list[Row] = []
    covered = 0                                            # the last word that a range spans
    empty = 0                                              # empty nodes since the last word
    for line, text in rows:
        cells = _cells(line, text)
        id, due = cells[0], len(words) + 1
        if WORD.fullmatch(id):
            if int(id) != due:
                raise BadRow(f"id {id} where {due} was due; words are numbered 1, 2, 3, ... without a gap", line)
            words.append((line, cells))
            empty = 0
        elif match := RANGE.fullmatch(id):
            first, last = map(int, match.groups())
            if last <= first:
                raise BadRow(f"range {id} is reversed; the first word stands before the last: {last}-{first}?", line)
            if first != due:
                raise BadRow(f"range {id} where word {due} was due; a range stands just before its first word", line)
            if first <= covered:
                raise BadRow(f"range {id} overlaps the range before it, which goes to {covered}", line)
            covered = last
        elif match := EMPTY_NODE.fullmatch(id):
            empty += 1
            if (int(match[1]), int(match[2])) != (due - 1, empty):
                raise BadRow(f"empty node {id} where {due - 1}.{empty} was due; it stands behind word {match[1]}", line)
        else:
            raise BadRow(f"id {id[:60]!r} is neither a word (3), nor a range (3-4), nor an empty node (5.1)", line)
    if covered > len(words):
        raise BadRow(f"a range goes to word {covered}, and the sentence has {len(words)} words", rows[-1][0])
    if not words:
        raise BadRow("a sentence without a word; remove it")
    return words


def _cells(line: int, text: str) -> list[str]:
    cells = [cell.strip(" " if place in WRITTEN else None) for place, cell in enumerate(text.split("\t"))]
    if len(cells) == WIDTH:
        if not all(cells):
            raise BadRow(f"column {cells.index('') + 1} is empty; write _ where there is nothing", line)
        return cells
    if len(cells) == 1:
        why = "it has spaces for tabs" if len(text.split()) >= WIDTH else "it has no tab at all"
    elif len(cells) < WIDTH:
        spaced = [place for place, cell in enumerate(cells, 1) if " " in cell]
        why = (f"column {spaced[0]} holds a space for a tab, {cells[spaced[0] - 1]!r}"
               if spaced and len(text.split()) == WIDTH else "something is missing")
    else:
        why = "the line ends in a tab" if cells[-1] == "" else "there is a tab too many"
    raise BadRow(f"{len(cells)} columns where {WIDTH} were due: {why}; separate the columns by single tabs", line)


def _check_tree(words: list[Row]) -> None:
    """BadRow unless the HEADs make one tree: one word hangs on 0, and every other reaches it."""
    if all(cells[HEAD] == "_" for _, cells in words):
        return
    heads = [0]                                            # of word 1, 2, 3, ...; place 0 is the root itself
    for line, cells in words:
        head = cells[HEAD]
        if not (head == "0" or WORD.fullmatch(head)) or int(head) > len(words):
            raise BadRow(f"HEAD {head[:60]!r} of word {len(heads)}; it must be a word of the sentence, 1 to "
                         f"{len(words)}, or 0 for the root", line)
        heads.append(int(head))
    roots = [word for word in range(1, len(heads)) if heads[word] == 0]
    if not roots:
        raise BadRow("no word has HEAD 0; a sentence has one root")
    if len(roots) > 1:
        raise BadRow(f"words {', '.join(map(str, roots))[:200]} all have HEAD 0; a sentence has one root",
                     words[roots[1] - 1][0])
    safe = {0}
    for start in range(1, len(heads)):
        path: dict[int, None] = {}                         # in order, and asked in a moment
        word = start
        while word not in safe and word not in path:
            path[word] = None
            word = heads[word]
        if word not in safe:
            cycle = [*list(path)[list(path).index(word):], word]
            raise BadRow(f"HEADs go round in a cycle, {' -> '.join(map(str, cycle))[:200]}; every word must reach "
                         "the root",
                         words[word - 1][0])
        safe.update(path)

"""How is a corpus read that is larger than memory?  In pieces that a tokenizer cuts as it would cut the whole.

A piece ends before a space or a line break that follows something else.  No token of our tokenizers reaches across such
a place: words of BERT end there, and GPT-2's pieces take a space only in front of them.  So the ids of the pieces, one
after another, are those of the document.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tinyformer.data.corpus import BLANK_LINES, check_source, no_text, read_documents, text_files
from tinyformer.data.text_file import read_pieces

Piece = tuple[bool, str]                         # whether a document begins with it, and what it says
CUT = re.compile(r"(?<=\S)[ \n]")
PIECE = 1 << 18                                  # characters that a piece has about, where it can be cut


class TextInPieces:
    """Characters `first` to `last` of a corpus, read anew whenever they are asked for; iterating gives the pieces.

    As `read_documents` and `split_documents` give them, but for what is held in memory: one piece, or with
    documents="blank-lines" one document.
    """

    def __init__(self, source: str | os.PathLike, documents: str = "file", first: int = 0, last: int | None = None):
        self.source, self.how, self.first, self.last = source, documents, first, last

    def __iter__(self) -> Iterator[str]:
        return (text for _, text in self.pieces())

    def pieces(self) -> Iterator[Piece]:
        """The documents in pieces."""
        return cut_at_spaces(part(corpus_pieces(self.source, self.how), self.first, self.last))

    def counted(self) -> tuple[int, int]:
        """How many documents and characters there are, for which all is read; InputError where there are none."""
        documents = characters = 0
        for begins, text in part(corpus_pieces(self.source, self.how), self.first, self.last):
            documents, characters = documents + begins, characters + len(text)
        if not characters:
            raise no_text(self.source)
        return documents, characters


def corpus_pieces(source: str | os.PathLike, documents: str = "file") -> Iterator[Piece]:
    """What `read_documents` gives, in pieces as they come."""
    check_source(source, documents)
    if source == "pydocs":
        yield from ((True, text) for text in read_documents(source))
        return
    for path in text_files(Path(source)):
        if documents == "file":
            yield from _one_document(read_pieces(path))
        else:
            yield from ((True, text) for text in _between_blank_lines(read_pieces(path)))


def _one_document(pieces: Iterable[str]) -> Iterator[Piece]:
    """The pieces of a file that is one document; nothing where there is nothing but white space."""
    blank, begins = "", True
    for text in pieces:
        if begins and text.isspace():
            blank += text
            continue
        yield begins, blank + text
        blank, begins = "", False


def _between_blank_lines(pieces: Iterable[str]) -> Iterator[str]:
    """The documents of a file that stand between blank lines."""
    rest = ""
    for text in pieces:
        *whole, rest = BLANK_LINES.split(rest + text)
        yield from (part.strip("\n") + "\n" for part in whole if part.strip())
        if whole and not rest.strip():                           # a blank line may go on in the next piece
            rest = "\n" + rest
    if rest.strip():
        yield rest.strip("\n") + "\n"


def part(pieces: Iterable[Piece], first: int, last: int | None) -> Iterator[Piece]:
    """Characters `first` to `last` (not included) of all; a document that begins before the first begins with it."""
    place, begins = 0, True
    for new, text in pieces:
        begins = begins or new
        start, place = place, place + len(text)
        inside = text[max(0, first - start):None if last is None else max(0, last - start)]
        if inside:
            yield begins, inside
            begins = False
        if last is not None and place >= last:
            return


def cut_at_spaces(pieces: Iterable[Piece], size: int = PIECE) -> Iterator[Piece]:
    """The same documents in pieces of about `size` characters that end where a tokenizer does not notice."""
    begins, text = True, ""
    for new, more in pieces:
        if new and text:
            yield begins, text
            text = ""
        begins, text = begins or new, text + more
        while len(text) > size and (place := _last_cut(text, size)):
            yield begins, text[:place]
            begins, text = False, text[place:]
    if text:
        yield begins, text


def _last_cut(text: str, size: int) -> int:
    """The last place up to `size`, or else the first behind it, where a piece may end; 0 where there is none."""
    place = size + 1
    while (place := max(text.rfind(" ", 1, place), text.rfind("\n", 1, place))) > 0:
        if not text[place - 1].isspace():
            return place
    behind = CUT.search(text, size)
    return behind.start() if behind else 0

"""What if the document is longer than the model?  Read it through windows that overlap, the question before each.

[CLS] question [SEP] piece of the document [SEP].  The next window begins `stride` tokens further on, so that most
tokens stand in several of them; an answer is judged in the window where it has the most context on both sides.
Every token of the document keeps its place in characters, so that an answer is a piece of the text as it was written.

Devlin et al. 2019, section 4.2, and the code published with it.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.errors import InputError
from tinyformer.text.bpe import BART_ROLES

NO_ANSWER = 0                                              # the place of [CLS], to which "no answer" points
ATTACHED = ("Mn", "Me", "Mc", "Cf")                        # marks that belong to the character before them


@dataclass(frozen=True)
class Window:
    """One input of the model; arrays of its T tokens.

    `ids` and `segments` (0 for the question, 1 behind it), `offsets` (T, 2) the characters of the document that each
    token stands for ((0, 0) outside), `document` (first, behind the last) of the document's tokens,
    `best_context` (T,) True where no other window shows the token with more context around it, and `covered`
    (from, to) the characters between the token left out before and the one left out behind.
    """

    ids: np.ndarray
    segments: np.ndarray
    offsets: np.ndarray
    document: tuple[int, int]
    best_context: np.ndarray
    covered: tuple[int, int]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def answerable(self) -> np.ndarray:
        """True (T,) at the tokens of the document and at [CLS], which stands for no answer."""
        keep = np.zeros(len(self), dtype=bool)
        keep[self.document[0]:self.document[1]] = True
        keep[NO_ANSWER] = True
        return keep

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The first and last token of the answer document[start:end]; (0, 0), no answer, if part of it is cut off."""
        first, behind = self.document
        spans = self.offsets[first:behind]
        inside = np.flatnonzero((spans[:, 0] < end) & (spans[:, 1] > start))
        if not len(inside) or start < self.covered[0] or self.covered[1] < end:
            return NO_ANSWER, NO_ANSWER
        return first + int(inside[0]), first + int(inside[-1])

    def characters(self, start: int, end: int) -> tuple[int, int]:
        """The characters (from, to) of the document that tokens `start` to `end`, both included, stand for."""
        return int(self.offsets[start, 0]), int(self.offsets[end, 1])


def windows(tokenizer, question: str, document: str, max_length: int = 384, stride: int = 128,
            max_question: int = 64) -> list[Window]:
    """The windows of one question on one document, in order, each of at most `max_length` tokens.

    The question is cut to `max_question` tokens.  Each window begins `stride` tokens of the document after the one
    before, and the last ends with the document.  InputError where the document has no tokens, or where the stride is
    longer than the room for the document, so that tokens between two windows would be lost.
    """
    if tokenizer.cls_id is None or tokenizer.sep_id is None:
        raise InputError(f"windows: {tokenizer!r} has no [CLS] or no [SEP]; answers need a tokenizer like BERT's")
    asked = tokenizer.encode(question)[:max_question]
    room = max_length - len(asked) - len(between(tokenizer)) - 2
    if not 1 <= stride <= room:
        raise InputError(f"windows: stride is {stride}, and max_length {max_length} leaves room for {room} tokens of "
                         f"the document behind a question of {len(asked)}; the stride must be 1 to {room}, or tokens "
                         "between two windows are lost")
    ids, offsets = tokenizer.encode_with_offsets(document)
    if not ids:
        raise InputError(f"windows: the document {document[:40]!r} has no tokens; give one with words in it")
    offsets = whole_characters(document, offsets)
    spans = [(start, min(start + room, len(ids)))
             for start in range(0, max(len(ids) - room, 0) + stride, stride)]
    best = _best_window(spans, len(ids))
    before, after = [0, *offsets[:, 1].tolist()], [*offsets[:, 0].tolist(), len(document)]
    head, tail = [tokenizer.cls_id, *asked, *between(tokenizer)], [tokenizer.sep_id]
    found = []
    for number, (a, b) in enumerate(spans):
        first, behind = len(head), len(head) + b - a
        places = np.zeros((behind + 1, 2), dtype=np.int64)
        places[first:behind] = offsets[a:b]
        best_context = np.zeros(behind + 1, dtype=bool)
        best_context[first:behind] = best[a:b] == number
        found.append(Window(ids=np.array([*head, *ids[a:b], *tail]),
                            segments=np.array([0] * first + [1] * (behind + 1 - first)), offsets=places,
                            document=(first, behind), best_context=best_context, covered=(before[a], after[b])))
    return found


def between(tokenizer) -> list[int]:
    """What stands between two texts: [SEP], and in a vocabulary of RoBERTa's kind "</s></s>"."""
    return [tokenizer.sep_id] * (2 if getattr(tokenizer, "roles", None) is BART_ROLES else 1)


def _best_window(spans: Sequence[tuple[int, int]], length: int) -> np.ndarray:
    """For each token of the document the window that shows it best, the first among equals (length,).

    A token's context is the number of tokens to its left or to its right in the window, whichever is smaller, plus a
    hundredth of the window's length: of two that are nearly equal the longer one, for the last may be short.
    """
    best, most = np.zeros(length, dtype=np.int64), np.full(length, -1.0)
    for number, (a, b) in enumerate(spans):
        places = np.arange(b - a)
        context = np.minimum(places, places[::-1]) + 0.01 * (b - a)
        better = context > most[a:b]
        best[a:b][better] = number
        most[a:b][better] = context[better]
    return best


def whole_characters(document: str, offsets: Sequence[tuple[int, int]]) -> np.ndarray:
    """Offsets (N, 2) without white space at the ends, and with the accents that follow a letter as marks.

    A tokenizer that drops accents ends its token before them, and byte-level tokens begin with a space.
    """
    found = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    limits = [*found[1:, 0].tolist(), len(document)]
    for row, ((start, end), limit) in enumerate(zip(found.tolist(), limits, strict=True)):
        while start < end and document[start].isspace():
            start += 1
        while start < end and document[end - 1].isspace():
            end -= 1
        while start < end < limit and unicodedata.category(document[end]) in ATTACHED:
            end += 1
        found[row] = start, end
    return found

"""What does a BERT read of two real languages, and by what is it judged?  Texts of both, and lines with translations.

What is read are two texts, and nothing says which line of one goes with which of the other: rows are drawn from each by
itself.  Beside them stand lines that are not read, line n of one the translation of line n of the other.  From these it
is counted which words belong together, to judge by alone: words in small letters without accents, spelled differently,
each the other's likeliest partner by Dice's coefficient.  A dictionary of the user's may say it instead.

Both languages have one vocabulary of pieces.  Where they are to have `separate` ones, the second is written in another
script, so that no piece is common to both (K et al. 2020).
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from tinyformer.data.batches import PretrainingBatch
from tinyformer.data.masking import IGNORED, mask_tokens
from tinyformer.rng import stream
from tinyformer.text import WordPieceTokenizer

LONGEST = 24                                  # pieces of a line that are read
CONTEXT = LONGEST + 2                         # with [CLS] and [SEP]
LIKELY, OFTEN = 0.4, 5                        # partners: Dice's coefficient, and the lines that each stands in
OTHER_SCRIPT, LETTERS = 0xA000, 0x48D         # the syllables of Yi: letters, and how many there are
HIDDEN = 0.3                                  # of the pieces

Lines = Sequence[Sequence[str]]


def plain_words(text: str) -> list[str]:
    """The words and signs of a text, in small letters without accents.

    Behind a letter of a script without capitals a mark is no accent but a part of the word, as a vowel of Hindi is.
    """
    kept, base = [], ""
    for each in unicodedata.normalize("NFD", text.lower()):
        if not is_mark(each):
            base = each
        elif not base.isalpha() or base.lower() != base.upper():
            continue
        kept.append(each)
    found, inside = [], False
    for each in unicodedata.normalize("NFC", "".join(kept)):
        goes_on = each.isalnum() or each == "_" or is_mark(each)
        if goes_on and inside:
            found[-1] += each
        elif not each.isspace():
            found.append(each)
        inside = goes_on
    return found


def is_mark(letter: str) -> bool:
    """Whether it stands with the letter before it: an accent, or a sign for a vowel."""
    return unicodedata.category(letter).startswith("M")


def is_word(word: str) -> bool:
    """Whether it is spelled in letters with their marks, without numbers."""
    return all(each.isalpha() or is_mark(each) for each in word)


def in_other_script(words: Sequence[str]) -> list[str]:
    """The same words in letters that the first language does not have.

    Letters whose code points lie a multiple of LETTERS apart become one: none that English or French have, but some
    of Chinese.
    """
    return ["".join(chr(OTHER_SCRIPT + ord(letter) % LETTERS) for letter in word) for word in words]


@dataclass(frozen=True, eq=False)
class TwoTexts:
    """Lines of both languages, each its words: those that are read, and those to judge by, which are translations.

    `pairs` are words of the first and of the second that belong together; `size` is that of the vocabulary.
    """

    read: tuple[Lines, Lines]
    judged: tuple[Lines, Lines]
    pairs: Sequence[tuple[str, str]]
    size: int
    seed: int

    def separate(self) -> "TwoTexts":
        """The same with the second language in another script."""
        read, judged = ((one, [*map(in_other_script, other)]) for one, other in (self.read, self.judged))
        others = in_other_script([other for _, other in self.pairs])
        return replace(self, read=read, judged=judged,
                       pairs=[(one, other) for (one, _), other in zip(self.pairs, others, strict=True)])

    @cached_property
    def tokenizer(self) -> WordPieceTokenizer:
        """One vocabulary of all that is read."""
        return WordPieceTokenizer.train([" ".join(line) for side in self.read for line in side], self.size)

    @cached_property
    def rows_to_read(self) -> list[np.ndarray]:
        """What is read of each language, (N, T)."""
        return [self.rows(side)[0] for side in self.read]

    def rows(self, lines: Lines, known: Mapping[str, int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """[CLS], the pieces of each line and [SEP], (N, T), and beside each piece the number that `known` has for its
        word, -1 where it has none.
        """
        cut = self.tokenizer
        ids = np.full((len(lines), CONTEXT), cut.pad_id)
        numbers = np.full_like(ids, -1)
        for row, places, line in zip(ids, numbers, lines, strict=True):
            pieces = [(piece, word) for word in line for piece in cut.encode(word)][:LONGEST]
            row[:len(pieces) + 2] = [cut.cls_id, *(piece for piece, _ in pieces), cut.sep_id]
            places[1:len(pieces) + 1] = [(known or {}).get(word, -1) for _, word in pieces]
        return ids, numbers


def partners(judged: tuple[Lines, Lines]) -> list[tuple[str, str]]:
    """Words of which each is the other's likeliest partner in lines beside each other, and that differ in spelling."""
    there = [[{*filter(is_word, line)} for line in side] for side in judged]
    counts = [Counter(chain.from_iterable(side)) for side in there]
    words = [sorted(word for word, count in each.items() if count >= OFTEN) for each in counts]
    if not all(words):
        return []
    stands = []
    for side, own in zip(there, words, strict=True):
        place = {word: number for number, word in enumerate(own)}
        stands.append(np.zeros((len(side), len(own)), np.float32))
        for row, line in zip(stands[-1], side, strict=True):
            row[[place[word] for word in line if word in place]] = 1
    dice = 2 * (stands[0].T @ stands[1]) / (stands[0].sum(0)[:, None] + stands[1].sum(0))
    first, second = dice.argmax(1), dice.argmax(0)
    return [(words[0][a], words[1][b]) for a, b in enumerate(first)
            if second[b] == a and dice[a, b] >= LIKELY and words[0][a] != words[1][b]]


class BothTexts:
    """BERT's batches: half of the rows from each text, each drawn by itself; `batch(step)`."""

    def __init__(self, texts: TwoTexts, batch_size: int):
        self.texts, self.batch_size = texts, batch_size

    def batch(self, step: int) -> PretrainingBatch:
        """Rows of the one, and below them as many of the other."""
        rng, cut = stream(self.texts.seed, "two texts", step), self.texts.tokenizer
        ids = np.concatenate([rows[rng.integers(len(rows), size=self.batch_size // 2)]
                              for rows in self.texts.rows_to_read])
        noisy, targets = mask_tokens(ids, rng=rng, rate=HIDDEN, mask_id=cut.mask_id, vocab_size=len(cut),
                                     special_ids=cut.special_ids)
        places = np.flatnonzero(targets != IGNORED)
        return PretrainingBatch(noisy, np.zeros_like(ids), ids != cut.pad_id, places, targets.reshape(-1)[places])

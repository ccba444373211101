"""What does every labelled set need beside its sentences?  The truth, how sure it is, and a key that gives its split.

A draft is an example before it is given a place: its key names what it is about (not how it is said, and not its
label), so that everything about one thing falls into one split and none of it leaks into another.
"""

import zlib
from dataclasses import dataclass

from tinyformer.tinyland.grammar import Grammar, Sentence
from tinyformer.tinyland.word_tables import Chance, Lexicon

__all__ = ["Chance", "Draft", "Grammar", "Lexicon", "Sentence", "joined", "split_of"]


@dataclass(frozen=True)
class Draft:
    """Texts, truth and key; what a perfect reader can know of the truth is `sure`, or the `spread` of a score.

    `sure` is the probability that the best answer to these texts is the label; `expected` and `spread` are the
    mean and the variance of a score given the texts.
    """

    texts: tuple
    label: object
    key: str
    sure: float = 1.0
    expected: float = 0.0
    spread: float = 0.0


def split_of(key: str) -> str:
    """The split a key belongs to: eight of ten to train, one to dev, one to test."""
    place = zlib.crc32(key.lower().encode()) % 10
    return "train" if place < 8 else "dev" if place == 8 else "test"


def joined(*parts) -> str:
    """A key of several parts; the order of parts given in a set does not count."""
    return " / ".join(" + ".join(sorted(part)) if isinstance(part, set | frozenset) else str(part) for part in parts)

"""What does a model read that is to learn from examples?  Lists of worked examples, each of one mapping.

A third of the lists are tinyland's own: translations, plurals, copies, sums ...  Half of them follow a mapping that was
made up for that list: each word is changed, and others are put in front of it or behind.  In the rest several words are
changed and put in an order.  Which mapping it is, nothing says but the lines themselves.

Two things stand in no document, so that they can be asked for: a fifth of all inputs (those of `is_held_out`, alone or
as several words), and some mappings.  A held-out *frame* puts words around its answer that never did so, a *reversed
plural* joins two things that are only ever seen apart, and a *rotation* is an order of three words that no list has.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tinyformer.data.batches import TextBatch
from tinyformer.data.masking import IGNORED
from tinyformer.generate.in_context import Look, Pair
from tinyformer.rng import stream
from tinyformer.text import WordPieceTokenizer
from tinyformer.tinyland import MAPPINGS, Chance, dictionary, is_held_out, lexicon, worked_pairs

LOOK = Look("{input} => {output}.")
TABLES = ("animal", "food", "thing", "plant")                  # those that tinyland makes its own lists of
ORDERS = {1: ((0,),), 2: ((0, 1), (1, 0)), 3: ((0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1))}
ROTATIONS = ((1, 2, 0), (2, 0, 1))
LONGEST = 3                                                    # words of an input
LINE = 10                                                      # tokens of a long line


@dataclass(frozen=True)
class Mapping:
    """Change each word, put the words in an order, and words around them."""

    change: str                                                # "same", "plural" or "translate"
    order: tuple[int, ...]                                     # which word of the input comes first, second ...
    before: str = ""
    behind: str = ""

    def __call__(self, words: Sequence[str]) -> str:
        changed = (changes()[self.change][words[place]] for place in self.order)
        return " ".join(part for part in (self.before, *changed, self.behind) if part)

    @property
    def held_out(self) -> bool:
        """Whether no document contains it."""
        return (self.order in ROTATIONS or self.change == "plural" and self.order == (1, 0)
                or any(word and is_held_out(word) for word in (self.before, self.behind)))


@cache
def words() -> tuple[str, ...]:
    """The single words that lists are made of, in the order of the alphabet."""
    return tuple(sorted({entry.word for table in TABLES for entry in lexicon()[table] if " " not in entry.word}))


@cache
def changes() -> dict[str, dict[str, str]]:
    """What becomes of a word: {"plural": {"dog": "dogs", ...}, ...}."""
    plurals = {entry.word: entry.plural for table in TABLES for entry in lexicon()[table] if " " not in entry.word}
    return {"same": {word: word for word in words()}, "plural": plurals,
            "translate": {word: dictionary()[word.lower()] for word in words()}}


# ---- mappings, and lines that follow them ----------------------------------------------------------------------------


def frame(chance: Chance, held_out: bool = False) -> Mapping:
    """One word, changed, with a word before it or behind it or both; held out: both have never stood there."""
    around = [word for word in (*words(), *changes()["translate"].values()) if is_held_out(word) == held_out]
    before, behind = chance.choose(around), chance.choose(around)
    sides = chance.below(3)
    return Mapping(chance.choose(tuple(changes())), (0,), "" if sides == 1 else before, "" if sides == 2 else behind)


def several(chance: Chance) -> Mapping:
    """Two or three words, each changed, in an order that lists have."""
    while True:
        order = chance.choose(ORDERS[2 + chance.below(2)])
        found = Mapping("same" if len(order) == 3 else chance.choose(tuple(changes())), order)
        if not found.held_out:
            return found


def reversed_plural(chance: Chance) -> Mapping:
    """Two words in the plural, the last one first: lists have plurals, and lists have reversed words."""
    return Mapping("plural", (1, 0))


def rotation(chance: Chance) -> Mapping:
    """Three words, the first of which goes to the end, or the last to the front."""
    return Mapping("same", chance.choose(ROTATIONS))


def lines_of(mapping: Mapping, n: int, chance: Chance, held_out: bool = False) -> list[Pair]:
    """n different lines of a mapping; `held_out` inputs are those that no document contains."""
    found: dict[str, str] = {}
    while len(found) < n:
        given = chance.shuffled(words())[:len(mapping.order)]
        if is_held_out(" ".join(given)) == held_out:
            found[" ".join(given)] = mapping(given)
    return list(found.items())


def tinyland_lines(mapping: str, n: int, chance: Chance, held_out: bool = False) -> list[Pair]:
    """n different lines of one of tinyland's mappings, with inputs of at most three words."""
    found: dict[str, str] = {}
    while len(found) < n:
        found |= {a: b for a, b in worked_pairs(mapping, 1, chance, held_out) if len(a.split()) <= LONGEST}
    return list(found.items())


# ---- documents -------------------------------------------------------------------------------------------------------


def document(chance: Chance, n: int = 16) -> list[Pair]:
    """The lines of one list that a model is trained on: tinyland's own, framed words, or several words."""
    kind = chance.below(6)
    if kind < 2:
        return tinyland_lines(chance.choose(MAPPINGS), n, chance)
    return lines_of(frame(chance) if kind < 5 else several(chance), n, chance)


def held_out_list(kind: str, examples: int, chance: Chance) -> list[Pair]:
    """A line whose input stands in no document, and behind it so many others to be shown before it.

    `kind` is one of tinyland's mappings, or of `NEW`, which no document contains.
    """
    if kind in NEW:
        mapping = NEW[kind](chance)
        return lines_of(mapping, 1, chance, held_out=True) + lines_of(mapping, examples, chance)
    return tinyland_lines(kind, 1, chance, held_out=True) + tinyland_lines(kind, examples, chance)


NEW: dict[str, Callable[[Chance], Mapping]] = {
    "new frame": lambda chance: frame(chance, held_out=True),
    "reversed plural": reversed_plural,
    "rotation": rotation,
}


@cache
def tokenizer() -> WordPieceTokenizer:
    """Every word of the lists as one token; a regular plural is its word and an ending, a number its digits."""
    tokens = dict.fromkeys(["[PAD]", "[UNK]", *"=>.+", *"0123456789", *(f"##{digit}" for digit in "0123456789")])
    entries = [entry for table in TABLES for entry in lexicon()[table]]
    singular = [word for entry in entries for word in entry.word.lower().split()]
    tokens |= dict.fromkeys(itertools.chain(singular, (dictionary()[word] for word in singular)))
    for entry in entries:
        for one, many in zip(entry.word.lower().split(), entry.plural.lower().split(), strict=True):
            if many not in tokens:
                tokens["##" + many.removeprefix(one) if many.startswith(one) else many] = None
    return WordPieceTokenizer(tokens)


class ListBatches:
    """Batches for a GPT, a list in every row, (batch_size, length); `batch(step)` is pure in (seed, step).

    Every second row begins within the first line of its list, or the lines of a list would always stand at the same
    places, and examples would be understood there alone.
    The loss counts outputs alone, up to the mark that ends them: inputs are drawn at random, and nobody can foretell
    them.
    """

    def __init__(self, batch_size: int, length: int, seed: int):
        self.batch_size, self.length, self.seed = batch_size, length, seed

    def batch(self, step: int) -> TextBatch:
        """The batch of this step."""
        rows = []
        for number in range(step * self.batch_size, (step + 1) * self.batch_size):
            chance = Chance(stream(self.seed, "worked list", number))
            rows.append(row(document(chance), self.length, chance.coin() * chance.below(LINE)))
        ids, asked = (np.stack(part) for part in zip(*rows, strict=True))                              # (B, T + 1)
        return TextBatch(ids[:, :-1], np.where(asked, ids, IGNORED)[:, 1:])


def row(lines: Sequence[Pair], length: int, skipped: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """As much of a list as a row has room for, its first `skipped` tokens left out.

    Its ids (T + 1,), and which of them belong to outputs (T + 1,).
    """
    ids, asked = [], []
    for given, output in itertools.cycle(lines):               # a list that is too short is told once more
        if len(ids) > skipped + length:
            part = slice(skipped, skipped + length + 1)
            return np.array(ids[part]), np.array(asked[part])
        head, tail = tokenizer().encode(LOOK.prompt([], given)), tokenizer().encode(LOOK.answer(output))
        ids += head + tail
        asked += [False] * len(head) + [True] * len(tail)

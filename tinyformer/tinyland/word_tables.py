"""Which words are there, and what is true of them?  Reads world.txt: tables of entries, verbs and synonyms.

An entry's facts are the cells of its row.  A word that stands in two tables has two senses, and its sense is
the name of the table, so that the truth about it is known wherever it was drawn from.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from tinyformer.errors import InputError

FOLDER = Path(__file__).parent
ENTITIES = {"person": "PER", "family": "PER", "town": "LOC", "company": "ORG"}
SENSES = ("animal", "food", "thing", "plant", "building", "land", "season", "sport", "company", "colour")
HELD_OUT = ("animal", "food", "thing", "plant", "person", "town", "opinion", "job")


class Chance:
    """Draws from one random stream, many at a time: `below(n)`, `choose(items)`, `coin(p)`."""

    def __init__(self, rng: np.random.Generator):
        self.rng, self.left = rng, []

    def uniform(self) -> float:
        if not self.left:
            self.left = self.rng.random(64).tolist()
        return self.left.pop()

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        return int(self.uniform() * n)

    def choose(self, items: Sequence):
        return items[self.below(len(items))]

    def coin(self, p: float = 0.5) -> bool:
        return self.uniform() < p

    def shuffled(self, items: Sequence) -> list:
        items = list(items)
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]
        return items


@dataclass(frozen=True, eq=False)
class Entry:
    """One row of a table: its word ("sea otter"), the kind of word it is, and its facts by column."""

    table: str
    word: str
    plural: str
    tag: str
    facts: dict[str, str] = field(default_factory=dict)          # column -> cell
    tags: dict[str, str] = field(default_factory=dict)           # column -> part of speech

    def sense_of(self, column: str) -> str:
        """The sense that a cell was written with (bank=building), or that its column names (colour)."""
        word, _, sense = self.facts[column].partition("=")
        return sense or (column if column in SENSES else "")

    def __getitem__(self, column: str) -> str:
        return self.facts[column].partition("=")[0]


class Lexicon:
    """All of world.txt: `tables` of entries by name, the forms of the `verbs`, and `synonyms` by form and tag."""

    def __init__(self, path: Path = FOLDER / "world.txt"):
        self.tables: dict[str, list[Entry]] = {}
        self.verbs: dict[str, dict[str, str]] = {}               # base form -> name of the form -> form
        self.synonyms: dict[tuple[str, str], str] = {}
        pairs = []
        for place, table, columns, cells in _rows(path):
            if len(cells) != len(columns):
                raise InputError(f"{place}: {len(cells)} cells, but table {table} has {len(columns)} columns "
                                 f"({' '.join(name for name, _ in columns)}); write - for an empty cell")
            row = {name: cell.replace("_", " ") for (name, _), cell in zip(columns, cells, strict=True)}
            if table == "verb":
                self.verbs[row["word"]] = verb_forms(row["word"], row["past"], row["participle"])
            elif table == "synonym":
                pairs.append((row["word"], row["other"]))
            else:
                tags = {name: tag or "NOUN" for name, tag in columns}
                plural = {"-": plural_of(row["word"]), "=": row["word"]}.get(row.get("plural", "-"), row.get("plural"))
                self.tables.setdefault(table, []).append(Entry(table, row["word"], plural, tags["word"], row, tags))
        for pair in pairs:
            self._add_synonyms(*pair)
        self.senses = self._ambiguous()
        self._found: dict[tuple, list[Entry]] = {}

    def __getitem__(self, table: str) -> list[Entry]:
        return self.tables[table]

    def matching(self, table: str, limits: dict[str, str]) -> list[Entry]:
        """The entries whose facts are as asked: {"kind": "bird,fish"} one of these, {"kind": "!bird"} not that."""
        key = (table, *limits.items())
        if key not in self._found:
            self._found[key] = [entry for entry in self.tables[table] if all(
                entry[column] != value[1:] if value[0] == "!" else entry[column] in value.split(",")
                for column, value in limits.items())]
        return self._found[key]

    def known(self) -> "Lexicon":
        """The same words without a fifth of the open ones: what training sets may use, so that others are new."""
        other = object.__new__(Lexicon)
        other.__dict__.update(self.__dict__)
        other._found = {}
        other.tables = {name: [entry for entry in entries if name not in HELD_OUT or not is_held_out(entry.word)]
                        for name, entries in self.tables.items()}
        return other

    def _add_synonyms(self, a: str, b: str) -> None:
        """Each for the other; all forms of two verbs; other words by the part of speech that both can be."""
        if a in self.verbs and b in self.verbs:
            for name, form in self.verbs[a].items():
                self.synonyms[form, "VERB"] = self.verbs[b][name]
                self.synonyms[self.verbs[b][name], "VERB"] = form
            return
        for tag in ("ADJ", "ADV", "ADP", "NOUN"):
            self.synonyms[a, tag], self.synonyms[b, tag] = b, a

    def _ambiguous(self) -> dict[str, tuple[str, ...]]:
        """For each word with several senses, their names: {"bat": ("animal", "thing"), ...}; case is folded."""
        found: dict[str, list[str]] = {}
        for table in SENSES:
            for entry in self.tables[table]:
                found.setdefault(entry.word.lower(), []).append(table)
        return {word: tuple(tables) for word, tables in found.items() if len(tables) > 1}


@cache
def lexicon(known: bool = False) -> Lexicon:
    """The lexicon of world.txt, read once; with `known` without the words that training sets never use."""
    return lexicon().known() if known else Lexicon()


def is_held_out(word: str) -> bool:
    """Whether an open word stands in no training set (one in five; by its letters, so always the same ones)."""
    return zlib.crc32(word.lower().encode()) % 5 == 0


def plural_of(word: str) -> str:
    """dog dogs, box boxes, berry berries, day days."""
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def verb_forms(base: str, past: str = "-", participle: str = "-") -> dict[str, str]:
    """All forms of a verb, the regular ones by rule: walk walks walked walked; "-" asks for the rule."""
    third = {"be": "is", "have": "has", "do": "does", "go": "goes"}.get(base, plural_of(base))
    if base.endswith("e"):
        regular = base + "d"
    elif base.endswith("y") and base[-2] not in "aeiou":
        regular = base[:-1] + "ied"
    else:
        regular = base + (base[-1] if base in ("stop", "fit") else "") + "ed"
    past = regular if past == "-" else past
    return {"base": base, "third": third, "past": past, "participle": past if participle == "-" else participle}


def _rows(path: Path):
    """(file and line, table, columns with their tags, cells) of every entry; InputError for a line outside tables."""
    table, columns = None, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.split("#")[0].strip()
        if line.startswith("["):
            head, _, names = line.strip("[]").partition(":")
            table, _, tag = head.strip().partition("/")
            columns = [(name, default) for name, _, default in (name.partition("/") for name in names.split())]
            columns[0] = (columns[0][0], tag or columns[0][1])
        elif line and table is None:
            raise InputError(f"{path.name}, line {number}: an entry before the first [table: columns]; begin one")
        elif line:
            yield f"{path.name}, line {number}", table, columns, line.split()

"""How does a line of grammar.txt become a sentence?  Every word comes out with its part of speech, entity and sense.

A template is filled from bindings (the letters of its topic and the entries they stand for), one word after
another, and each word keeps what the grammar knows about it: nothing is guessed from the text afterwards.
"""

import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.tinyland.word_tables import ENTITIES, FOLDER, SENSES, Chance, Entry, Lexicon, lexicon

ALTERNATIVES = re.compile(r"\(([^()]*)\)")
PRONOUNS = {"f": dict(she="she", her="her", his="her", self="herself"),
            "m": dict(she="he", her="him", his="his", self="himself")}
VOWEL = re.compile(r"[aeiou]|hour", re.I)
NO_VOWEL = re.compile(r"use|one|eu", re.I)
NUMBERS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
           "seventeen eighteen nineteen").split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, its universal part of speech, its entity (BIO) and, if it has several, its sense."""

    text: str
    tag: str
    entity: str = "O"
    sense: str = ""


@dataclass(frozen=True)
class Sentence:
    """A sentence as words; `text` is how it reads, `starts` where in the text each word begins."""

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        return self._layout[0]

    @property
    def starts(self) -> list[int]:
        return self._layout[1]

    @cached_property
    def _layout(self) -> tuple[str, list[int]]:
        text, starts = "", []
        for word in self.words:
            if text and not (word.tag == "PUNCT" and word.text in ".,?!:;") and word.text != "'s":
                text += " "
            starts.append(len(text))
            text += word.text
        return text, starts


@dataclass
class Topic:
    """A section of the grammar: what its letters stand for, and its templates by stage, with their conditions."""

    name: str
    bindings: dict[str, str] = field(default_factory=dict)                     # letter -> "animal kind=bird"
    stages: dict[str, list[tuple[str, str]]] = field(default_factory=dict)     # stage -> (condition, template)


@dataclass
class Memory:
    """Who was mentioned last, of each gender: a pronoun stands only where it can mean nobody else."""

    last: dict[str, Entry] = field(default_factory=dict)

    def mention(self, person: Entry) -> None:
        self.last[person["gender"]] = person

    def is_clear(self, person: Entry) -> bool:
        return self.last.get(person["gender"]) is person


class Grammar:
    """grammar.txt in its sections, and `fill`, which makes a sentence of a template."""

    def __init__(self, words: Lexicon, path: Path = FOLDER / "grammar.txt"):
        self.lexicon = words
        self.sections = _sections(path)
        self._plain = {kind: [line for _, line in lines] for (kind, name), lines in self.sections.items() if not name}
        self.tags = self._tags()
        self.topics, self.facts, self.reviews, self.relations = (
            {name: _topic(name, lines) for (kind, name), lines in self.sections.items() if kind == wanted}
            for wanted in ("topic", "facts", "review", "relation"))

    def lines(self, section: str) -> list[str]:
        """The lines of a section that is a plain list."""
        return self._plain[section]

    def bind(self, topic: Topic, chance: Chance, given: dict[str, Entry] | None = None,
             words: Lexicon | None = None) -> dict[str, Entry]:
        """An entry for each letter of the topic; no entry stands for two letters where there is another."""
        bound = dict(given or {})
        for letter, rule in topic.bindings.items():
            if letter not in bound:
                bound[letter] = self.draw(rule, chance, bound, words)
        return bound

    def draw(self, rule: str, chance: Chance, bound: dict[str, Entry] | None = None,
             words: Lexicon | None = None) -> Entry:
        """An entry by rule: "animal kind=bird,fish size=small", "number from=2 to=9", "animal same=x.kind"."""
        table, *conditions = rule.split()
        limits, bound = dict(part.split("=") for part in conditions), bound or {}
        if table == "number":
            low, high = int(limits["from"]), int(limits["to"])
            word = number_word(low + chance.below(high - low + 1))
            return Entry("number", word, word, "NUM", {"word": word}, {"word": "NUM"})
        for relation in ("same", "not"):
            if relation in limits:
                letter, column = limits.pop(relation).split(".")
                value = bound[letter][column]
                limits[column] = value if relation == "same" else "!" + value
        found = (words or self.lexicon).matching(table, limits)
        taken = {entry.word for entry in bound.values()}
        for _ in range(8):                       # soon an entry that is not taken, if there are many
            entry = chance.choose(found)
            if entry.word not in taken:
                return entry
        return chance.choose([entry for entry in found if entry.word not in taken] or found)

    def fill(self, template: str, bound: dict[str, Entry], chance: Chance, memory: Memory | None = None, *,
             synonyms: bool = True, full: bool = False) -> Sentence:
        """The sentence; with `synonyms` a word may give way to its synonym, with `full` a first mention to a full name.

        Without `memory` names are never replaced.  Raises InputError for a word whose part of speech is unknown.
        """
        memory = memory or Memory()
        while "(" in template:
            template = ALTERNATIVES.sub(lambda found: chance.choose(found[1].split("|")), template, count=1)
        words: list[Word] = []
        for token in template.split():
            words += self._slot(token, bound, chance, memory, full) if token[0] == "{" else [self._literal(token)]
        if synonyms:
            words = [self._vary(word, chance) for word in words]
        return finish(words)

    def _slot(self, token: str, bound, chance: Chance, memory: Memory, full: bool) -> list[Word]:
        letter, _, column = token[1:-1].partition(".")
        if letter not in bound:
            raise InputError(f"grammar.txt: {token} stands for nothing; add a line '{letter}: table' to its section")
        entry = bound[letter]
        if entry.table == "person" and column in ("she", "her", "his", "self"):
            if column == "self" or memory.is_clear(entry):
                return [Word(PRONOUNS[entry["gender"]][column], "PRON")]
            memory.mention(entry)
            return named(entry.word, entry) + ([Word("'s", "PART")] if column == "his" else [])
        if column == "s":
            return named(entry.plural, entry)
        if column:
            sense = entry.sense_of(column)
            return [Word(part, entry.tags[column], sense=self._sense(part, sense)) for part in entry[column].split()]
        if entry.table == "person":
            first = entry not in memory.last.values()
            memory.mention(entry)
            if full and first and chance.coin(0.3):
                return named(f"{entry.word} {chance.choose(self.lexicon['family']).word}", entry)
        return named(entry.word, entry)

    def _literal(self, token: str) -> Word:
        text, _, rest = token.partition("/")
        tag, _, sense = rest.partition("=")
        text = text if text in self.tags else text[:1].lower() + text[1:]      # a template begins with a capital
        if not tag and text not in self.tags:
            raise InputError(f"grammar.txt: the kind of word of {text!r} is not known; add it to [words], to a table "
                             f"of world.txt, or write it as {text}/NOUN, {text}/VERB ...")
        return Word(text, tag or self.tags[text], sense=sense)

    def _sense(self, word: str, sense: str) -> str:
        return sense if word.lower() in self.lexicon.senses else ""

    def _vary(self, word: Word, chance: Chance) -> Word:
        other = self.lexicon.synonyms.get((word.text, word.tag))
        return Word(other, word.tag) if other and not word.sense and chance.coin() else word

    def _tags(self) -> dict[str, str]:
        """The part of speech of each word that a template may use as it stands; [words] decides before the tables."""
        tags = dict.fromkeys(".,?!:;", "PUNCT") | {mark: "SYM" for mark in ("=>", "+", "=")}
        for entries in self.lexicon.tables.values():
            for entry in entries:
                tags |= {word: entry.tag for word in (entry.word, entry.plural) if " " not in word}
        for forms in self.lexicon.verbs.values():
            tags |= dict.fromkeys(forms.values(), "VERB")
        for line in reversed(self.lines("words")):
            tag, _, words = line.partition(":")
            tags |= dict.fromkeys(words.split(), tag)
        return tags


@cache
def grammar() -> Grammar:
    """The grammar of grammar.txt with the words of world.txt, read once."""
    return Grammar(lexicon())


def named(text: str, entry: Entry) -> list[Word]:
    """The words of an entry's name, tagged as its table says."""
    kind, sense = ENTITIES.get(entry.table), entry.table if entry.word.lower() in lexicon().senses else ""
    sense = sense if entry.table in SENSES else ""
    return [Word(part, entry.tag, f"{'I' if place else 'B'}-{kind}" if kind else "O", sense)
            for place, part in enumerate(text.split())]


def finish(words: list[Word]) -> Sentence:
    """Write a capital at the beginning, and an for a before a vowel."""
    for place, word in enumerate(words[:-1]):
        if word.text == "a" and word.tag == "DET":
            following = words[place + 1].text
            if VOWEL.match(following) and not NO_VOWEL.match(following):
                words[place] = Word("an", "DET")
    first = words[0]
    words[0] = Word(first.text[:1].upper() + first.text[1:], first.tag, first.entity, first.sense)
    return Sentence(tuple(words))


def number_word(n: int) -> str:
    """The English word for a number from 0 to 99."""
    if n < 20:
        return NUMBERS[n]
    return TENS[n // 10] + (f"-{NUMBERS[n % 10]}" if n % 10 else "")


def holds(condition: str, bound: dict[str, Entry]) -> bool:
    """Whether "o.polarity=good" is true of what the letters stand for; an empty condition is."""
    if not condition:
        return True
    left, _, value = condition.partition("=")
    letter, _, column = left.partition(".")
    return bound[letter][column] == value


def _sections(path: Path) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """(kind, name) of each section -> its (line number, line)."""
    sections: dict[tuple[str, str], list[tuple[int, str]]] = {}
    lines = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            kind, _, name = line[1:-1].partition(" ")
            lines = sections.setdefault((kind, name), [])
        elif line and not line.startswith("#"):
            if lines is None:
                raise InputError(f"{path.name}, line {number}: a line before the first [section]; begin one")
            lines.append((number, line))
    return sections


def _topic(name: str, lines: list[tuple[int, str]]) -> Topic:
    topic = Topic(name)
    for number, line in lines:
        head, bar, template = line.partition(" | ")
        if bar:
            stage, _, condition = head.partition(" ")
            topic.stages.setdefault(stage, []).append((condition.strip(), template))
        elif ":" in line:
            letter, _, rule = line.partition(":")
            topic.bindings[letter.strip()] = rule.strip()
        else:
            raise InputError(f"grammar.txt, line {number}: {line!r} is neither 'letter: table' nor 'stage | sentence'")
    return topic

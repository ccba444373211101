"""Which 42 tasks can a prompt of one line set, or sixteen?  Nine families, each list behind a word that says its task.

"reverse : dog cat => cat dog . owl hen => hen owl . ..."  A list names its task or does not; what its lines have in
common is a rule, drawn for it alone where the task leaves something open: which words frame the answer, which noun
stands for which letter, which letter for which class.  Every word is one token.

Not in any list, so that it can be asked for: a fifth of the inputs in whatever order (but where a task has few, and
knows them by heart), the words of new frames, rotations, and three ways to join two things that are only read apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from tinyformer.phenomena.parts.worked_lists import Mapping, changes
from tinyformer.tinyland import Chance, is_held_out, lexicon

Words = tuple[str, ...]
Line = tuple[Words, Words]                                     # an input and its output
KINDS, OF_EACH, VERBS = ("animal", "food", "thing"), 12, 12
LETTERS, DIGITS = tuple("abcdefghijklmnop"), tuple("0123456789")
SAYS, ARROW, STOP = ":", "=>", "."


@dataclass(frozen=True)
class Rule:
    """What the lines of one list have in common."""

    inputs: Callable[[Chance], Words]
    output: Callable[[Words], Words]


@dataclass(frozen=True)
class Task:
    """One of the 42: the words that say it, and how the rule of a list is drawn, with or without what is held out."""

    name: str
    family: str
    said: str
    drawn: Callable[[Chance, bool], Rule]
    trained: bool = True                                       # whether lists follow it
    by_heart: bool = False                                     # whether its inputs are few, and all stand in lists
    made_up: bool = False                                      # whether the rule holds for one list alone

    def lines(self, rule: Rule, count: int, chance: Chance, held_out: bool = False) -> list[Line]:
        """So many lines of a rule; `held_out` ones are those of no list, where the task has such."""
        found: list[Line] = []
        while len(found) < count:
            given = rule.inputs(chance)
            if self.by_heart or unread(given) == held_out:
                found.append((given, rule.output(given)))
        return found


def unread(given: Sequence[str]) -> bool:
    """Whether no list has these words as an input, in whatever order."""
    return is_held_out(" ".join(sorted(given)))


# ---- words -----------------------------------------------------------------------------------------------------------


@cache
def kinds() -> dict[str, str]:
    """The nouns, each with its kind; none of them has two senses."""
    plain = {kind: [entry.word for entry in lexicon()[kind] if " " not in entry.word
                    and entry.word not in lexicon().senses] for kind in KINDS}
    return {word: kind for kind in KINDS for word in plain[kind][:OF_EACH]}


@cache
def tables() -> dict[str, dict[str, str]]:
    """What becomes of a word in the tasks that are known by heart."""
    nouns = {change: {word: changes()[change][word] for word in kinds()} for change in ("translate", "plural")}
    pasts = {verb: forms["past"] for verb, forms in [*lexicon().verbs.items()][3:] if forms["past"] != verb}
    pasts = dict([*pasts.items()][:VERBS])
    others = {entry.word: entry["other"] for entry in lexicon()["opposite"]}
    letters = dict(zip(LETTERS, LETTERS[1:], strict=False))
    pairs = {"translate": ("back", nouns["translate"]), "plural": ("singular", nouns["plural"]),
             "past": ("present", pasts), "next": ("previous", letters)}
    found = {"kind": kinds(), "opposite": others | _turned(others)}
    for name, (back, table) in pairs.items():
        found |= {name: table, back: _turned(table)}
    return found


def _turned(table: dict[str, str]) -> dict[str, str]:
    return {value: key for key, value in table.items()}


def some(pool: Sequence[str], count: int) -> Callable[[Chance], Words]:
    """Inputs of so many different words."""
    def drawn(chance: Chance) -> Words:
        found: dict[str, None] = {}
        while len(found) < count:
            found[chance.choose(pool)] = None
        return tuple(found)
    return drawn


# ---- families --------------------------------------------------------------------------------------------------------


def known(name: str, family: str = "words by heart") -> Task:
    """A word for a word, always the same."""
    table = tables()[name]
    rule = Rule(some([*table], 1), lambda given: (table[given[0]],))
    return Task(name, family, name, lambda chance, new: rule, by_heart=True)


def arranged(name: str, family: str, words: int, mapping: Mapping, said: str = "", trained: bool = True) -> Task:
    """Nouns changed and put in an order, or some of them."""
    rule = Rule(some([*kinds()], words), lambda given: tuple(mapping(given).split()))
    return Task(name, family, said or name, lambda chance, new: rule, trained)


def numbers(name: str, digits: int, result: Callable[[list[int]], object]) -> Task:
    """Digits, and what comes of them."""
    def output(given: Words) -> Words:
        found = result([int(digit) for digit in given])
        return tuple("".join(map(str, found)) if isinstance(found, list) else str(found))

    def inputs(chance: Chance) -> Words:
        return tuple(chance.choose(DIGITS) for _ in range(digits))

    rule = Rule(inputs, output)
    return Task(name, "digits and letters", name, lambda chance, new: rule)


def framed(name: str, change: str, before: bool, behind: bool) -> Task:
    """A noun, changed, with words around it that are the same in every line of a list."""
    def drawn(chance: Chance, new: bool) -> Rule:
        around = [word for word in (*kinds(), *tables()["translate"].values()) if is_held_out(word) == new]
        mapping = Mapping(change, (0,), chance.choose(around) * before, chance.choose(around) * behind)
        return Rule(some([*kinds()], 1), lambda given: tuple(mapping(given).split()))
    return Task(name, "frames", name, drawn, made_up=True)


def looked_up(size: int) -> Task:
    """Letters and a noun for each, made up for one list."""
    def drawn(chance: Chance, new: bool) -> Rule:
        table = dict(zip(some(LETTERS, size)(chance), some([*kinds()], size)(chance), strict=True))
        return Rule(some([*table], 1), lambda given: (table[given[0]],))
    return Task(f"table of {size}", "tables", "table", drawn, by_heart=True, made_up=True)


def labelled(name: str, classes: dict[str, str], by_heart: bool = False) -> Task:
    """Words, and one of two letters for their class, made up for one list."""
    def drawn(chance: Chance, new: bool) -> Rule:
        two = some([*dict.fromkeys(classes.values())], 2)(chance)
        letters = dict(zip(two, some(LETTERS, 2)(chance), strict=True))
        return Rule(some([word for word in classes if classes[word] in two], 1),
                    lambda given: (letters[classes[given[0]]],))
    return Task(name, "tables", name, drawn, by_heart=by_heart, made_up=True)


@cache
def tasks() -> dict[str, Task]:
    """All 42 by name."""
    parity = {digit: ("even", "odd")[int(digit) % 2] for digit in DIGITS}
    rotate, joined = "rotations", "joined anew"
    found = [
        *map(known, ("translate", "back", "plural", "singular", "past", "present", "opposite", "kind")),
        arranged("copy", "places", 3, Mapping("same", (0, 1, 2))),
        arranged("first", "places", 3, Mapping("same", (0,))),
        arranged("last", "places", 3, Mapping("same", (2,))),
        arranged("double", "places", 1, Mapping("same", (0, 0))),
        arranged("reverse two", "orders", 2, Mapping("same", (1, 0)), "reverse"),
        arranged("reverse three", "orders", 3, Mapping("same", (2, 1, 0)), "reverse"),
        arranged("exchange first", "orders", 3, Mapping("same", (1, 0, 2))),
        arranged("exchange last", "orders", 3, Mapping("same", (0, 2, 1))),
        arranged("rotate left", rotate, 3, Mapping("same", (1, 2, 0)), trained=False),
        arranged("rotate right", rotate, 3, Mapping("same", (2, 0, 1)), trained=False),
        known("next", "digits and letters"), known("previous", "digits and letters"),
        numbers("largest", 3, max), numbers("smallest", 3, min), numbers("sort", 3, sorted),
        numbers("sort down", 3, lambda found: sorted(found, reverse=True)),
        numbers("sum", 2, sum), numbers("difference", 2, lambda found: abs(found[0] - found[1])),
        framed("before", "same", True, False), framed("behind", "same", False, True),
        framed("around", "same", True, True), framed("plural behind", "plural", False, True),
        framed("translate before", "translate", True, False),
        *map(looked_up, (2, 4, 8)), labelled("label kind", kinds()), labelled("label digit", parity, by_heart=True),
        arranged("reverse translate", "joined", 2, Mapping("translate", (1, 0))),
        arranged("last plural", "joined", 3, Mapping("plural", (2,))),
        arranged("first translate", "joined", 3, Mapping("translate", (0,))),
        arranged("reverse plural", joined, 2, Mapping("plural", (1, 0)), trained=False),
        arranged("last translate", joined, 3, Mapping("translate", (2,)), trained=False),
        arranged("first plural", joined, 3, Mapping("plural", (0,)), trained=False),
    ]
    return {task.name: task for task in found}


@cache
def vocabulary() -> dict[str, int]:
    """Every word of the tasks, and the marks, with its id."""
    words = [SAYS, ARROW, STOP, *DIGITS, *LETTERS]
    for table in tables().values():
        words += [*table, *table.values()]
    words += [word for task in tasks().values() for word in task.said.split()]
    return {word: id for id, word in enumerate(dict.fromkeys(words))}

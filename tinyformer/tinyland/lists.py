"""What does a list of worked examples look like?  Inputs and outputs of one mapping, line by line.

A reader who sees "otter => brilo." three times may do the fourth; that is how a model is asked to learn without
training.  A fifth of all inputs stands in no document, so that it can be tested whether a mapping was understood.
"""

from tinyformer.errors import InputError
from tinyformer.tinyland.grammar import Grammar, Sentence, Word, finish, grammar, number_word
from tinyformer.tinyland.language import to_b
from tinyformer.tinyland.word_tables import Chance, is_held_out

MAPPINGS = ("translate", "sort", "copy", "reverse", "sum", "plural")


def worked_pairs(mapping: str, n: int, chance: Chance, held_out: bool = False) -> list[tuple[str, str]]:
    """n different (input, output) of a mapping; `held_out` ones are those that no document contains."""
    if mapping not in MAPPINGS:
        raise InputError(f"mapping is {mapping!r}; it must be one of {', '.join(MAPPINGS)}")
    pairs: dict[str, str] = {}
    while len(pairs) < n:
        given, result = _pair(grammar(), mapping, chance)
        if is_held_out(given) == held_out:
            pairs[given] = result
    return list(pairs.items())


def worked_list(rules: Grammar, chance: Chance) -> list[Sentence]:
    """A document of four to eight lines of one mapping."""
    pairs = worked_pairs(chance.choose(MAPPINGS), 4 + chance.below(5), chance)
    return [_line(f"{given} => {result}") for given, result in pairs]


def sums(rules: Grammar, chance: Chance) -> list[Sentence]:
    """Sums in words, or a story with a sum in it."""
    if chance.coin():
        numbers = [(chance.below(10), chance.below(10)) for _ in range(4)]
        return [rules.fill(f"{number_word(a)}/NUM and {number_word(b)}/NUM are {number_word(a + b)}/NUM .", {}, chance)
                for a, b in numbers]
    a, b, p = 2 + chance.below(8), 2 + chance.below(8), rules.draw("person", chance)
    bound = {"p": p, "q": rules.draw("person", chance, {"p": p}), "x": rules.draw("food", chance)}
    more = chance.coin()
    a, b = (a, b) if more else (a + b, b)
    middle = f"{{q}} (gave {{p.her}}|brought {{p.her}}) {number_word(b)}/NUM (more|) ." if more else \
        f"{{p}} ate {number_word(b)}/NUM of them ."
    total = number_word(a + b if more else a - b)
    noun = "{x}" if total == "one" else "{x.s}"
    ending = f"Now {{p}} has {total}/NUM {noun} ."
    return [rules.fill(line, bound, chance)
            for line in (f"{{p}} had {number_word(a)}/NUM {{x.s}} .", middle.replace("{p.her}", "{p}"),
                         ending.replace("Now", "now"))]


def _pair(rules: Grammar, mapping: str, chance: Chance) -> tuple[str, str]:
    if mapping == "sum":
        a, b = chance.below(50), chance.below(50)
        return f"{a} + {b}", str(a + b)
    tables = ("animal", "food", "thing", "plant")
    if mapping == "translate":
        word = chance.choose(rules.lexicon[chance.choose(tables)]).word
        return word, " ".join(map(to_b, word.split()))
    if mapping == "plural":
        entry = chance.choose(rules.lexicon[chance.choose(tables)])
        return entry.word, entry.plural
    single = [entry.word for entry in rules.lexicon[chance.choose(tables)] if " " not in entry.word]
    words = chance.shuffled(single)[:3 + chance.below(2)]
    changed = {"sort": sorted(words), "reverse": words[::-1], "copy": words}[mapping]
    return " ".join(words), " ".join(changed)


def _line(text: str) -> Sentence:
    """A line of a list as a sentence: what is no sign or number counts as a noun."""
    words = [Word(part, "SYM" if part in ("=>", "+") else "NUM" if part.isdigit() else "NOUN") for part in text.split()]
    return finish([*words, Word(".", "PUNCT")])

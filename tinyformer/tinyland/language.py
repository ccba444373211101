"""What would the same world say in other words?  Language b: each word form has exactly one other, and back.

Its words are disjoint from those of language a, names too (only the lists of translations hold words of both);
digits and punctuation are shared.  The grammar is
mirrored, and word order is an option, so that what two languages must share to be understood as one can be tried.
"""

from functools import cache

from tinyformer.errors import InputError
from tinyformer.rng import stream
from tinyformer.tinyland.grammar import NUMBERS, TENS, Sentence, Word, finish, grammar
from tinyformer.tinyland.word_tables import Chance

ORDERS = ("same", "noun-first", "verb-last", "reversed")
ONSETS = "b d f g h k l m n p r s t v z br dr gr kl pr sk st tr".split()
VOWELS = "a e i o u ai ou".split()
CODAS = ["", "", "", "l", "n", "r", "s"]
CLAUSE_ENDS = ("PUNCT", "CCONJ", "SCONJ", "SYM")


@cache
def dictionary() -> dict[str, str]:
    """Every word form of language a, in small letters -> its form in language b; one to one.

    Forms of one word share a stem: plurals end in -i, the forms of verbs in -as, -it and -un.
    """
    words = grammar().lexicon
    chance = Chance(stream(0, "tinyland language b"))
    families: list[list[tuple[str, str]]] = []
    for forms in words.verbs.values():
        endings = dict(base="", third="as", past="it", participle="un")
        families.append([(form, endings[name]) for name, form in forms.items()])
    for entries in words.tables.values():
        for entry in entries:
            singular, plural = entry.word.lower().split(), entry.plural.lower().split()
            families += [[(one, ""), (many, "i")] for one, many in zip(singular, plural, strict=True)]
    families += [[(form.lower(), "")] for form in _other_forms()]

    taken = {form for family in families for form, _ in family}
    found: dict[str, str] = {}
    for family in families:
        new = [(form, ending) for form, ending in dict(family).items() if form not in found]
        while new:
            stem = _invent(chance)
            if not any(stem + ending in taken for _, ending in new):
                found |= {form: stem + ending for form, ending in new}
                taken |= {stem + ending for _, ending in new}
                break
    return found


@cache
def _mirror() -> dict[str, str]:
    """The dictionary in both directions; the languages share no word, so that the two do not meet."""
    return dictionary() | {other: word for word, other in dictionary().items()}


def translate(sentence: Sentence, language: str = "b", order: str = "same") -> Sentence:
    """The sentence in language b, with the same parts of speech, entities and senses."""
    if language not in ("a", "b") or order not in ORDERS:
        raise InputError(f"language is {language!r}, order {order!r}; language is 'a' or 'b', "
                         f"order one of {', '.join(ORDERS)}")
    words = _small_beginning(sentence.words)
    if language == "b":
        words = [Word(to_b(word.text), word.tag, word.entity, word.sense) for word in words]
    return finish(arranged(words, order))


def to_b(word: str) -> str:
    """One word form of language a in language b, and one of b (worked lists have some) in a: twice is the word itself.

    A capital stays, and so does what is no word (digits, marks).
    """
    other = "-".join(_mirror().get(part, part) for part in word.lower().split("-"))
    return other[:1].upper() + other[1:] if word[:1].isupper() else other


def arranged(words: list[Word], order: str) -> list[Word]:
    """The words in another order: adjectives behind their noun, verbs at the end of their clause, or all reversed."""
    if order == "same":
        return list(words)
    if order == "reversed":
        last = len(words) - (words[-1].tag == "PUNCT")
        return list(words[:last])[::-1] + list(words[last:])
    result: list[Word] = []
    clause: list[Word] = []
    for word in [*words, None]:
        if word is None or word.tag in CLAUSE_ENDS:
            result += _verb_last(clause) if order == "verb-last" else _noun_first(clause)
            clause = []
            result += [word] if word else []
        else:
            clause.append(word)
    return result


def _verb_last(clause: list[Word]) -> list[Word]:
    verbs = [word for word in clause if word.tag in ("AUX", "VERB")]
    return [word for word in clause if word.tag not in ("AUX", "VERB")] + verbs


def _noun_first(clause: list[Word]) -> list[Word]:
    """Each run of adjectives and the run of nouns behind it change places."""
    result, place = [], 0
    while place < len(clause):
        start = place
        while place < len(clause) and clause[place].tag == "ADJ":
            place += 1
        middle = place
        while middle > start and place < len(clause) and clause[place].tag == "NOUN":
            place += 1
        result += clause[middle:place] + clause[start:middle]
        if place == start:
            result.append(clause[place])
            place += 1
    return result


def _small_beginning(words: tuple[Word, ...]) -> list[Word]:
    """The words without the capital that only the beginning of the sentence gave."""
    first = words[0]
    if first.tag == "PROPN":
        return list(words)
    return [Word(first.text[:1].lower() + first.text[1:], first.tag, first.entity, first.sense), *words[1:]]


def _invent(chance: Chance) -> str:
    """A word of one to three syllables."""
    return "".join(chance.choose(ONSETS) + chance.choose(VOWELS) + chance.choose(CODAS)
                   for _ in range(1 + (chance.coin(0.8)) + chance.coin(0.4)))


def _other_forms() -> list[str]:
    """Forms that stand in templates, cells and pronouns alone, in the order of the alphabet."""
    rules = grammar()
    forms = {form for form, tag in rules.tags.items() if tag not in ("PUNCT", "SYM")}
    forms |= {"an", *NUMBERS, *TENS[2:]}
    for lines in rules.sections.values():
        for _, line in lines:
            for token in line.replace("(", " ").replace(")", " ").replace("|", " ").split():
                text = token.partition("/")[0]
                if "{" not in text and text.replace("'", "").isalpha():
                    forms.add(text)
    for entries in rules.lexicon.tables.values():
        forms |= {part for entry in entries for column in entry.facts for part in entry[column].split()}
    for a, b in rules.lexicon.synonyms.items():
        forms |= {a[0], b}
    return sorted(form for form in forms if form.replace("'", "").isalpha())

"""What can be asked of word vectors?  Of which kind is the nearest, and what is to one as another is to a third.

The words and the truth are tinyland's tables: kinds (animals, food, towns ...), partners (a school has teachers, a
baker makes bread: one word for one), forms (dog and dogs, buy and bought) and facts that several share (what an animal
eats, which colour a fruit has).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.rng import stream
from tinyformer.tasks.neighbours import Neighbours
from tinyformer.tinyland import lexicon

KINDS = ("animal", "food", "thing", "plant", "building", "job", "person", "family", "town", "company", "colour",
         "month")


def kinds() -> dict[str, str]:
    """The kind of every word of tinyland that has one alone, in small letters, its plural too."""
    found: dict[str, set[str]] = {}
    for table in KINDS:
        for entry in lexicon()[table]:
            for form in {entry.word.lower(), entry.plural.lower()} if entry.tag == "NOUN" else {entry.word.lower()}:
                found.setdefault(form, set()).add(table)
    return {word: tables.pop() for word, tables in found.items() if len(tables) == 1}


def pairs() -> dict[str, list[tuple[str, str]]]:
    """Pairs of words that stand in the same relation, by its name."""
    words = lexicon()
    nouns = [entry for table in ("animal", "food", "thing", "plant") for entry in words[table]]
    return {
        "who is met there": [(entry.word, entry["people"]) for entry in words["building"]],
        "what they make": [(entry.word, entry["makes"]) for entry in words["job"]],
        "plurals": [(entry.word, entry.plural) for entry in nouns if entry.plural != entry.word],
        "past tense": [(forms["base"], forms["past"]) for forms in words.verbs.values()
                       if forms["base"] != forms["past"]],
        "what it eats": [(entry.word, entry["eats"]) for entry in words["animal"]],
        "its colour": [(entry.word, entry["colour"]) for entry in words["food"] if entry["colour"] != "-"],
    }


def same_kind(vectors: Neighbours, known: Mapping[str, str]) -> float:
    """The share of the known words whose nearest known word is of the same kind."""
    chosen = [word for word in vectors.words if word in known]
    unit = np.array([vectors.vector(word) for word in chosen])
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    nearest = cosines.argmax(1)
    return float(np.mean([known[word] == known[chosen[place]] for word, place in zip(chosen, nearest, strict=True)]))


def by_chance(vectors: Neighbours, known: Mapping[str, str]) -> float:
    """The share for a neighbour that is drawn."""
    names = [known[word] for word in vectors.words if word in known]
    return float(np.mean([(names.count(name) - 1) / (len(names) - 1) for name in names]))


@dataclass(frozen=True)
class Answers:
    """How analogies were answered, as shares of all that were asked."""

    right: float
    form: float                               # some word that is second in a pair: a plural, what somebody makes
    alone: float                              # where the word nearest to the third, with no analogy, was the right one


def analogies(vectors: Neighbours, related: Sequence[tuple[str, str]], count: int, seed: int) -> Answers:
    """`count` analogies between two of the pairs, drawn by the seed; the answer is the nearest word of all.

    Where two pairs have the same second word it is none of the three that are left out: that is no analogy, and passed
    over.
    """
    known = [(a, b) for a, b in related if a in vectors.places and b in vectors.places]
    rng, asked, seconds = stream(seed, "analogies"), 0, {b for _, b in known}
    right = form = alone = 0
    for _ in range(20 * count if len(known) > 1 else 0):
        (a, b), (c, d) = (known[number] for number in rng.choice(len(known), size=2, replace=False))
        if asked < count and b != d:
            asked += 1
            answer = vectors.analogy(a, b, c, 1)[0][0]
            right, form = right + (answer == d), form + (answer in seconds)
            alone += vectors.nearest(c, 1)[0][0] == d
    return Answers(*(number / max(1, asked) for number in (right, form, alone)))

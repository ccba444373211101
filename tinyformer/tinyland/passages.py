"""What can be known about some people, what can be asked, and where does the answer stand?

Each relation of the grammar says one thing about a person in several ways and asks for it in several ways.  Two
or three people share their relations in a passage, so that a question needs both: which person, and what of them.
"""

from dataclasses import dataclass

from tinyformer.tinyland.grammar import Grammar, Memory, Sentence
from tinyformer.tinyland.word_tables import Chance, Entry, Lexicon


@dataclass(frozen=True)
class Fact:
    """One thing that holds of a person: the home of Anna is Oakford."""

    relation: str
    person: Entry
    value: Entry


def draw_fact(rules: Grammar, relation: str, person: Entry, chance: Chance, words: Lexicon | None = None,
              taken: tuple[Entry, ...] = ()) -> Fact:
    """A fact with a value that is neither the person nor one of those taken."""
    bound = {"p": person, **{f"taken {i}": entry for i, entry in enumerate(taken)}}
    return Fact(relation, person, rules.draw(rules.relations[relation].bindings["o"], chance, bound, words))


def say(rules: Grammar, fact: Fact, chance: Chance, memory: Memory | None = None, way: int | None = None) -> Sentence:
    """A sentence that states the fact; with `memory` it may begin with a pronoun where that is clear."""
    ways = rules.relations[fact.relation].stages["say"]
    template = (chance.choose(ways) if way is None else ways[way])[1]
    if memory is not None and template.startswith("{p} ") and chance.coin(0.4):
        template = "{p.she}" + template[len("{p}"):]
    return rules.fill(template, {"p": fact.person, "o": fact.value}, chance, memory, synonyms=False)


def ask(rules: Grammar, fact: Fact, chance: Chance, way: int | None = None) -> Sentence:
    """A question that the fact answers."""
    ways = rules.relations[fact.relation].stages["ask"]
    template = (chance.choose(ways) if way is None else ways[way])[1]
    return rules.fill(template, {"p": fact.person}, chance, synonyms=False)


def answer_place(sentence: Sentence, fact: Fact) -> tuple[int, int]:
    """First and last + 1 word of the fact's value in a sentence that states it."""
    wanted = fact.value.word.lower().split()
    texts = [word.text.lower() for word in sentence.words]
    found = [at for at in range(len(texts)) if texts[at:at + len(wanted)] == wanted]
    if len(found) != 1:
        raise ValueError(f"answer_place: {fact.value.word!r} stands {len(found)} times in {sentence.text!r}; "
                         "a statement must hold its {o} once")
    return found[0], found[0] + len(wanted)


def draw_passage(rules: Grammar, chance: Chance, words: Lexicon | None = None,
                 twin: bool = False, alone: bool = False) -> list[tuple[Fact, Sentence]]:
    """Facts about two or three people, person by person, each with its sentence; values differ within a relation.

    With `twin` the same draws give as many facts about the same people, in other relations.  With `alone` there are
    five facts about one person: what is asked for then tells which kind of word to look for, and that is enough.
    """
    people: list[Entry] = []
    for _ in range(1 if alone else 2 + chance.coin()):
        people.append(rules.draw("person", chance, dict(enumerate(people)), words))
    relations = chance.shuffled(list(rules.relations))[3 if twin else 0:][:5 if alone else 3]
    counts = [5 if alone else 2 + chance.coin(0.3) for _ in people]
    memory, passage, used = Memory(), [], tuple(people)
    for person, count in zip(people, counts, strict=True):
        for relation in chance.shuffled(relations)[:count]:
            fact = draw_fact(rules, relation, person, chance, words, used)
            used += (fact.value,)
            passage.append((fact, say(rules, fact, chance, memory)))
            if fact.value.table == "person":                     # a friend was named: the next she is unclear
                memory.mention(fact.value)
    return passage


def passage(rules: Grammar, chance: Chance, twin: bool = False) -> list[Sentence]:
    """A passage, then some of its questions, each with its answer in a full sentence; `twin` as in draw_passage."""
    order = chance.shuffled(range(9))                            # two or three facts about each of three people at most
    told = draw_passage(rules, chance, twin=twin)
    sentences = [sentence for _, sentence in told]
    for place in [place for place in order if place < len(told)][:3]:
        fact = told[place][0]
        sentences += [ask(rules, fact, chance), say(rules, fact, chance)]
    return sentences

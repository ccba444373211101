"""Do two sentences say the same, ask the same, and how nearly?  Does a sentence answer a question?

Paraphrase, question pairs, similarity and question-sentence pairs.  Both sentences are made in the same way and from
the same words where that can be, so that what differs is who did it, not which words are there.
"""

from dataclasses import replace
from functools import cache
from itertools import product

from tinyformer.tinyland.drafts import Chance, Draft, Grammar, Lexicon, joined
from tinyformer.tinyland.events import Event, converses, draw_event, other_verb, tell
from tinyformer.tinyland.grammar import Sentence, Word, finish
from tinyformer.tinyland.passages import ask, draw_fact, say
from tinyformer.tinyland.word_tables import Entry

WEIGHTS = {"verb": 1.5, "agent": 1.0, "patient": 1.0, "place": 0.25, "time": 0.25}
CHANGES = {"verb": 0.4, "agent": 0.15, "patient": 0.15, "place": 0.5, "time": 0.5}     # how often each part differs
RATERS, OFF = 5, (-0.5, 0.0, 0.5)                                  # each rater is off by one of these


def paraphrase(rules: Grammar, chance: Chance, label: str, words: Lexicon) -> Draft:
    """Two sentences on one event ("1"), or on two that differ in roles, verb or one of the two ("0")."""
    first = draw_event(rules, chance, words, reversible=True if chance.coin(0.7) else None)
    second = first
    if label == "0" and first.is_reversible and chance.coin(0.7):
        second = replace(first, agent=first.patient, patient=first.agent)
    elif label == "0":
        second = _changed(rules, first, chance.choose(["verb", "agent", "patient"]), chance, words)
    return Draft((tell(rules, first, chance).text, tell(rules, second, chance).text), label, _about(first))


def similarity(rules: Grammar, chance: Chance, label: None, words: Lexicon) -> Draft:
    """Two events that differ in some parts or in who did it; the score (0 to 5) is the mean of five inexact raters."""
    first = second = draw_event(rules, chance, words, reversible=True if chance.coin() else None)
    for part, share in CHANGES.items():
        if chance.coin(share):
            second = _changed(rules, second, part, chance, words)
    if second.is_reversible and chance.coin(0.45):
        second = replace(second, agent=second.patient, patient=second.agent)
    truth = likeness(first, second)
    score = round(rated([truth + chance.choose(OFF) for _ in range(RATERS)]), 3)
    expected, spread = rating_moments(truth)
    return Draft((tell(rules, first, chance).text, tell(rules, second, chance).text), score, _about(first),
                 expected=expected, spread=spread)


def question_pair(rules: Grammar, chance: Chance, label: str, words: Lexicon) -> Draft:
    """Two questions that ask the same ("1") or not ("0")."""
    p = rules.draw("person", chance, words=words)
    q = rules.draw("person", chance, {"p": p}, words)
    if chance.coin(0.4):
        sides = chance.shuffled(chance.choose(converses(rules)))
        bound = {"p": p, "q": q, "x": rules.draw("thing", chance, words=words)}
        other = bound if label == "1" else {**bound, "p": q, "q": p}
        texts = [rules.fill(f"Is it true/ADJ that/SCONJ {side[:-1]}?", who, chance, synonyms=False).text
                 for side, who in zip(sides, (bound, other), strict=True)]
        return Draft(tuple(texts), label, joined({p.word, q.word}, sorted(sides)[0]))
    relations = chance.shuffled(list(rules.relations))
    way = chance.below(2)
    first = draw_fact(rules, relations[0], p, chance, words)
    relation, person = relations[0], p
    if label == "0" and chance.coin(0.35):
        person = q
    elif label == "0":
        relation = relations[1]
    second = draw_fact(rules, relation, person, chance, words)
    return Draft((ask(rules, first, chance, way).text, ask(rules, second, chance, 1 - way).text), label,
                 joined(p.word, relations[0]))


def question_sentence(rules: Grammar, chance: Chance, label: str, words: Lexicon) -> Draft:
    """A question and a sentence that holds the answer ("entailment") or not ("not_entailment").

    Half the sentences tell two things about two people, and only who has which decides.
    """
    p = rules.draw("person", chance, words=words)
    q = rules.draw("person", chance, {"p": p}, words)
    asked, other = chance.shuffled(list(rules.relations))[:2]
    question = ask(rules, draw_fact(rules, asked, p, chance, words), chance)
    mine, others = (asked, other) if label == "entailment" else (other, asked)
    taken = (p, q)
    first = say(rules, draw_fact(rules, mine, p, chance, words, taken), chance)
    if chance.coin():
        second = say(rules, draw_fact(rules, others, q, chance, words, taken), chance)
        first = together(*chance.shuffled([first, second]))
    elif label != "entailment" and chance.coin():
        first = say(rules, draw_fact(rules, asked, q, chance, words, taken), chance)
    return Draft((question.text, first.text), label, joined(p.word, asked))


def likeness(a: Event, b: Event) -> float:
    """How alike two events are, from 0 to 5: the weighted share of their parts that agree, a quarter for one kind."""
    score = 0.0
    for part, weight in WEIGHTS.items():
        one, other = getattr(a, part), getattr(b, part)
        score += weight * (1.0 if one == other else 0.25 if isinstance(one, Entry) and _one_kind(one, other) else 0.0)
    return 5 * score / sum(WEIGHTS.values())


def rated(ratings: list[float]) -> float:
    """The mean of the ratings, each kept between 0 and 5."""
    return sum(min(5.0, max(0.0, rating)) for rating in ratings) / len(ratings)


@cache
def rating_moments(truth: float) -> tuple[float, float]:
    """Mean and variance of the score of a pair with this true likeness, over all that five raters may say."""
    outcomes = [rated([truth + off for off in offs]) for offs in product(OFF, repeat=RATERS)]
    mean = sum(outcomes) / len(outcomes)
    return mean, sum((outcome - mean) ** 2 for outcome in outcomes) / len(outcomes)


def together(first: Sentence, second: Sentence) -> Sentence:
    """Two sentences as one: first , and second ."""
    begin = second.words[0]
    small = begin if begin.tag == "PROPN" else Word(begin.text.lower(), begin.tag, begin.entity, begin.sense)
    return finish([*first.words[:-1], Word(",", "PUNCT"), Word("and", "CCONJ"), small, *second.words[1:]])


def _changed(rules: Grammar, event: Event, part: str, chance: Chance, words: Lexicon) -> Event:
    """The event with one part exchanged for another that fits."""
    if part == "verb":
        return other_verb(rules, event, chance)
    if part in ("agent", "patient"):
        taken = {"a": event.agent, "b": event.patient}
        return replace(event, **{part: rules.draw(getattr(event, part).table, chance, taken, words)})
    choices = [line for line in rules.lines(part + "s") if line != getattr(event, part)]
    return replace(event, **{part: chance.choose(choices)})


def _one_kind(a: Entry, b: Entry) -> bool:
    return a.table == b.table and "kind" in a.facts and a["kind"] == b["kind"]


def _about(event: Event) -> str:
    return joined({event.agent.word, event.patient.word}, event.verb)

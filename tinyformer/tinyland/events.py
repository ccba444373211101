"""What happened, and in how many ways can it be said?  One event, several sentences; and what follows from it.

The same event is told in the active or the passive voice, with a verb or its synonym, the time first or last.
Whether two sentences say the same is then a matter of comparing events, not sentences.
"""

from dataclasses import dataclass, replace

from tinyformer.tinyland.grammar import Grammar, Sentence
from tinyformer.tinyland.word_tables import Chance, Entry, Lexicon

FORMS = ("{a} VERB {b} PLACE TIME .", "TIME , {a} VERB {b} PLACE .", "{b} was VERBED by {a} PLACE TIME .",
         "TIME , {b} was VERBED by {a} PLACE .")


@dataclass(frozen=True)
class Event:
    """Who did what to whom, where and when."""

    verb: str
    agent: Entry
    patient: Entry
    place: str
    time: str

    @property
    def is_reversible(self) -> bool:
        """Whether agent and patient could change places: a dog and a cat, but not a dog and a ball."""
        return self.agent.table == self.patient.table


def verb_rows(rules: Grammar) -> list[list[str]]:
    """[verb, table of the agent, table of the patient] for every line of [events]."""
    return [[cell.strip() for cell in line.split("|")] for line in rules.lines("events")]


def draw_event(rules: Grammar, chance: Chance, words: Lexicon | None = None, reversible: bool | None = None) -> Event:
    """Any event, or one whose agent and patient can (or cannot) change places."""
    rows = [row for row in verb_rows(rules) if reversible is None or (row[1] == row[2]) == reversible]
    verb, agent_table, patient_table = chance.choose(rows)
    agent = rules.draw(agent_table, chance, words=words)
    patient = rules.draw(patient_table, chance, {"a": agent}, words)
    return Event(verb, agent, patient, chance.choose(rules.lines("places")), chance.choose(rules.lines("times")))


def tell(rules: Grammar, event: Event, chance: Chance, form: int | None = None,
         other_verb: bool | None = None) -> Sentence:
    """The event in one of the four FORMS; its verb gives way to the synonym if `other_verb` (None: by chance)."""
    template = chance.choose(FORMS) if form is None else FORMS[form]
    for letter, entry in (("{a}", event.agent), ("{b}", event.patient)):
        if entry.table != "person":
            template = template.replace(letter, f"the {letter}")
    forms = rules.lexicon.verbs[event.verb]
    change = chance.coin() if other_verb is None else other_verb
    mark, name = ("VERBED", "participle") if "VERBED" in template else ("VERB", "past")
    form_of_verb = forms[name]
    if change:
        form_of_verb = rules.lexicon.synonyms.get((form_of_verb, "VERB"), form_of_verb)
    template = template.replace(mark, form_of_verb + "/VERB").replace("PLACE", event.place).replace("TIME", event.time)
    return rules.fill(template, {"a": event.agent, "b": event.patient}, chance, synonyms=False)


def converses(rules: Grammar) -> list[tuple[str, str]]:
    """(one side, other side) of each line of [converses]; each side follows from the other."""
    return [tuple(side.strip() for side in line.split("=>")) for line in rules.lines("converses")]


def retelling(rules: Grammar, chance: Chance, other: Chance | None = None) -> list[Sentence]:
    """Events and relations told twice, in different words; with `other` other ones of the same people and animals."""
    sentences = []
    for _ in range(2 + chance.coin()):
        if chance.coin():
            event = draw_event(rules, chance)
            event = event if other is None else other_event(rules, event, other)
            first = chance.below(len(FORMS))
            second = (first + 1 + chance.below(len(FORMS) - 1)) % len(FORMS)
            sentences += [tell(rules, event, chance, form) for form in (first, second)]
        else:
            p = rules.draw("person", chance)
            bound = {"p": p, "q": rules.draw("person", chance, {"p": p}), "x": rules.draw("thing", chance)}
            line = chance.choose(converses(rules))
            sides = chance.shuffled(line)
            if other is not None:
                sides = other.shuffled(other.choose([one for one in converses(rules) if one != line]))
            sentences += [rules.fill(side, bound, chance, synonyms=False) for side in sides]
    return sentences


def other_event(rules: Grammar, event: Event, chance: Chance) -> Event:
    """Another event between the same two: another verb, or (half the time, where they can) the other way round."""
    if event.is_reversible and chance.coin():
        return replace(event, agent=event.patient, patient=event.agent)
    return other_verb(rules, event, chance)


def other_verb(rules: Grammar, event: Event, chance: Chance) -> Event:
    """The same two, and another thing that one does to the other."""
    tables = [event.agent.table, event.patient.table]
    return replace(event, verb=chance.choose([verb for verb, *fit in verb_rows(rules)
                                              if fit == tables and verb != event.verb]))

"""What follows from what was said?  Three-way and two-way inference, and whom a pronoun means.

A premise is a small set of things known about one subject, a hypothesis a claim; `judge` compares them, and the
sentences are only how both are said.  Words of the world decide: whoever is asleep is not awake, an owl is a bird.
"""

from dataclasses import dataclass

from tinyformer.tinyland.drafts import Chance, Draft, Grammar, Lexicon, joined
from tinyformer.tinyland.events import converses
from tinyformer.tinyland.passages import draw_fact, say
from tinyformer.tinyland.word_tables import Entry

GENRES = {"matched": ("animal", "animal", ("living", "animal", "any")),        # table, its name, fitting states
          "mismatched": ("food thing", "thing", ("object", "any"))}
OPPOSITE = {"entailment": "contradiction", "contradiction": "entailment", "neutral": "neutral"}
OPEN_SHARE = 10                                                     # one pronoun in so many is anybody's guess
ROOMS = "in the garden|in the kitchen|near the river|behind the church|in the street|near the school".split("|")


@dataclass(frozen=True)
class Claim:
    """Something said of a subject: a state, a place or a kind, or that it is not so."""

    about: str                                                      # "hungry/full", "place", "kind"
    value: str
    denied: bool = False


def judge(known: dict[str, str], claim: Claim) -> str:
    """Whether what is known entails the claim, contradicts it, or leaves it open; values exclude each other."""
    if claim.about not in known:
        return "neutral"
    agrees = (known[claim.about] == claim.value) != claim.denied
    return "entailment" if agrees else "contradiction"


def inference(rules: Grammar, chance: Chance, label: str, words: Lexicon, genre: str = "matched") -> Draft:
    """A premise about an animal (matched) or a food or thing (mismatched), and a hypothesis with this label."""
    tables, general, fitting = GENRES[genre]
    x = rules.draw(chance.choose(tables.split()), chance, words=words)
    states = chance.shuffled([entry for entry in words["opposite"] if entry["of"] in fitting])
    about = chance.choose(["state", "state", "place", "kind"])
    is_open = label == "neutral"
    known: dict[str, str] = {}
    noun = general
    if about != "kind" or not is_open:
        noun, known["kind"] = x.word, x["kind"]
    room = chance.choose(ROOMS)
    if about != "place" or not is_open:
        known["place"] = room
    said = [(state, chance.choose([state.word, state["other"]])) for state in states[:2]]
    known |= {_name(state): value for state, value in said}
    (_, first), (second_state, second) = said
    denied = chance.coin()
    where = f" {room}" if "place" in known else ""
    last = f"not {_other(second_state, second)}/ADJ" if denied else f"{second}/ADJ"
    premise = f"The {first}/ADJ {_noun(noun, x)}{where} is {last} ."

    negative = chance.coin()
    if about == "state":
        state = states[2] if is_open else states[chance.below(2)]
        agreeing = known.get(_name(state)) or chance.choose([state.word, state["other"]])
        value = agreeing if (label == "entailment") != negative else _other(state, agreeing)
        claim = Claim(_name(state), value, negative)
        saying = f"{value}/ADJ"
    elif about == "place":
        value = room if (label == "entailment") != negative else chance.choose([r for r in ROOMS if r != room])
        claim, saying = Claim("place", value, negative), value
    else:
        kinds = sorted({entry["kind"] for entry in words[x.table]} - {x["kind"]})
        value = x["kind"] if (label == "entailment") != negative else chance.choose(kinds)
        claim, saying = Claim("kind", value, negative), f"a {value}"
    if judge(known, claim) != label:
        raise ValueError(f"inference: {known} and {claim} are {judge(known, claim)}, not {label}")
    hypothesis = f"The {_noun(general if about == 'kind' else noun, x)} is {'not ' if negative else ''}{saying} ."
    texts = [rules.fill(text, {"x": x}, chance).text for text in (premise, hypothesis)]
    return Draft(tuple(texts), label, joined(x.word, {first, second}))


def mismatched(rules: Grammar, chance: Chance, label: str, words: Lexicon) -> Draft:
    """Inference on what training never spoke of: foods and things."""
    return inference(rules, chance, label, words, "mismatched")


def entailment(rules: Grammar, chance: Chance, label: str, words: Lexicon) -> Draft:
    """Two or three sentences, and one that follows from them or says it the wrong way round."""
    people: dict[str, Entry] = {}
    for letter in "pqr":
        people[letter] = rules.draw("person", chance, people, words)
    bound = {**people, "x": rules.draw("thing", chance, words=words)}
    if chance.coin(0.35):
        comparison, opposite = chance.choose([("taller", "shorter"), ("older", "younger"), ("bigger", "smaller")])
        premise = chance.shuffled([f"{{p}} is {comparison} than {{q}} .", f"{{q}} is {comparison} than {{r}} ."])
        right, wrong = ("p", "r"), ("r", "p")
        kind = comparison
        if chance.coin():
            comparison, right, wrong = opposite, wrong, right
        a, b = right if label == "entailment" else wrong
        hypothesis = f"{{{a}}} is {comparison} than {{{b}}} ."
        parts = [rules.fill(text, bound, chance, synonyms=False).text for text in premise]
    else:
        sides = chance.choose(converses(rules))
        kind = sides[0]
        told, hypothesis = chance.shuffled(sides)
        fact = draw_fact(rules, chance.choose(list(rules.relations)), chance.choose([people["p"], people["q"]]),
                         chance, words, tuple(people.values()))
        parts = chance.shuffled([rules.fill(told, bound, chance).text, say(rules, fact, chance).text])
        if label != "entailment":
            bound |= {"p": bound["q"], "q": bound["p"]}
    hypothesis = rules.fill(hypothesis, bound, chance).text
    return Draft((" ".join(parts), hypothesis), label, joined({people["p"].word, people["q"].word}, kind))


def pronoun(rules: Grammar, chance: Chance, label: str, words: Lexicon) -> Draft:
    """A sentence with a pronoun, and what would be true if it meant one of two; one in ten leaves it open."""
    lines = rules.lines("pronouns")
    is_open = chance.below(OPEN_SHARE) == 0
    number = chance.choose([i for i, line in enumerate(lines) if ("=> ?" in line) == is_open])
    kinds, _, rest = lines[number].partition(" | ")
    sentence, _, after = rest.partition(" => ")
    holder, _, said = after.partition(" ")
    kind = kinds.split()[0]
    letters = {"x": "xy", "p": "pq", "a": "ab"}[kind]
    first = rules.draw({"x": "thing", "p": "person", "a": "animal"}[kind], chance, words=words)
    rule = f"person gender={first['gender']}" if kind == "p" else first.table
    bound = dict(zip(letters, (first, rules.draw(rule, chance, {"1": first}, words)), strict=True))
    right = int(holder) - 1 if holder != "?" else chance.below(2)
    named = letters[right if label == "1" else 1 - right]
    article = "" if kind == "p" else "The "
    texts = [rules.fill(text.replace("{p.she}", "she" if kind == "p" and first["gender"] == "f" else "he"),
                        bound, chance, synonyms=False).text
             for text in (sentence, f"{article}{{{named}}} {said} .")]
    return Draft(tuple(texts), label, joined(number // 2, {entry.word for entry in bound.values()}),
                 sure=0.5 if is_open else 1.0)


def _name(state: Entry) -> str:
    return f"{state.word}/{state['other']}"


def _other(state: Entry, value: str) -> str:
    return state["other"] if value == state.word else state.word


def _noun(noun: str, x: Entry) -> str:
    return "{x}" if noun == x.word else noun

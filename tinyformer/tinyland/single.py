"""Is this sentence well formed, and is it praise?  The sets with one text: acceptability and sentiment.

Neither can be read from single words: what is wrong in one sentence is right in another, and an opinion is turned
round by not, never and nobody, or outweighed by what comes after but.
"""

from tinyformer.tinyland.documents import cast, story
from tinyformer.tinyland.drafts import Chance, Draft, Grammar, Lexicon, joined
from tinyformer.tinyland.passages import draw_passage

PATTERNS = {"plain": 5, "negated": 2, "contrast": 3}               # of ten sentences with an opinion
SUBJECTS = {"food": "food", "thing": "thing", "building": "place"}


def acceptability(rules: Grammar, chance: Chance, label: str, words: Lexicon) -> Draft:
    """A sentence of [acceptability], its left form ("1") or its right one ("0")."""
    number = chance.below(len(rules.lines("acceptability")))
    sides = rules.lines("acceptability")[number].split(" => ")
    bound = {}
    for letter, rule in dict(x="animal", y="animal", z="thing", p="person", q="person", f="person gender=f",
                             m="person gender=m").items():
        bound[letter] = rules.draw(rule, chance, bound, words)
        while letter in "xy" and bound[letter].plural == bound[letter].word:     # one sheep, two sheep
            bound[letter] = rules.draw(rule, chance, bound, words)
    template = sides[0 if label == "1" else 1]
    if template.endswith(" .") and chance.coin():                                # a neutral ending, for variety
        template = f"{template[:-2]} {chance.choose(rules.lines('times'))} ."
    sentence = rules.fill(template, bound, chance, synonyms=False)
    used = {bound[letter].word for letter in bound if "{" + letter in template}
    return Draft((sentence.text,), label, joined(number // 2, used))


def sentiment(rules: Grammar, chance: Chance, label: str, words: Lexicon) -> Draft:
    """A sentence of [sentiment] that praises ("1") or blames ("0")."""
    pattern = chance.choose([name for name, share in PATTERNS.items() for _ in range(share)])
    ways = [line.partition(" | ")[2] for line in rules.lines("sentiment") if line.startswith(pattern + " ")]
    table = chance.choose(list(SUBJECTS))
    good, bad = (f"opinion of={SUBJECTS[table]},any polarity={polarity}" for polarity in ("good", "bad"))
    own, opposite = (good, bad) if label == "1" else (bad, good)
    x = rules.draw(table, chance, words=words)
    bound = {"x": x, "y": rules.draw(table, chance, {"x": x}, words), "p": rules.draw("person", chance, words=words),
             "t": rules.draw("town", chance, words=words), "o": rules.draw(own, chance, words=words),
             "n": rules.draw(opposite, chance, words=words)}
    template = chance.choose(ways)
    sentence = rules.fill(template, bound, chance, synonyms=False)
    opinions = {bound[letter].word for letter in "on" if "{" + letter + "}" in template}
    return Draft((sentence.text,), label, joined(x.word, opinions))


def tagged(rules: Grammar, chance: Chance, label: None, words: Lexicon) -> Draft:
    """A sentence as words with parts of speech; in a quarter of them stands a word that is noun and verb."""
    if chance.coin(0.25):
        return _sentence(rules, chance, words, [rules.facts["activity"]])
    return _sentence(rules, chance, words, [*rules.topics.values(), *rules.facts.values()])


def named(rules: Grammar, chance: Chance, label: None, words: Lexicon) -> Draft:
    """A sentence of a story or of a passage on people as words with entities; many names are of people and of towns."""
    if chance.coin(0.6):
        return _sentence(rules, chance, words, list(rules.topics.values()))
    sentence = chance.choose(draw_passage(rules, chance, words))[1]
    return Draft((sentence.text, sentence), None, sentence.text)


def _sentence(rules: Grammar, chance: Chance, words: Lexicon, topics: list) -> Draft:
    told = story(rules, chance.choose(topics), chance, cast(rules, chance, words), words)
    sentence = chance.choose(told.sentences)
    return Draft((sentence.text, sentence), None, sentence.text)

"""What is there to be known about a word of tinyland?  Six properties, five of which its spelling does not tell.

A property has as many examples of each label as of another.  Parts of speech and senses are asked of spellings that
have two, as often of the one as of the other; who did it, of sentences in the active and the passive voice, at each
place in them as often of the doer as of the other; topic and place in the story, of the full stop at the end.  So the
spelling alone says no more than chance (where in its sentence a word stands may say a little).  What is judged stands
in other sentences than what is fitted.
"""

import zlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tinyformer.phenomena.parts.marked import Marked
from tinyformer.rng import stream
from tinyformer.tinyland import Chance, World
from tinyformer.tinyland.events import FORMS, draw_event, tell
from tinyformer.tinyland.grammar import Sentence, grammar

OTHER_WORLD = 3_000_000                       # worlds from here on tell the sentences that are asked about
COMMON = 40                                   # how many words are told apart
LEAST = 3                                     # places of a spelling in each of its two labels


@dataclass(frozen=True)
class Property:
    """Places to fit a probe to and places to judge it on, with their labels; `chance` is the share of who guesses."""

    name: str
    chance: float
    train: Sequence[Marked]
    test: Sequence[Marked]

    @property
    def all(self) -> list[Marked]:
        return [*self.train, *self.test]

    def shuffled(self, seed: int) -> "Property":
        """The same places with the labels of others: what remains right, the probe has learned by heart."""
        order = Chance(stream(seed, f"shuffled {self.name}")).shuffled([one.label for one in self.all])
        dealt = [Marked(one.text, one.start, one.word, label) for one, label in zip(self.all, order, strict=True)]
        return Property(self.name, self.chance, dealt[:len(self.train)], dealt[len(self.train):])


def properties(seed: int, documents: int, most: int) -> list[Property]:
    """All six, from so many documents of a world that nobody has read, of each about `most` examples."""
    chance = Chance(stream(seed, "properties"))
    world = World(OTHER_WORLD + seed, ["story", "facts"])      # where words with two senses are common
    told = [world.document(index) for index in range(documents)]
    sentences = [sentence for document in told for sentence in document.sentences]
    stories = [(sentence, document.topic, stage) for document in told if document.kind == "story"
               for sentence, stage in zip(document.sentences, document.stages, strict=True)]
    spelled = list(_words(sentences, lambda word: word.text.lower()))
    return [
        even("word", commonest(spelled), most, chance),
        two("part of speech", _words(sentences, lambda word: word.tag), most, chance),
        two("sense", _words(sentences, lambda word: word.sense), most, chance),
        two("who did it", events(seed, 4 * most), most, chance, _place),
        even("topic", (_stop(sentence, topic) for sentence, topic, _ in stories), most, chance),
        even("place in the story", (_stop(sentence, str(stage)) for sentence, _, stage in stories), most, chance),
    ]


def _words(sentences: Iterable[Sentence], label: Callable) -> Iterator[Marked]:
    """Every word of every sentence that has such a label."""
    for sentence in sentences:
        for word, start in zip(sentence.words, sentence.starts, strict=True):
            if label(word):
                yield Marked(sentence.text, start, word.text.lower(), label(word))


def commonest(marked: Sequence[Marked]) -> list[Marked]:
    """The places of the commonest words."""
    counts: dict[str, int] = defaultdict(int)
    for one in marked:
        counts[one.label] += 1
    common = set(sorted(counts, key=lambda word: (-counts[word], word))[:COMMON])
    return [one for one in marked if one.label in common]


def _stop(sentence: Sentence, label: str) -> Marked:
    """The mark at the end of a sentence."""
    return Marked(sentence.text, sentence.starts[-1], sentence.words[-1].text, label)


def events(seed: int, count: int) -> Iterator[Marked]:
    """Who did it and whom it was done to, where both could be either; half of it said in the passive voice."""
    rules, chance = grammar(), Chance(stream(seed, "who did it"))
    for number in range(count):
        event = draw_event(rules, chance, reversible=True)
        sentence = tell(rules, event, chance, form=number % len(FORMS))
        words = [word.text.lower() for word in sentence.words]
        role = "doer" if number // len(FORMS) % 2 else "done to"
        entry = event.agent if role == "doer" else event.patient
        first = entry.word.lower().split()[0]
        if words.count(first) == 1:
            yield Marked(sentence.text, sentence.starts[words.index(first)], first, role)


def _place(one: Marked) -> tuple[int, bool]:
    """How many words stand before it, and whether it is a name: names have no article."""
    return one.text[:one.start].count(" "), one.text[one.start].isupper()


# ---- as many of one as of the other ----------------------------------------------------------------------------------


def even(name: str, marked: Iterable[Marked], most: int, chance: Chance) -> Property:
    """As many examples of each label, at most so many in all; no place twice."""
    groups: dict[str, list[Marked]] = defaultdict(list)
    for one in dict.fromkeys(marked):
        groups[one.label].append(one)
    n = min(most // len(groups), *map(len, groups.values()))
    return _split(name, 1 / len(groups), [one for group in groups.values() for one in chance.shuffled(group)[:n]],
                  chance)


def two(name: str, marked: Iterable[Marked], most: int, chance: Chance,
         key: Callable = lambda one: one.word) -> Property:
    """Of each spelling (or other `key`) as many examples of its one label as of its other, at most so many in all."""
    groups: dict[Hashable, dict[str, list[Marked]]] = defaultdict(lambda: defaultdict(list))
    for one in dict.fromkeys(marked):
        groups[key(one)][one.label].append(one)
    both = [sorted(labels.values(), key=len)[-2:] for labels in groups.values() if len(labels) > 1]
    kept: list[Marked] = []
    for second, first in sorted(both, key=lambda each: -len(each[0])):
        n = min(len(second), most // 20)
        if LEAST <= n <= (most - len(kept)) // 2:
            kept += chance.shuffled(first)[:n] + chance.shuffled(second)[:n]
    return _split(name, 0.5, kept, chance)


def _split(name: str, guess: float, marked: Sequence[Marked], chance: Chance) -> Property:
    """A third of the sentences for testing, by their letters: no sentence stands on both sides."""
    train, test = [], []
    for one in chance.shuffled(marked):
        (train if zlib.crc32(one.text.encode()) % 3 else test).append(one)
    return Property(name, guess, train, test)

"""What is there to read in tinyland?  Documents: stories in stages, facts, reviews, questions answered, sums and lists.

Document i is a pure function of (seed, i), so that a corpus can be read from anywhere, and never ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import NamedTuple

from tinyformer.errors import InputError
from tinyformer.rng import stream
from tinyformer.tinyland.events import retelling
from tinyformer.tinyland.grammar import Grammar, Memory, Sentence, Topic, grammar, holds
from tinyformer.tinyland.language import translate
from tinyformer.tinyland.lists import sums, worked_list
from tinyformer.tinyland.passages import passage
from tinyformer.tinyland.word_tables import Chance, Entry

# Of a hundred documents, how many are of each kind.
KINDS = {"story": 47, "facts": 15, "review": 12, "passage": 12, "retelling": 8, "sums": 3, "lists": 3}
MAKERS = {"passage": passage, "retelling": retelling, "sums": sums, "lists": worked_list}    # of kinds without topics


@dataclass(frozen=True)
class Document:
    """Sentences that follow one another, the stage of each, and what the document is about."""

    kind: str
    topic: str
    sentences: list[Sentence]
    stages: list[int]

    @property
    def text(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences)


class SentencePair(NamedTuple):
    """Two sentences, and whether the second is the next of the first (0, as in published BERT) or not (1)."""

    a: str
    b: str
    label: int


class World:
    """A world with its seed: the documents it tells, in one language or the other.

    `kinds` names the kinds of document to tell (of story, facts, review, passage, retelling, sums, lists) or gives
    their shares; without it all are told, mostly stories.
    """

    def __init__(self, seed: int = 0, kinds=None):
        shares = dict(KINDS) if kinds is None else dict(kinds) if isinstance(kinds, dict) else {k: 1 for k in kinds}
        unknown = sorted(set(shares) - set(KINDS))
        if unknown or not shares:
            raise InputError(f"tinyland: kinds is {kinds!r}; choose some of {', '.join(KINDS)}")
        self.seed, self.shares, self.grammar = seed, shares, grammar()

    def document(self, index: int) -> Document:
        """Document `index`, with its words, stages and topic."""
        chance = Chance(stream(self.seed, "tinyland document", index))
        kind = self._kind(chance)
        if kind in ("story", "review"):
            topic = chance.choose(list(self._topics(kind).values()))
            told = story(self.grammar, topic, chance, cast(self.grammar, chance))
            return Document(kind, topic.name, told.sentences, told.stages)
        if kind == "facts":
            return _facts(self.grammar, chance)
        return _listed(kind, MAKERS[kind](self.grammar, chance))

    def twin(self, index: int) -> Document:
        """Document `index` told of another topic: the same kind and people, sentence for sentence the same stages.

        A passage asks other things about the same people, a retelling has them do other things; sums and lists, which
        have no topic, are other ones.
        """
        chance = Chance(stream(self.seed, "tinyland document", index))
        other = Chance(stream(self.seed, "tinyland twin", index))
        document, kind = self.document(index), self._kind(chance)
        if kind == "passage":
            return _listed(kind, passage(self.grammar, chance, twin=True))
        if kind == "retelling":
            return _listed(kind, retelling(self.grammar, chance, other))
        if kind not in ("story", "review", "facts"):
            return _listed(kind, MAKERS[kind](self.grammar, other))
        topics = self._topics(kind)
        chance.choose(list(topics))                              # the topic of the document itself
        people = {} if kind == "facts" else cast(self.grammar, chance)
        topic = other.choose([topic for topic in topics.values() if topic.name != document.topic])
        parts, last = [], len(topic.stages)
        for stages in _entries(document.stages):
            parts.append(story(self.grammar, topic, other, people, stages=[min(stage, last) for stage in stages]))
        return Document(kind, topic.name, [one for part in parts for one in part.sentences],
                        [stage for part in parts for stage in part.stages])

    def documents(self, n: int, language: str = "a", start: int = 0, order: str = "same") -> Iterator[str]:
        """The texts of n documents from `start` on; in language "b" each word has another form.

        `order` is the word order of language b: "same", "noun-first", "verb-last" or "reversed".
        """
        for index in range(start, start + n):
            document = self.document(index)
            if language == "a":
                yield document.text
            else:
                yield " ".join(translate(sentence, language, order).text for sentence in document.sentences)

    def parallel(self, n: int, start: int = 0, order: str = "same") -> Iterator[tuple[str, str]]:
        """n sentences, each in language a and b, one from each document."""
        for index in range(start, start + n):
            sentences = self.document(index).sentences
            sentence = sentences[Chance(stream(self.seed, "tinyland parallel", index)).below(len(sentences))]
            yield sentence.text, translate(sentence, "b", order).text

    def pairs(self, n: int, objective: str = "nsp", start: int = 0) -> Iterator[SentencePair]:
        """n pairs of neighbouring sentences of stories, half of them spoilt.

        "nsp": B comes from another topic, but of the same stage and about the same people: only the topic is
        wrong, so that the order of stages says nothing.  "sop": A and B are swapped, so that only order does.
        """
        if objective not in ("nsp", "sop"):
            raise InputError(f"objective is {objective!r}; it must be 'nsp' or 'sop'")
        for index in range(start, start + n):
            chance = Chance(stream(self.seed, f"tinyland {objective}", index))
            people, topics = cast(self.grammar, chance), chance.shuffled(list(self.grammar.topics.values()))
            true, false = (story(self.grammar, topic, chance, people, single=True) for topic in topics[:2])
            place, label = chance.below(len(true.sentences) - 1), int(chance.coin())
            a, b = true.sentences[place].text, true.sentences[place + 1].text
            if label and objective == "sop":
                a, b = b, a
            elif label:
                b = false.sentences[place + 1].text
            yield SentencePair(a, b, label)

    def _kind(self, chance: Chance) -> str:
        return chance.choose([kind for kind, share in self.shares.items() for _ in range(share)])

    def _topics(self, kind: str) -> dict[str, Topic]:
        return {"story": self.grammar.topics, "review": self.grammar.reviews, "facts": self.grammar.facts}[kind]


def cast(rules: Grammar, chance: Chance, words=None) -> dict[str, Entry]:
    """Two people, p and q, of different names."""
    p = rules.draw("person", chance, words=words)
    return {"p": p, "q": rules.draw("person", chance, {"p": p}, words)}


def story(rules: Grammar, topic: Topic, chance: Chance, people: dict[str, Entry], words=None,
          single: bool = False, stages: list[int] | None = None) -> Document:
    """A document of one topic, stage after stage; a stage has one sentence or (not with `single`) sometimes two.

    With `stages` it has a sentence for each of these.
    """
    bound, memory = rules.bind(topic, chance, people, words), Memory()
    sentences, told = [], []
    for stage, lines in topic.stages.items():
        fitting = chance.shuffled([template for condition, template in lines if holds(condition, bound)])
        count = stages.count(int(stage)) if stages is not None else 1 if single or chance.coin(0.85) else 2
        for template in islice(cycle(fitting), count):
            sentences.append(rules.fill(template, bound, chance, memory, full=stage == "1"))
            told.append(int(stage))
    return Document("story", topic.name, sentences, told)


def _facts(rules: Grammar, chance: Chance) -> Document:
    """Two or three encyclopedia entries of one kind."""
    topic = chance.choose(list(rules.facts.values()))
    sentences, stages = [], []
    for _ in range(2 + chance.below(2)):
        part = story(rules, topic, chance, {})
        sentences += part.sentences
        stages += part.stages
    return Document("facts", topic.name, sentences, stages)


def _listed(kind: str, sentences: list[Sentence]) -> Document:
    """A document without a topic, each sentence its own stage."""
    return Document(kind, kind, sentences, list(range(1, len(sentences) + 1)))


def _entries(stages: list[int]) -> list[list[int]]:
    """The stages of each entry of an encyclopedia: a new one begins where the stages go back."""
    entries: list[list[int]] = []
    for stage in stages:
        if not entries or stage < entries[-1][-1]:
            entries.append([])
        entries[-1].append(stage)
    return entries

"""Which labelled sets does tinyland have, and how well can one do on each?  TinyGLUE's nine, tags and questions.

Every set is balanced, has its splits by what its examples are about, and its ceiling: the figure of a perfect reader,
which is below 1 only where the text leaves the truth open.  Scores are put on a scale on which the majority is at 0
and that reader at 100.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tinyformer.data.readers.examples import Answer, PairExample, Question, TaggedSentence, TextExample
from tinyformer.data.readers.glue import BINARY, ENTAILED, THREE_WAY
from tinyformer.errors import InputError
from tinyformer.rng import stream
from tinyformer.tinyland.documents import World
from tinyformer.tinyland.drafts import Draft, split_of
from tinyformer.tinyland.grammar import Grammar, grammar
from tinyformer.tinyland.inference import entailment, inference, mismatched, pronoun
from tinyformer.tinyland.passages import answer_place, ask, draw_passage
from tinyformer.tinyland.single import acceptability, named, sentiment, tagged
from tinyformer.tinyland.two_sentences import paraphrase, question_pair, question_sentence, similarity
from tinyformer.tinyland.word_tables import Chance, Lexicon, lexicon

SPLITS = ("train", "dev", "test")
DRAWS = 400                                      # drafts in vain before a set counts as exhausted


def _portrait(rules: Grammar, chance: Chance, label: None, words: Lexicon) -> Draft:
    """A passage about one person and a question on it, where the kind of the answer alone tells its place."""
    return _question(rules, chance, label, words, alone=True)


def _question(rules: Grammar, chance: Chance, label: None, words: Lexicon, alone: bool = False) -> Draft:
    """A passage about some people and a question on it; the answer stands in the passage once asked for."""
    told = draw_passage(rules, chance, words, alone=alone)
    asked = chance.below(len(told))
    fact, sentence = told[asked]
    first, last = answer_place(sentence, fact)
    before = " ".join(sentence.text for _, sentence in told[:asked])
    offset = len(before) + (1 if before else 0)
    start = offset + sentence.starts[first]
    end = offset + sentence.starts[last - 1] + len(sentence.words[last - 1].text)
    document = " ".join(sentence.text for _, sentence in told)
    return Draft((ask(rules, fact, chance).text, document, document[start:end], start), None, document)


@dataclass(frozen=True)
class Task:
    """A labelled set: how drafts are made, what kind of example they become, the labels and the official figures."""

    name: str
    kind: str                                    # "text", "pair", "score", "tags" or "question"
    draft: Callable[..., Draft]
    metrics: tuple[str, ...]
    labels: tuple[str, ...] = ()

    @property
    def majority(self) -> float:
        """The first figure of an answer that never changes: classes are equally frequent, tags are as they are."""
        if self.name == "pos":
            return _share_of_commonest(tag for one in task("pos", "test", 200) for tag in one.tags)
        return 1 / len(self.labels) if self.metrics[0] == "accuracy" else 0.0


TINYGLUE = {task.name: task for task in [
    Task("cola", "text", acceptability, ("matthews",), BINARY),
    Task("sst2", "text", sentiment, ("accuracy",), BINARY),
    Task("mrpc", "pair", paraphrase, ("accuracy", "f1"), BINARY),
    Task("stsb", "score", similarity, ("pearson", "spearman")),
    Task("qqp", "pair", question_pair, ("accuracy", "f1"), BINARY),
    Task("mnli", "pair", inference, ("accuracy",), THREE_WAY),
    Task("qnli", "pair", question_sentence, ("accuracy",), ENTAILED),
    Task("rte", "pair", entailment, ("accuracy",), ENTAILED),
    Task("wnli", "pair", pronoun, ("accuracy",), BINARY),
]}
TASKS = {**TINYGLUE, "mnli-mm": Task("mnli-mm", "pair", mismatched, ("accuracy",), THREE_WAY),
         "pos": Task("pos", "tags", tagged, ("accuracy",)), "ner": Task("ner", "tags", named, ("entity_f1",)),
         "squad": Task("squad", "question", _question, ("exact_match", "f1")),
         "portraits": Task("portraits", "question", _portrait, ("exact_match", "f1"))}


def find(name: str) -> Task:
    """The task of this name, or an InputError that lists them."""
    try:
        return TASKS[name.lower().replace("sst-2", "sst2").replace("sts-b", "stsb")]
    except KeyError:
        raise InputError(f"tinyland has no task {name!r}; it has {', '.join(TASKS)}") from None


def task(name: str, split: str = "train", n: int = 1000, seed: int = 0) -> list:
    """n examples of a task, all different: the same dataclasses that the readers of published files return.

    A smaller n gives the beginning of a larger one.  Training sets never use the held-out fifth of the open words,
    and no example of one split is about the same as one of another, whatever the seeds.  InputError where the
    world has not so many different examples.
    """
    spec = find(name)
    return [_example(spec, draft, number) for number, draft in enumerate(drafts(spec, split, n, seed), 1)]


def ceiling(name: str, split: str = "test", n: int = 1000, seed: int = 0) -> float:
    """The first figure that a perfect reader reaches on these very texts, in expectation over what they leave open.

    Accuracy: the mean probability of each text's likeliest label.  Pearson: with E the mean score given the
    texts and v its variance, sqrt(var(E) / (var(E) + mean(v))).  Everything else is certain, and 1.
    """
    spec = find(name)
    found = drafts(spec, split, n, seed)
    if spec.kind == "score":
        variance = float(np.var([draft.expected for draft in found]))
        return (variance / (variance + float(np.mean([draft.spread for draft in found])))) ** 0.5
    return float(np.mean([draft.sure for draft in found]))


def on_scale(name: str, figure: float, top: float = 1.0) -> float:
    """The figure on the scale from 0 (majority) to 100 (a perfect reader, whose figure is `top`)."""
    low = find(name).majority
    return 100 * (figure - low) / (top - low)


def drafts(spec: Task, split: str, n: int, seed: int) -> list[Draft]:
    """n drafts of a split, each block of as many as there are labels with every label once."""
    if split not in SPLITS:
        raise InputError(f"split is {split!r}; it must be one of {', '.join(SPLITS)}")
    return _begun(spec.name, split, seed).first(n)


class _Drafts:
    """The drafts of a split that were asked for so far: a longer set begins as a shorter one, and goes on from it."""

    def __init__(self, spec: Task, split: str, seed: int):
        self.spec, self.split = spec, split
        self.chance = Chance(stream(seed, f"tinyland {spec.name} {split}"))
        self.order = Chance(stream(seed, f"tinyland order {spec.name} {split}"))
        self.words = lexicon(known=split == "train")
        self.seen: set = set()
        self.block: list = []
        self.made: list[Draft] = []

    def first(self, n: int) -> list[Draft]:
        while len(self.made) < n:
            self.block = self.block or self.order.shuffled(self.spec.labels or [None])
            label = self.block.pop()
            for _ in range(DRAWS):
                draft = self.spec.draft(grammar(), self.chance, label, self.words)
                if split_of(draft.key) == self.split and _identity(draft) not in self.seen:
                    break
            else:
                _begun.cache_clear()                             # who asks again begins again, and hears the same
                raise InputError(f"tinyland: {self.split} of {self.spec.name} has {len(self.seen):,} different "
                                 f"examples and {n:,} were asked for; ask for fewer, or add words to world.txt")
            self.seen.add(_identity(draft))
            self.made.append(draft)
        return self.made[:n]


@lru_cache(maxsize=64)
def _begun(name: str, split: str, seed: int) -> _Drafts:
    return _Drafts(TASKS[name], split, seed)


def _share_of_commonest(tags) -> float:
    counts = Counter(tags)
    return counts.most_common(1)[0][1] / counts.total()


def _identity(draft: Draft) -> tuple:
    return tuple(text for text in draft.texts if isinstance(text, str))


def _example(spec: Task, draft: Draft, number: int):
    where = ("tinyland", number)
    if spec.kind == "text":
        return TextExample(draft.texts[0], draft.label, *where)
    if spec.kind in ("pair", "score"):
        return PairExample(*draft.texts, draft.label, *where)
    if spec.kind == "tags":
        words = draft.texts[1].words
        tags = (word.tag if spec.name == "pos" else word.entity for word in words)
        return TaggedSentence(tuple(word.text for word in words), tuple(tags), *where)
    question, document, answer, start = draft.texts
    return Question(f"tinyland-{number}", question, document, (Answer(answer, start),), False, "tinyland", *where)


@dataclass(frozen=True)
class Occurrence:
    """A word with several senses: text[start:start + len(form)] is its form, `sense` the table it is from."""

    text: str
    start: int
    form: str
    word: str
    sense: str


def senses(word: str, n: int, seed: int = 0) -> list[Occurrence]:
    """n occurrences of an ambiguous word in the corpus, as many of each sense as of another; case does not count."""
    known = lexicon().senses
    if word.lower() not in known:
        raise InputError(f"{word!r} has one sense in tinyland; these have several: {', '.join(sorted(known))}")
    word, world, found, index = word.lower(), World(seed, {"story": 1, "facts": 2}), {}, 0
    forms = {form.lower() for table in known[word] for entry in lexicon()[table] if entry.word.lower() == word
             for form in (entry.word, entry.plural)}
    wanted = {sense: n // len(known[word]) + (place < n % len(known[word])) for place, sense in enumerate(known[word])}
    while any(len(found.get(sense, [])) < count for sense, count in wanted.items()):
        for sentence in world.document(index).sentences:
            for one, start in zip(sentence.words, sentence.starts, strict=True):
                if one.text.lower() in forms and one.sense in wanted:
                    found.setdefault(one.sense, []).append(Occurrence(sentence.text, start, one.text, word, one.sense))
        index += 1
    return [occurrence for sense, count in wanted.items() for occurrence in found[sense][:count]]

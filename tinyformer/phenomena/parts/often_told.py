"""What can be asked of a reader, and how often was it told?  Facts about people, each said as often as was drawn.

The people are those of tinyland, and what holds of them is drawn anew for each seed, so that nothing of it can be
guessed.  Some are asked about in the end, and every fact of theirs has a number of its own; some are asked about while
reading, and show what a question without a text is; and strangers stand in passages with other facts each time, where
only the passage knows the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.batches import TextBatch
from tinyformer.data.masking import IGNORED
from tinyformer.engine import no_grad
from tinyformer.models import GPT
from tinyformer.rng import stream
from tinyformer.text import WordPieceTokenizer
from tinyformer.text.whole_words import whole_words
from tinyformer.tinyland import Chance, lexicon
from tinyformer.tinyland.grammar import grammar
from tinyformer.tinyland.passages import Fact, ask, draw_fact, say
from tinyformer.tinyland.word_tables import Entry

RELATIONS = ("home", "job", "pet", "food", "music", "birth")
TEXTS = WITH, WITHOUT, OTHER, WRONG = "with its text", "without a text", "text on another", "with a wrong text"


@dataclass(frozen=True)
class Known:
    """A fact, how often the reading tells it, and another value that a wrong text gives it."""

    fact: Fact
    times: int
    wrong: Fact


@dataclass(eq=False)
class People:
    """Who is who with one seed, and what holds of them: `asked` in the end, `practised` with questions, `strangers`."""

    seed: int
    asked_people: int
    practised_people: int
    times: Sequence[int]                      # how often the facts that are asked are told, as many facts of each
    asked: list[Known] = field(init=False)
    practised: list[Fact] = field(init=False)
    strangers: list[Entry] = field(init=False)

    def __post_init__(self):
        chance = Chance(stream(self.seed, "people"))
        everybody = chance.shuffled(lexicon()["person"])
        first, second = self.asked_people, self.asked_people + self.practised_people
        self.strangers = everybody[second:]
        self.practised = [draw_fact(grammar(), relation, one, chance) for one in everybody[first:second]
                          for relation in RELATIONS]
        places = [(one, relation) for one in everybody[:first] for relation in RELATIONS]
        times = chance.shuffled([self.times[at % len(self.times)] for at in range(len(places))])
        self.asked = []
        for (one, relation), often in zip(places, times, strict=True):
            fact = draw_fact(grammar(), relation, one, chance)
            self.asked.append(Known(fact, often, draw_fact(grammar(), relation, one, chance, taken=(fact.value,))))

    def reading(self, often: int, exercises: int, passages: int) -> list[tuple[str, str]]:
        """Every document, in an order drawn at random, as (what is only read, what is learned to be said behind it).

        Each fact that is asked as often as it says; each that is practised `often` times, and in so many `exercises`
        without a text; and passages.
        """
        chance = Chance(stream(self.seed, "reading"))
        told = [each.fact for each in self.asked for _ in range(each.times)]
        told += [fact for fact in self.practised for _ in range(often)]
        found = [("", say(grammar(), fact, chance).text) for fact in told]
        found += [question(fact, chance) for fact in self.practised for _ in range(exercises)]
        found += [self._passage(chance) for _ in range(passages)]
        return chance.shuffled(found)

    def _passage(self, chance: Chance) -> tuple[str, str]:
        """One thing about a stranger, and in half of the passages another, about another, before or behind it."""
        asked = self._of_stranger(chance.choose(RELATIONS), chance)
        told = [asked]
        if chance.coin():
            told.append(self._of_stranger(asked.relation if chance.coin() else chance.choose(RELATIONS), chance, asked))
        return passage(asked, told, chance)

    def _of_stranger(self, relation: str, chance: Chance, *beside: Fact) -> Fact:
        """Something about a stranger whom none of the facts `beside` is about, with another value than theirs."""
        person = chance.choose([one for one in self.strangers if all(one != each.person for each in beside)])
        return draw_fact(grammar(), relation, person, chance, taken=tuple(each.value for each in beside))

    def questions(self, text: str) -> list[tuple[str, str]]:
        """(what is read, the true answer) for every fact that is asked; `text` is one of `TEXTS`.

        A text is one sentence: the fact, the same of a stranger with another value, or the fact with a wrong value.
        """
        chance, found = Chance(stream(self.seed, f"questions {text}")), []
        for each in self.asked:
            if text == WITHOUT:
                found.append(question(each.fact, chance))
                continue
            other = self._of_stranger(each.fact.relation, chance, each.fact, each.wrong)
            found.append(passage(each.fact, [{WITH: each.fact, OTHER: other, WRONG: each.wrong}[text]], chance))
        return found


def question(fact: Fact, chance: Chance) -> tuple[str, str]:
    """A question that the fact answers, and the answer."""
    return ask(grammar(), fact, chance).text, answer(fact)


def answer(fact: Fact) -> str:
    """The value alone."""
    return f"{fact.value.word} ."


def passage(asked: Fact, told: Sequence[Fact], chance: Chance) -> tuple[str, str]:
    """What is told, in an order drawn at random, with the question behind it; and the answer."""
    said = [say(grammar(), fact, chance).text for fact in chance.shuffled(told)]
    return " ".join([*said, ask(grammar(), asked, chance).text]), answer(asked)


def vocabulary() -> WordPieceTokenizer:
    """Every word of the sentences and questions, whole."""
    names = [entry.word for table in ("person", "town", "job", "animal", "food", "thing", "month", "colour")
             for entry in lexicon()[table]]
    ways = [template for relation in RELATIONS for stage in grammar().relations[relation].stages.values()
            for _, template in stage]
    ways = [" ".join(word.partition("/")[0] for word in way.split() if word[0] != "{") for way in ways]
    return whole_words([*names, *ways, "an"], 10_000)


class Pages:
    """Batches of whole documents, as many as a row has room for; each is read once, in their order."""

    def __init__(self, documents: Sequence[tuple[str, str]], tokenizer: WordPieceTokenizer, rows: int, length: int):
        ids: list[int] = []
        counted: list[bool] = []
        self.pages, self.rows, self.pad, end = [], rows, tokenizer.pad_id, [tokenizer.sep_id]
        for read, said in documents:
            before, behind = tokenizer.encode(read), tokenizer.encode(said) + end
            if len(ids) + len(before + behind) > length:
                self.pages.append((ids, counted))
                ids, counted = [], []
            ids, counted = ids + before + behind, counted + [False] * len(before) + [True] * len(behind)
        self.pages.append((ids, counted))
        self.steps = -(-len(self.pages) // rows)

    def batch(self, step: int) -> TextBatch:
        """The batch of this step."""
        return batch_of(self.pages[step * self.rows:(step + 1) * self.rows], self.pad)


def batch_of(rows: Sequence[tuple[Sequence[int], Sequence[bool]]], pad: int) -> TextBatch:
    """Rows of (ids, which of them count), of different lengths."""
    longest = max(len(ids) for ids, _ in rows)
    ids = np.full((len(rows), longest), pad)
    targets = np.full((len(rows), longest), IGNORED)
    for row, target, (own, counted) in zip(ids, targets, rows, strict=True):
        row[:len(own)] = own
        target[:len(own)] = np.where(counted, own, IGNORED)
    return TextBatch(ids[:, :-1], targets[:, 1:])


def writes(model: GPT, tokenizer: WordPieceTokenizer, asked: Sequence[tuple[str, str]]) -> np.ndarray:
    """For each (what is read, answer) whether the model goes on with that answer, by what is likeliest, (N,) bool.

    Each token is guessed behind the right ones; where all are right so would they be if it wrote them itself.
    """
    rows = [(tokenizer.encode(read), tokenizer.encode(said)) for read, said in asked]
    batch = batch_of([(read + said, [False] * len(read) + [True] * len(said)) for read, said in rows], tokenizer.pad_id)
    with no_grad():
        guessed = to_host(model(batch.ids).data.argmax(-1))                                    # (N, T)
    return ((guessed == batch.targets) | (batch.targets == IGNORED)).all(1)

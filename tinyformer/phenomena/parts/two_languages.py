"""What do two languages have in common that share no word?  The order of their parts of speech, and their topics.

Both tell sentences of one grammar, each with 120 words of its own: six parts of speech, in each five topics of four
words.  A sentence keeps to its topic with nine words of ten.  Topics are as frequent as 5, 4, 3, 2, 1, and the words of
one as 8, 4, 2, 1: where all were alike, nothing could tell which belongs to which.

    the     old    house   stands   behind       the     green   tree
    article adjective noun verb     preposition  article adjective noun

No sentence stands in both languages, and nothing says which word translates which: word `n` of one is that of the other
only in that it has the same part of speech, and the same topic and frequency.  Without `structure` the words of the
second language stand in any order, and in any sentence: they are as frequent, and nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from tinyformer.data.batches import PretrainingBatch
from tinyformer.data.labelled import LabelledBatch, SpanBatch
from tinyformer.data.masking import IGNORED, mask_tokens
from tinyformer.rng import stream

PARTS = ("article", "adjective", "noun", "verb", "adverb", "preposition")
TOPICS, EACH = 5, 4
WORDS = len(PARTS) * TOPICS * EACH            # of a language
RARE = 0.1                                    # the share of words from another topic
OFTEN = {"topic": (5, 4, 3, 2, 1), "word": (8, 4, 2, 1)}   # how frequent each is beside the others
PAD, CLS, SEP, MASK = 0, 1, 2, 3              # of language 0, and of both where they share them
SUBJECT, OBJECT, PLACE = QUESTIONS = (8, 9, 10)            # what is asked for; no text has these
FIRST_WORD = 12
VOCABULARY = FIRST_WORD + 2 * WORDS
LONGEST = 12                                  # words of a sentence
LENGTH = LONGEST + 3                          # with [CLS], a question and [SEP]
SHARED, APART = (0.8, 0.1, 0.1), (0.9, 0.0, 0.1)           # what becomes of a hidden word: [MASK], another, itself
NONE = -1                                     # behind the end of a sentence
UNSEEN = 1_000_000                            # steps from here on are for evaluation


@dataclass(frozen=True)
class Pattern:
    """How a sentence is built: the part of speech of each word, its phrases, question -> (first, last) word, and how
    often sentences are built so."""

    parts: tuple[int, ...]
    spans: dict[int, tuple[int, int]]
    share: float


@cache
def patterns() -> tuple[Pattern, ...]:
    """All there are: a subject and a verb, in 3 of 10 with an adverb, and an object, a place, or both."""
    found = []
    for asked, adverb in product(((OBJECT,), (PLACE,), (OBJECT, PLACE)), (False, True)):
        for described in product((False, True), repeat=1 + len(asked)):                   # has the phrase an adjective?
            parts, spans = [], {}
            for phrase, adjective in zip((SUBJECT, *asked), described, strict=True):
                parts += ["preposition"] * (phrase == PLACE)
                first = len(parts)
                parts += ["article", *["adjective"] * adjective, "noun"]
                spans[phrase] = first, len(parts) - 1
                parts += ["verb", *["adverb"] * adverb] if phrase == SUBJECT else []
            share = (0.3 if adverb else 0.7) / 3 / 2 ** len(described)
            found.append(Pattern(tuple(map(PARTS.index, parts)), spans, share))
    return tuple(found)


def part_of(word) -> np.ndarray:
    """The number of the part of speech of word 0 to 119."""
    return np.asarray(word) // (TOPICS * EACH)


def topic_of(word) -> np.ndarray:
    """The number of the topic of word 0 to 119."""
    return np.asarray(word) // EACH % TOPICS


def sentences(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """New sentences: their words, 0 to 119 and NONE behind the end, (N, 12), and the pattern of each, (N,)."""
    known = patterns()
    parts = np.array([[*each.parts, *[NONE] * (LONGEST - len(each.parts))] for each in known])
    built = rng.choice(len(known), size=count, p=[each.share for each in known])
    kept = _drawn(rng, "topic", (count, 1))                                                # (N, 1)
    topics = np.where(rng.random((count, LONGEST)) < RARE, _drawn(rng, "topic", (count, LONGEST)), kept)
    words = (parts[built] * TOPICS + topics) * EACH + _drawn(rng, "word", (count, LONGEST))
    return np.where(parts[built] == NONE, NONE, words), built


def _drawn(rng: np.random.Generator, what: str, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of topics, or of the words of one, as frequent as they are."""
    often = np.array(OFTEN[what])
    return rng.choice(len(often), size=shape, p=often / often.sum())


@dataclass(frozen=True)
class Languages:
    """How the two are written down, and how much of each there is.

    `shared`: both have the same positions, the same special tokens, and noise that also puts words of the one into the
    other.  Where they share nothing, language 1 has special tokens and positions of its own, and no noise but [MASK].
    `count`: so many sentences of each, again and again; 0 for new ones in every batch.
    """

    seed: int
    shared: bool = True
    structure: bool = True
    count: int = 0

    @property
    def context(self) -> int:
        """Positions of a row."""
        return LENGTH if self.shared else 2 * LENGTH

    def special(self, token: int, language: int) -> int:
        """The id of [CLS], [SEP] or [MASK] in this language."""
        return token if self.shared or not language else token + 4

    def told(self, rng: np.random.Generator, language: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """New sentences of this language, as `sentences` gives them."""
        words, built = sentences(rng, count)
        if language and not self.structure:
            there = words != NONE
            words[there] = rng.permutation(words[there])
        return words, built

    def kept(self, language: int) -> np.ndarray:
        """The sentences that come again and again, (count, 12)."""
        return self.told(stream(self.seed, f"sentences {language}"), language, self.count)[0]

    def met(self) -> np.ndarray:
        """Which words of each language stand in its sentences, (2, 120); all, where there are always new ones."""
        return np.array([np.isin(np.arange(WORDS), self.kept(language)) | (not self.count) for language in (0, 1)])

    def rows(self, words: np.ndarray, language: int, questions: np.ndarray | None = None) -> tuple[np.ndarray, int]:
        """The ids of rows, [CLS] question, words and [SEP], (N, T), and the place of their first word."""
        ids = np.full((len(words), self.context), PAD)
        first = 0 if self.shared or not language else LENGTH
        ids[:, first] = self.special(CLS, language)
        if questions is not None:
            first += 1
            ids[:, first] = questions
        first += 1
        there = words != NONE
        ids[:, first:first + LONGEST] = np.where(there, FIRST_WORD + language * WORDS + words, PAD)
        ids[np.arange(len(ids)), first + there.sum(1)] = self.special(SEP, language)
        return ids, first


class BothLanguages:
    """BERT's batches: half of the rows in each language, a third of the words hidden; `batch(step)`."""

    def __init__(self, languages: Languages, batch_size: int):
        self.languages, self.batch_size = languages, batch_size
        self.kept = [languages.kept(language) for language in (0, 1)]

    def batch(self, step: int) -> PretrainingBatch:
        """Rows of language 0, and below them as many of language 1."""
        languages, rng, parts = self.languages, stream(self.languages.seed, "two languages", step), []
        for language, kept in enumerate(self.kept):
            half = self.batch_size // 2
            words = (kept[rng.integers(len(kept), size=half)] if len(kept)
                     else languages.told(rng, language, half)[0])
            ids = languages.rows(words, language)[0]
            parts.append((ids, *mask_tokens(
                ids, rng=rng, rate=0.3, mask_id=languages.special(MASK, language), vocab_size=VOCABULARY,
                special_ids=range(FIRST_WORD), proportions=SHARED if languages.shared else APART)))
        ids, noisy, targets = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        places = np.flatnonzero(targets != IGNORED)
        return PretrainingBatch(noisy, np.zeros_like(ids), ids != PAD, places, targets.reshape(-1)[places])


class Tagged:
    """Batches to learn parts of speech from, or to be judged by, in one language."""

    def __init__(self, languages: Languages, language: int, batch_size: int):
        self.languages, self.language, self.batch_size = languages, language, batch_size

    def batch(self, step: int) -> LabelledBatch:
        """Sentences with the number of a part of speech at each word."""
        rng = stream(self.languages.seed, f"tagged {self.language}", step)
        words, _ = self.languages.told(rng, self.language, self.batch_size)
        ids, first = self.languages.rows(words, self.language)
        labels = np.full(ids.shape, IGNORED)
        labels[:, first:first + LONGEST] = np.where(words == NONE, IGNORED, part_of(words))
        return LabelledBatch(ids, np.zeros_like(ids), ids != PAD, labels)

    def in_order(self) -> Iterator:
        """Batches that no model learns from."""
        for number in range(4):
            yield self.batch(UNSEEN + number)


class Asked(Tagged):
    """Batches with a question and its answer: who does it, to whom, or where; a span of the sentence."""

    def batch(self, step: int) -> SpanBatch:
        """Sentences with a question in front, and the places of the first and last word of the answer."""
        rng = stream(self.languages.seed, f"asked {self.language}", step)
        words, built = self.languages.told(rng, self.language, self.batch_size)
        spans = [patterns()[number].spans for number in built]
        questions = [list(each)[int(rng.integers(len(each)))] for each in spans]
        ids, first = self.languages.rows(words, self.language, np.array(questions))
        starts, ends = first + np.array([each[asked] for each, asked in zip(spans, questions, strict=True)]).T
        may = np.zeros(ids.shape, bool)
        may[:, first:first + LONGEST] = words != NONE
        return SpanBatch(ids, np.zeros_like(ids), ids != PAD, may, starts, ends)

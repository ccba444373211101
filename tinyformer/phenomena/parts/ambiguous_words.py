"""Which words mean two things, and where do they stand?  Those of tinyland, and spellings of a treebank."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from tinyformer.data.readers.conllu import read_conllu
from tinyformer.errors import InputError
from tinyformer.rng import stream
from tinyformer.text import Tokenizer
from tinyformer.tinyland import World, lexicon

ROOM = 30                                     # tokens of text that a word is shown in
TWO = ("NOUN", "VERB")                        # the senses in a treebank: a book, to book
LEAST, MOST = 5, 8                            # uses of each, and spellings


@dataclass(frozen=True)
class Use:
    """A word in its text: the sentence, what it means in it, the tokens around it, and which of them it is."""

    sentence: str
    sense: str
    ids: tuple[int, ...]
    place: int


@dataclass(frozen=True)
class Marked:
    """A sentence in which words are marked, (start, word, sense), and whether a text ends with it."""

    text: str
    marks: Sequence[tuple[int, str, str]]
    ends: bool = False


def tinyland_words() -> dict[str, tuple[str, str]]:
    """The words with several senses, and the first two of each."""
    return {word: senses[:2] for word, senses in lexicon().senses.items()}


def in_tinyland(least: int, most: int, seed: int, tokenizer: Tokenizer,
                known: Callable[[str], bool]) -> dict[str, list[Use]]:
    """For each word its uses in different sentences that are not known, as many of one sense as of the other.

    One goes on until each sense of each word was met in `least` sentences, and keeps `most` of each at most.
    """
    found: dict[str, dict[str, dict]] = {word: {sense: {} for sense in both} for word, both in tinyland_words().items()}
    missing = {(word, sense) for word, both in found.items() for sense in both}
    for word, use in uses(_told(seed), tokenizer):
        met = found[word].get(use.sense, {})
        if use.sense in found[word] and len(met) < most and not known(use.sentence):
            met.setdefault(use.sentence, use)
            if len(met) >= least:
                missing.discard((word, use.sense))
        if not missing:
            break
    fewest = {word: min(map(len, both.values())) for word, both in found.items()}
    return {word: [use for by_sentence in both.values() for use in list(by_sentence.values())[:fewest[word]]]
            for word, both in found.items()}


def _told(seed: int) -> Iterator[Marked]:
    """The sentences of stories and facts, without end, with every word in the singular that has several senses."""
    senses, world = lexicon().senses, World(seed, ("story", "facts"))
    for index in count():
        sentences = world.document(index).sentences
        for sentence in sentences:
            marks = [(start, one.text.lower(), one.sense)
                     for one, start in zip(sentence.words, sentence.starts, strict=True)
                     if one.sense in senses.get(one.text.lower(), ())]
            yield Marked(sentence.text, marks, ends=sentence is sentences[-1])


def in_treebank(paths: Sequence[str], number: int, seed: int, tokenizer: Tokenizer) -> dict[str, list[Use]]:
    """The spellings in CoNLL-U files that most often are a noun and a verb, each with uses of both.

    As many of one as of the other, at most `number`, drawn by the seed from different sentences.  InputError where no
    spelling has five of both.
    """
    found: dict[str, dict[str, dict[str, Use]]] = defaultdict(lambda: {tag: {} for tag in TWO})
    for path in paths:
        for word, use in uses(_read(path), tokenizer):
            found[word][use.sense].setdefault(use.sentence, use)
    fewest = {word: least for word, both in found.items() if (least := min(map(len, both.values()))) >= LEAST}
    if not fewest:
        raise InputError(f"{', '.join(paths)}: no spelling is {' and '.join(TWO)} in {LEAST} sentences each; give a "
                         "longer treebank")
    words = sorted(fewest, key=lambda word: (-fewest[word], word))[:MOST]
    return {word: [use for by_sentence in found[word].values()
                   for use in _drawn(list(by_sentence.values()), min(number, fewest[word]), seed)] for word in words}


def _read(path: str) -> Iterator[Marked]:
    """The sentences of a treebank, with every noun and verb that is written in small letters."""
    for sentence in read_conllu(path):
        marks, start = [], 0
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            if tag in TWO and word.islower() and word.isalpha():
                marks.append((start, word, tag))
            start += len(word) + 1
        yield Marked(" ".join(sentence.words), marks)


def _drawn(known: Sequence[Use], number: int, seed: int) -> list[Use]:
    """So many uses, by chance."""
    return [known[which] for which in stream(seed, f"uses {known[0].sense}").permutation(len(known))[:number]]


def shown(words: Mapping[str, Sequence[Use]], seed: int, draw: int = 0) -> dict[str, list[Use]]:
    """The same uses in ROOM tokens of their text, in which the word stands anywhere, elsewhere in each draw.

    If it stood where it happens to stand in a sentence, its place would say what it means.
    """
    found = {}
    for word, of_word in words.items():
        places = stream(seed, f"places {word}", draw).integers(ROOM, size=len(of_word)).tolist()
        found[word] = [replace(use, ids=use.ids[use.place - place:use.place - place + ROOM], place=place)
                       for use, place in zip(of_word, places, strict=True)]
    return found


def uses(sentences: Iterable[Marked], tokenizer: Tokenizer) -> Iterator[tuple[str, Use]]:
    """Every marked word with the tokens around it, of a text whose sentences follow one another.

    Those are left out that have too little text on one side.
    """
    ids: list[int] = []
    waiting: list[tuple[int, str, str, str]] = []
    for sentence in sentences:
        waiting += [(len(ids) + len(tokenizer.encode(sentence.text[:start])), word, sense, sentence.text)
                    for start, word, sense in sentence.marks]
        ids += tokenizer.encode(sentence.text) + [tokenizer.sep_id] * sentence.ends
        while waiting and waiting[0][0] + ROOM <= len(ids):
            place, word, sense, text = waiting.pop(0)
            if place >= ROOM:
                yield word, Use(text, sense, tuple(ids[place - ROOM:place + ROOM]), ROOM)

"""Which two neighbours does a vocabulary join next?

    words       symbols of a word, a tuple -> how often the word occurs

byte_pair(words) makes one step of byte-pair encoding (Sennrich et al. 2016, section 3.2) and returns (pair, words): the
pair of neighbours within words that occurs most often in the text, of equally frequent ones the smallest as tuples are
compared; and the words with that pair joined wherever it stands, found from the left.  With {("a", "b", "a", "b"): 2,
("b", "a"): 3}, the pair ("b", "a") occurs 2 + 3 = 5 times and ("a", "b") 4 times, so that

    ("b", "a"), {("a", "ba", "b"): 2, ("ba",): 3}

comes out.  Two words that become the same have their numbers added.
"""

from collections import Counter

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="which of two equally frequent pairs comes first is left to chance in minbpe, so that the order of "
    "the text decides (pull request 90), and is asked of tokenizers (1065); SentencePiece dropped pairs that overlap "
    "themselves, as in aaa (318).", hints=(
        "Three parts: count the pairs, choose one, join it. What does a word that occurs 100 times add to the count?",
        "For each word, count[pair] += number for each pair in zip(word, word[1:]); the smallest of the most frequent "
        "is min(count, key=lambda pair: (-count[pair], pair)).",
        "To join: walk with i; where word[i:i + 2] == pair append pair[0] + pair[1] and go on by 2, else append "
        "word[i] and go on by 1. Add into a Counter, not into a plain dictionary."))


@EXERCISE.solution
def byte_pair(words: dict):
    """The most frequent pair, and the words after it has been joined."""
    count: Counter = Counter()
    for word, number in words.items():
        for pair in zip(word, word[1:], strict=False):
            count[pair] += number
    best = min(count, key=lambda pair: (-count[pair], pair))
    joined: Counter = Counter()
    for word, number in words.items():
        symbols, i = [], 0
        while i < len(word):
            found = word[i:i + 2] == best
            symbols.append(best[0] + best[1] if found else word[i])
            i += 2 if found else 1
        joined[tuple(symbols)] += number
    return best, dict(joined)


@EXERCISE.observe
def _(theirs, call):
    pair, words = theirs(*call.arrays)
    return {"pair": tuple(pair), "words": dict(words)}


@EXERCISE.case
def _(rng):
    """one word"""
    return Call({("a", "b", "a", "b"): 1})


@EXERCISE.case
def _(rng):
    """a rare word with many pairs, and a frequent one"""
    return Call({("a", "b", "a", "b"): 1, ("c", "d"): 5})


@EXERCISE.case
def _(rng):
    """two pairs are equally frequent"""
    return Call({("d", "c"): 2, ("b", "a"): 2})


@EXERCISE.case
def _(rng):
    """three times the same symbol"""
    return Call({("a", "a", "a"): 2, ("b", "c"): 3})


@EXERCISE.case
def _(rng):
    """symbols of several characters: (ab, c) is not (a, bc)"""
    return Call({("ab", "c"): 3, ("a", "bc"): 1, ("x", "ab", "c"): 1})


@EXERCISE.case
def _(rng):
    """two words become one"""
    return Call({("a", "b", "c"): 2, ("ab", "c"): 1, ("a", "b"): 1})


@EXERCISE.drawn
def _(rng, size):
    """words of a, b and c"""
    return Call({tuple(map(str, rng.choice(list("abc"), 2 + i % 4))): int(rng.integers(1, 9)) for i in range(size)})


def pairs(words, weigh=True):
    count: Counter = Counter()
    for word, number in words.items():
        for pair in zip(word, word[1:], strict=False):
            count[pair] += number if weigh else 1
    return count


def join(words, best, *, add=True, right=False):
    joined: Counter = Counter()
    for word, number in words.items():
        symbols = list(word[::-1] if right else word)
        pair, i = list(best[::-1] if right else best), 0
        while i < len(symbols):
            if symbols[i:i + 2] == pair:
                symbols[i:i + 2] = ["".join(best)]
            i += 1
        key = tuple(symbols[::-1] if right else symbols)
        joined[key] = number + (joined[key] if add else 0)
    return dict(joined)


def smallest(count):
    return min(count, key=lambda pair: (-count[pair], pair))


@EXERCISE.mistake
def _(words):
    """each word is counted once, however often it occurs in the text"""
    best = smallest(pairs(words, weigh=False))
    return best, join(words, best)


@EXERCISE.mistake
def _(words):
    """of equally frequent pairs the first that was met is taken, so that the result depends on the order of the text"""
    count = pairs(words)
    best = max(count, key=lambda pair: count[pair])
    return best, join(words, best)


@EXERCISE.mistake
def _(words):
    """of equally frequent pairs the largest is taken, and it is to be the smallest"""
    best = max(pairs(words).items(), key=lambda item: (item[1], item[0]))[0]
    return best, join(words, best)


@EXERCISE.mistake
def _(words):
    """two words that become the same overwrite each other: add their numbers"""
    best = smallest(pairs(words))
    return best, join(words, best, add=False)


@EXERCISE.mistake
def _(words):
    """the pair is joined from the right: of three a the last two, where it is to be the first two"""
    best = smallest(pairs(words))
    return best, join(words, best, right=True)


@EXERCISE.mistake
def _(words):
    """only the first place of each word is joined, and the pair may stand there again"""
    best = smallest(pairs(words))
    joined: Counter = Counter()
    for word, number in words.items():
        place = next((i for i in range(len(word) - 1) if word[i:i + 2] == best), None)
        joined[word if place is None else (*word[:place], "".join(best), *word[place + 2:])] += number
    return best, dict(joined)

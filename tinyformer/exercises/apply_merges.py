"""How does GPT-2 cut a word, when it has learned which neighbours to join?

    word        its symbols at first, a list of single characters
    merges      pairs of symbols, in the order in which they were learned

As long as any two neighbours of the word are a pair that was learned, take of these pairs the one that was learned
first, join it wherever it stands, from the left, and look again.  With merges = [("b", "c"), ("a", "b"), ("bc", "d")]

    apply_merges(["a", "b", "c", "d"], merges)  ->  ["a", "bcd"]

since ("b", "c") was learned before ("a", "b").  (Sennrich et al. 2016, section 3.2.)
"""

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="who expects the fewest pieces or the longest reports faults that are none (tiktoken 99, "
    "sentencepiece 406); and a tokenizer written for a book cut \"Hello,\" into three where GPT-2 has two (LLMs-from- "
    "scratch 558).", hints=(
        "The merges are done again in the order in which they were learned. Which neighbours may be joined first?",
        "rank = {pair: number}. Of the pairs in zip(word, word[1:]) take the one of the smallest rank; stop where none "
        "has one.",
        "Join all places of that pair in one walk from the left (i += 2 where it stands, else 1), then begin again "
        "with the new word."))


@EXERCISE.solution
def apply_merges(word: list, merges: list) -> list:
    """The pieces of a word."""
    rank = {tuple(pair): number for number, pair in enumerate(merges)}
    while True:
        known = [pair for pair in zip(word, word[1:], strict=False) if pair in rank]
        if not known:
            return word
        first = min(known, key=lambda pair: rank[pair])
        joined, i = [], 0
        while i < len(word):
            found = tuple(word[i:i + 2]) == first
            joined.append("".join(first) if found else word[i])
            i += 2 if found else 1
        word = joined


@EXERCISE.case
def _(rng):
    """one merge"""
    return Call(list("abc"), [("a", "b")])


@EXERCISE.case
def _(rng):
    """two merges that want the same symbol"""
    return Call(list("abc"), [("b", "c"), ("a", "b")])


@EXERCISE.case
def _(rng):
    """a merge of what was merged, learned before another one"""
    return Call(list("abcd"), [("a", "b"), ("c", "d"), ("ab", "c")])


@EXERCISE.case
def _(rng):
    """the same symbol five times"""
    return Call(list("aaaaa"), [("a", "a"), ("aa", "aa")])


@EXERCISE.case
def _(rng):
    """nothing to join"""
    return Call(list("xy"), [("a", "b")])


@EXERCISE.drawn
def _(rng, size):
    """a word of a, b and c"""
    merges = [("b", "c"), ("a", "b"), ("a", "bc"), ("c", "a"), ("ab", "ab"), ("abc", "a"), ("b", "b"), ("bb", "c")]
    return Call(list(map(str, rng.choice(list("abc"), size))), merges)


def joined(word, pair, once=False):
    word, i = list(word), 0
    while i < len(word) - 1:
        if (word[i], word[i + 1]) == pair:
            word[i:i + 2] = ["".join(pair)]
            if once:
                break
        i += 1
    return word


@EXERCISE.mistake
def _(word, merges):
    """the longest known piece is taken from the left: that is WordPiece; here the earliest merge comes first"""
    pieces, start = [], 0
    known = {"".join(pair) for pair in merges}
    text = "".join(word)
    while start < len(text):
        end = next(end for end in range(len(text), start, -1) if text[start:end] in known or end == start + 1)
        pieces.append(text[start:end])
        start = end
    return pieces


@EXERCISE.mistake
def _(word, merges):
    """the first neighbours from the left that may be joined are joined, whenever that was learned"""
    while True:
        pair = next((pair for pair in zip(word, word[1:], strict=False) if pair in merges), None)
        if pair is None:
            return word
        word = joined(word, pair, once=True)


@EXERCISE.mistake
def _(word, merges):
    """the merge that was learned last comes first, and it is to be the one that was learned first"""
    while True:
        known = [pair for pair in zip(word, word[1:], strict=False) if pair in merges]
        if not known:
            return word
        word = joined(word, max(known, key=merges.index))


@EXERCISE.mistake
def _(word, merges):
    """only one merge is done: look again as long as there is one to do"""
    known = [pair for pair in zip(word, word[1:], strict=False) if pair in merges]
    return joined(word, min(known, key=merges.index)) if known else word

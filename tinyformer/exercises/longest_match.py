"""How does BERT cut a word into pieces of its vocabulary?

From the left: the longest piece of the vocabulary with which the word begins, then the longest with which the rest
begins, and so on.  A piece that does not begin the word stands in the vocabulary with "##" before it.  If at some place
no piece fits, the whole word is ["[UNK]"].  With the vocabulary {"un", "unw", "##will", "##w", "##ill", "##ing"},

    longest_match("unwilling")  ->  ["unw", "##ill", "##ing"]
    longest_match("unable")     ->  ["[UNK]"]

Nothing is taken back: "unw" was the longest, and so "un" is never tried.
"""

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="the example in the code of the published BERT is cut otherwise by its own vocabulary, as readers "
    "found: the longest first piece is not always the one that makes sense (bert 116); a C++ version stepped twice in "
    "one loop and missed the longest piece (bert.cpp 6), and OpenNLP kept the pieces before an "
    "unknown one (pull request 1073); llama.cpp, too, cut words for BERT in its own way at first (5496).", hints=(
        "Two loops: the outer one goes on until the word is used up. What does the inner one try, and in which order?",
        "From `start` try the ends from len(word) downwards; what is looked up is the piece, with \"##\" before it "
        "unless start is 0.",
        "for end in range(len(word), start, -1): if prefix + word[start:end] in vocabulary: append it, start = end, "
        "break; else (of the for): return [\"[UNK]\"]."))


@EXERCISE.solution
def longest_match(word: str, vocabulary: set) -> list:
    """The pieces of a word, or ["[UNK]"]."""
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            if prefix + word[start:end] in vocabulary:
                break
        else:
            return ["[UNK]"]                                   # one hole, and the whole word is lost
        pieces.append(prefix + word[start:end])
        start = end
    return pieces


VOCABULARY = ["un", "unw", "##will", "##w", "##ill", "##ing", "will", "ing", "##s", "s", "a", "b", "##a", "##b", "ab",
              "##ba", "##aab"]


@EXERCISE.case
def _(rng):
    """a word that is a piece"""
    return Call("will", set(VOCABULARY))


@EXERCISE.case
def _(rng):
    """two pieces"""
    return Call("wills", set(VOCABULARY))


@EXERCISE.case
def _(rng):
    """the longest piece is not the first that fits"""
    return Call("unwilling", set(VOCABULARY))


@EXERCISE.case
def _(rng):
    """a hole at the end"""
    return Call("willx", set(VOCABULARY))


@EXERCISE.case
def _(rng):
    """a hole in the middle"""
    return Call("axb", set(VOCABULARY))


@EXERCISE.case
def _(rng):
    """the longest first piece leads nowhere, though a shorter one would"""
    return Call("abc", {"a", "ab", "##bc"})


@EXERCISE.case
def _(rng):
    """the rest of the word is a word by itself"""
    return Call("unwill", {"un", "will"})


@EXERCISE.drawn
def _(rng, size):
    """a word of a and b"""
    return Call("".join(rng.choice(list("ab"), size)), {"a", "ab", "##a", "##b", "##ba", "##aab"})


def cut(word, vocabulary, *, ends=None, first="", hole=None):
    """The solution with one thing in it changed."""
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start else first
        found = next((end for end in (ends or (lambda start: range(len(word), start, -1)))(start)
                      if prefix + word[start:end] in vocabulary), None)
        if found is None:
            if hole is None:
                return ["[UNK]"]
            pieces.append("[UNK]")
            start += 1 if hole == "one" else len(word)
        else:
            pieces.append(prefix + word[start:found])
            start = found
    return pieces


@EXERCISE.mistake
def _(word, vocabulary):
    """the shortest piece is taken, where it is to be the longest: try the ends from the right"""
    return cut(word, vocabulary, ends=lambda start: range(start + 1, len(word) + 1))


@EXERCISE.mistake
def _(word, vocabulary):
    """the pieces before the hole are kept; one hole, and the whole word is [UNK]"""
    return cut(word, vocabulary, hole="rest")


@EXERCISE.mistake
def _(word, vocabulary):
    """a character that no piece has becomes [UNK] by itself; it is the whole word that becomes [UNK]"""
    return cut(word, vocabulary, hole="one")


@EXERCISE.mistake
def _(word, vocabulary):
    """the rest of a word is looked up without "##", as if it began a word"""
    pieces, start = [], 0
    while start < len(word):
        end = next((end for end in range(len(word), start, -1) if word[start:end] in vocabulary), None)
        if end is None:
            return ["[UNK]"]
        pieces.append(word[start:end])
        start = end
    return pieces


@EXERCISE.mistake
def _(word, vocabulary):
    """a piece is taken back when it leads nowhere; BERT takes the longest once and for all, and gives up"""
    def ways(start):
        if start == len(word):
            return []
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            rest = ways(end) if piece in vocabulary else None
            if rest is not None:
                return [piece, *rest]
        return None

    found = ways(0)
    return ["[UNK]"] if found is None else found

"""Which words of the document are the answer?

    starts, ends (T,)       how well each token fits as the first and as the last of the answer
    first, behind           the document is the tokens first, first + 1, ..., behind - 1; before it stand [CLS], at
                            place 0, and the question
    longest                 an answer has at most so many tokens

Return (start, end), both counted in: the pair with the largest starts[start] + ends[end] that lies in the document,
does not end before it starts, and is not too long; of equals that with the smallest start, then the smallest end.  "No
answer" scores starts[0] + ends[0]; where that is more than the best pair has, return (0, 0).  (Devlin et al. 2019,
sections 4.2 and 4.3.)
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="in transformers answers were found in the question, words were taken for pieces, and tokens were "
    "lost where windows overlap (issues 5910, 2548 and 1209).", hints=(
        "Which pairs are allowed at all? Write the three conditions down; then there is only a maximum to be found.",
        "For each start of the document try the ends from the start itself up to start + longest - 1, and not beyond "
        "the document.",
        "best = max over these of (starts[s] + ends[e], -s, -e); then compare with starts[0] + ends[0]."))


@EXERCISE.solution
def best_span(starts, ends, first: int, behind: int, longest: int):
    """(start, end) of the best answer, (0, 0) for none."""
    score, start, end = max((starts[s] + ends[e], -s, -e)
                            for s in range(first, behind) for e in range(s, min(s + longest, behind)))
    return (0, 0) if starts[0] + ends[0] > score else (-start, -end)


def points(starts: list, ends: list, first: int, behind: int, longest: int = 9) -> Call:
    return Call(np.array(starts, float), np.array(ends, float), first, behind, longest)


@EXERCISE.observe
def _(theirs, call):
    return tuple(int(place) for place in theirs(*call.arrays))


@EXERCISE.case
def _(rng):
    """a document of three tokens"""
    return points([0, 0, 5, 1, 1], [0, 0, 1, 4, 1], 2, 5)


@EXERCISE.case
def _(rng):
    """the best end stands before the best start"""
    return points([0, 0, 1, 2, 9], [0, 0, 9, 2, 1], 2, 5)


@EXERCISE.case
def _(rng):
    """the question scores higher than the document"""
    return points([0, 8, 1, 2, 3], [0, 8, 1, 2, 3], 2, 5)


@EXERCISE.case
def _(rng):
    """padding behind the document scores high"""
    return points([0, 0, 1, 2, 3, 1], [0, 0, 1, 2, 3, 8], 2, 5)


@EXERCISE.case
def _(rng):
    """an answer of four tokens, where two are allowed"""
    return points([0, 0, 9, 1, 1, 1], [0, 0, 1, 1, 1, 9], 2, 6, 2)


@EXERCISE.case
def _(rng):
    """an answer of exactly as many tokens as are allowed"""
    return points([0, 0, 9, 1, 1, 1], [0, 0, 1, 1, 5, 6], 2, 6, 3)


@EXERCISE.case
def _(rng):
    """no answer scores best"""
    return points([4, 0, 1, 2, 3], [4, 0, 1, 2, 3], 2, 5)


@EXERCISE.case
def _(rng):
    """no answer and the best answer are equal"""
    return points([3, 0, 1, 2, 3], [3, 0, 1, 2, 3], 2, 5)


@EXERCISE.drawn
def _(rng, size):
    """a document that was drawn"""
    return points(rng.integers(0, 9, size + 3), rng.integers(0, 9, size + 3), 2, size + 2, 1 + size // 3)


def best(starts, ends, pairs, none=True):
    score, start, end = max((starts[s] + ends[e], -s, -e) for s, e in pairs)
    return (0, 0) if none and starts[0] + ends[0] > score else (-start, -end)


def legal(first, behind, longest):
    return [(s, e) for s in range(first, behind) for e in range(s, min(s + longest, behind))]


@EXERCISE.mistake
def _(starts, ends, first, behind, longest):
    """start and end are each the best by themselves, and the end may stand before the start"""
    return best(starts, ends, [(s, e) for s in range(first, behind) for e in range(first, behind)])


@EXERCISE.mistake
def _(starts, ends, first, behind, longest):
    """the answer is looked for in the question, too: it begins at `first` at the earliest"""
    return best(starts, ends, legal(1, behind, longest))


@EXERCISE.mistake
def _(starts, ends, first, behind, longest):
    """the end may stand in the padding behind the document"""
    return best(starts, ends, [(s, e) for s in range(first, behind) for e in range(s, min(s + longest, len(ends)))])


@EXERCISE.mistake
def _(starts, ends, first, behind, longest):
    """an answer may be as long as the document: `longest` is forgotten"""
    return best(starts, ends, legal(first, behind, behind))


@EXERCISE.mistake
def _(starts, ends, first, behind, longest):
    """one token too many is allowed: from start to start + longest there are longest + 1 of them"""
    return best(starts, ends, legal(first, behind, longest + 1))


@EXERCISE.mistake
def _(starts, ends, first, behind, longest):
    """there is always an answer; where starts[0] + ends[0] is more, it is to be (0, 0)"""
    return best(starts, ends, legal(first, behind, longest), none=False)


@EXERCISE.mistake
def _(starts, ends, first, behind, longest):
    """no answer wins where it is only equal to the best answer; it must be more"""
    pair = best(starts, ends, legal(first, behind, longest), none=False)
    return (0, 0) if starts[0] + ends[0] >= starts[pair[0]] + ends[pair[1]] else pair

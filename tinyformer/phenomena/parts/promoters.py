"""Where does a gene begin?  Stretches of DNA as they stand before genes of Bacillus subtilis, and others, made by rule.

What RNA polymerase looks for is two words of six letters, about TTGACA and TATAAT, some 17 letters apart.  How often
each letter is the usual one was counted in 237 promoters (Helmann 1995, as tabulated by Wösten et al. 1998, table 3);
the other letters share the rest as they share the genome, of which 43 % is C or G.  A stretch has 81 letters and the
gene begins at the 61st, as in published collections; what stands around the words, and all of a stretch that is no
promoter, is drawn from the genome's letters.  No stretch tells for certain what it is, and who knows the rule is right
as often as anybody can be: `best_guess`.
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from tinyformer.data.readers import TextExample
from tinyformer.rng import stream

LETTERS = "ACGT"
GENOME = np.array([0.285, 0.215, 0.215, 0.285])                # A, C, G, T
FIRST, SECOND = "TTGACA", "TATAAT"                             # the usual letters, and how often they stand there
USUAL = {FIRST: (0.87, 0.83, 0.78, 0.64, 0.51, 0.58), SECOND: (0.94, 0.96, 0.60, 0.78, 0.74, 0.94)}
LENGTH, SECOND_AT = 81, 48                                     # the second word ends seven letters before the gene
SHIFTS = (-1, 0, 1)                                            # of the second word, equally often
GAPS = {16: 0.25, 17: 0.5, 18: 0.25}                           # letters between the words
KINDS = PROMOTER, OTHER = "promoter", "other"


@cache
def columns(word: str) -> np.ndarray:
    """How often each letter of LETTERS stands at each place of a word, (6, 4)."""
    found = []
    for usual, share in zip(word, USUAL[word], strict=True):
        rest = np.where([letter == usual for letter in LETTERS], 0.0, GENOME)
        found.append((1 - share) * rest / rest.sum() + share * (rest == 0))
    return np.array(found)


def stretch(kind: str, rng: np.random.Generator) -> str:
    """One stretch of DNA."""
    letters = rng.choice(len(LETTERS), LENGTH, p=GENOME)
    if kind == PROMOTER:
        second = SECOND_AT + int(rng.choice(SHIFTS))
        first = second - int(rng.choice(list(GAPS), p=list(GAPS.values()))) - len(FIRST)
        for word, at in ((FIRST, first), (SECOND, second)):
            drawn = rng.random((len(word), 1))
            letters[at:at + len(word)] = (drawn > columns(word).cumsum(1)).sum(1).clip(max=len(LETTERS) - 1)
    return "".join(LETTERS[letter] for letter in letters)


def stretches(split: str, count: int, seed: int) -> list[TextExample]:
    """So many stretches with their kinds, one half promoters, in an order drawn at random."""
    rng = stream(seed, f"promoters {split}")
    found = [TextExample(stretch(KINDS[number % 2], rng), KINDS[number % 2], "promoters", number + 1)
             for number in range(count)]
    return [found[at] for at in rng.permutation(count)]


def best_guess(text: str) -> str:
    """What a stretch is, by the rule that made it: the kind under which its letters are the more probable.

    p(letters | promoter) / p(letters | other) is the mean over all places of the two words, weighed as they are drawn,
    of the product over the twelve letters of share in the word / share in the genome.
    """
    letters, ratio = np.array([LETTERS.index(letter) for letter in text]), 0.0
    gains = {word: np.log(columns(word) / GENOME) for word in USUAL}

    def logs(word: str, at: int) -> float:
        return float(gains[word][np.arange(len(word)), letters[at:at + len(word)]].sum())

    for shift in SHIFTS:
        second = SECOND_AT + shift
        for gap, share in GAPS.items():
            ratio += share / len(SHIFTS) * math.exp(logs(SECOND, second) + logs(FIRST, second - gap - len(FIRST)))
    return PROMOTER if ratio > 1 else OTHER


def best_share(examples: Sequence[TextExample]) -> float:
    """The percent of examples that who knows the rule has right."""
    return 100 * sum(best_guess(each.text) == each.label for each in examples) / len(examples)

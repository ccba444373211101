"""How near does what a model wrote come to what people wrote?  BLEU: the share of its runs of words that they used too.

    BLEU = brevity penalty * (p1 p2 p3 p4)^(1/4),   penalty = min(1, exp(1 - reference length / length))

pn is the share of the n-grams of all texts together that stand in a reference, none counted more often than it stands
there; the penalty answers who writes little and so makes no mistakes.  (Papineni et al. 2002, sections 2.1 to 2.3.)
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

ORDER = 4                                     # the longest runs of words that are compared
WORD = re.compile(r"\w+|[^\w\s]")

Words = Sequence[str]


def bleu(references: Sequence[Sequence[Words]], said: Sequence[Words], order: int = ORDER) -> float:
    """BLEU of a corpus as a fraction; references[i] are one or more texts, each its words, for the text said[i].

    0 where no run of `order` words is right, as without smoothing everywhere.  ValueError where the numbers of texts
    differ, or a text has no reference.
    """
    found = precisions(references, said, order)
    if not all(right for right, _ in found):
        return 0.0
    written = sum(map(len, said))
    wanted = sum(_nearest_length(texts, len(words)) for texts, words in zip(references, said, strict=True))
    penalty = min(1.0, math.exp(1 - wanted / written))
    return penalty * math.exp(sum(math.log(right / total) for right, total in found) / order)


def precisions(references: Sequence[Sequence[Words]], said: Sequence[Words],
               order: int = ORDER) -> list[tuple[int, int]]:
    """(right, total) n-grams over all texts, for n from 1 to `order`: "modified" precision, clipped by the references.

    An n-gram is right at most as often as it stands in that reference which has it most often.
    """
    if len(references) != len(said) or not all(len(texts) for texts in references):
        raise ValueError(f"bleu: {len(said)} texts, {len(references)} sets of references; every text needs a set of "
                         "its own, with at least one reference in it")
    found = []
    for n in range(1, order + 1):
        right = total = 0
        for texts, words in zip(references, said, strict=True):
            allowed: Counter = Counter()
            for text in texts:
                allowed |= ngrams(text, n)                     # the larger of two counts
            own = ngrams(words, n)
            right += (own & allowed).total()                   # the smaller of two counts
            total += own.total()
        found.append((right, total))
    return found


def ngrams(words: Words, n: int) -> Counter:
    """How often each run of n words stands in a text."""
    return Counter(tuple(words[i:i + n]) for i in range(len(words) - n + 1))


def words_of(text: str) -> list[str]:
    """Words and marks, each by itself and in small letters: what is compared says nothing of case and spaces."""
    return WORD.findall(unicodedata.normalize("NFC", text).lower())


def _nearest_length(texts: Sequence[Words], length: int) -> int:
    """The length of the reference that is nearest to this one; the shorter of two equally near."""
    return min((abs(len(text) - length), len(text)) for text in texts)[1]

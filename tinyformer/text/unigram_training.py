"""Which pieces make a text most probable?  Begin with far too many, and drop those that are missed least.

Probabilities of pieces would be easy if it were known how often each is used, and how often it is used follows from the
probabilities: expectation and maximization in turn (EM).  Every word is a lattice of its segmentations; alpha sums over
those of its beginning, beta over those of its rest, and a piece from place i to j is used

    exp(alpha[i] + log p(piece) + beta[j] - alpha[end])

times, as an expected number over all segmentations.  Then a quarter of the pieces goes, those without which the text
would lose least, and EM runs again, until as many are left as are wanted.

Kudo 2018, section 3.2.  What a text would lose with a piece is taken from the piece alone: how much less probable it is
when others must spell it, times how often it is used.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tinyformer.errors import InputError

from .base import by_frequency

LONGEST_PIECE, LONGEST_WORD = 16, 64                       # characters; what is longer is taken in parts
SEEDS = 20                                                 # pieces to begin with, for each that is wanted
KEPT = 0.75                                                # of the pieces at a time
ROUNDS = 2                                                 # of EM in between
COVERED, ALPHABET = 0.9995, 0.5                            # of the text by its characters; of the pieces, at most
DIGITS = 6                                                 # of a score: so few are read alike by every program
RARE = 0.5                                                 # a piece that is used less often is none
# No piece joins letters to digits or signs, and a space stands at its beginning alone.
RUN = r"▁?[\p{L}\p{M}]+|▁?\p{N}+|▁?[^\s\p{L}\p{M}\p{N}▁]+|\s|▁"


def learn_pieces(chunks: Iterable[str], size: int) -> list[tuple[str, float]]:
    """At most `size` pieces and their log probabilities, the most probable first; single characters are among them.

    InputError where there is no text.
    """
    words = _words(chunks)
    letters = _letters(words, max(1, int(size * ALPHABET)))
    if not letters:
        raise InputError("unigram: the training text is empty; a vocabulary needs some text")
    words = {word: n for word, n in words.items() if letters.keys() >= set(word)}
    counted = letters | _seeds(words, (size - len(letters)) * SEEDS)
    pieces, used = list(counted), np.array(list(counted.values()), np.float64)
    times, alone = np.array(list(words.values()), np.float64), len(letters)
    lattice, spelled = Lattice(list(words), pieces), Lattice(pieces, pieces, itself=False)
    kept = np.ones(len(pieces), bool)
    while True:
        for _ in range(ROUNDS):
            used = lattice.expected(_scores(used, kept, alone), times)
            kept[alone:] &= used[alone:] >= RARE
        scores, left = _scores(used, kept, alone), int(kept.sum())
        if left <= size:
            order = np.argsort(-scores, kind="stable")[:left]
            return [(pieces[number], round(float(scores[number]), DIGITS)) for number in order]
        loss = np.full(len(pieces), np.inf)                # without its letters a text could not be spelled
        loss[alone:] = -np.inf
        others = np.flatnonzero(kept[alone:]) + alone
        loss[others] = used[others] * (scores[others] - spelled.best(scores)[others])
        kept[np.argsort(-loss, kind="stable")[max(size, int(left * KEPT)):]] = False
        for each in (lattice, spelled):
            each.leave_out(~kept)


class Lattice:
    """All segmentations of some words into pieces, as edges between places.

    Places are numbered through all words: word w has those from first[w] to first[w + 1] - 1, one more than it has
    characters.  Without `itself` no word is a piece as a whole.
    """

    def __init__(self, words: Sequence[str], pieces: Sequence[str], itself: bool = True):
        number = {piece: n for n, piece in enumerate(pieces)}
        self.first = np.cumsum([0, *(len(word) + 1 for word in words)])
        self.edges = np.array([
            (start, end, place, n)
            for word, place in zip(words, self.first.tolist(), strict=False) for start in range(len(word))
            for end in range(start + 1, min(len(word), start + LONGEST_PIECE) + 1)
            if (itself or end - start < len(word)) and (n := number.get(word[start:end])) is not None],
            np.int64).reshape(-1, 4)
        self.count = len(pieces)
        self._arrange()

    def leave_out(self, pieces: np.ndarray) -> None:
        """Go on without the pieces that are marked (V,)."""
        self.edges = self.edges[~pieces[self.edges[:, 3]]]
        self._arrange()

    def _arrange(self) -> None:
        start, end, place, self.piece = self.edges.T
        self.source, self.target = place + start, place + end
        self.forward = list(_levels(end, self.target))
        self.backward = list(_levels(-start, self.source))

    def expected(self, scores: np.ndarray, times: np.ndarray) -> np.ndarray:
        """How often each piece is used, (V,), where word w stands times[w] times, over all its segmentations."""
        alpha, beta = self._before(scores, np.logaddexp), np.full(self.first[-1], -np.inf)
        beta[self.first[1:] - 1] = 0
        for edges, sources, begins in self.backward:
            beta[sources] = np.logaddexp.reduceat(beta[self.target[edges]] + scores[self.piece[edges]], begins)
        whole = np.repeat(alpha[self.first[1:] - 1], np.diff(self.first))
        often = np.repeat(times, np.diff(self.first))[self.source]
        share = np.exp(alpha[self.source] + scores[self.piece] + beta[self.target] - whole[self.source])
        return np.bincount(self.piece, share * often, self.count)

    def best(self, scores: np.ndarray) -> np.ndarray:
        """The log probability of the best segmentation of each word."""
        return self._before(scores, np.maximum)[self.first[1:] - 1]

    def _before(self, scores: np.ndarray, joined: np.ufunc) -> np.ndarray:
        """Over all ways from the beginning of its word to each place: their sum (logaddexp), or the best (maximum)."""
        alpha = np.full(self.first[-1], -np.inf)
        alpha[self.first[:-1]] = 0
        for edges, targets, begins in self.forward:
            alpha[targets] = joined.reduceat(alpha[self.source[edges]] + scores[self.piece[edges]], begins)
        return alpha


def _levels(depth: np.ndarray, place: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The edges by depth, which goes up from level to level: (edges, their places, where each place's edges begin)."""
    order = np.lexsort((place, depth))
    depth, place = depth[order], place[order]
    begins = np.flatnonzero(np.diff(place, prepend=-1))
    levels = np.split(begins, np.flatnonzero(np.diff(depth[begins])) + 1)
    for groups, end in zip(levels, [*(level[0] for level in levels[1:]), len(order)], strict=True):
        if len(groups):
            yield order[groups[0]:end], place[groups], groups - groups[0]


def _scores(used: np.ndarray, kept: np.ndarray, letters: int) -> np.ndarray:
    """The log of each piece's share in all that is used; the first `letters` count as used at least a little."""
    used = np.where(kept, used, 0)
    used[:letters] = np.maximum(used[:letters], RARE)
    with np.errstate(divide="ignore"):
        return np.log(used / used.sum())


def _words(chunks: Iterable[str]) -> dict[str, int]:
    """The runs of letters, of digits and of signs, and how often each stands there."""
    import regex  # Python's own re has no \p{L}

    runs, counts = regex.compile(RUN), Counter[str]()
    for chunk, n in Counter(chunks).items():
        for run in runs.findall(chunk):
            for start in range(0, len(run), LONGEST_WORD):
                counts[run[start:start + LONGEST_WORD]] += n
    return counts


def _letters(words: dict[str, int], most: int) -> dict[str, int]:
    """The most frequent characters, at most so many, until they are COVERED of the text."""
    counts = Counter[str]()
    for word, n in words.items():
        for char in word:
            counts[char] += n
    found, left = {}, counts.total()
    for char in by_frequency(counts)[:most]:
        if left <= counts.total() * (1 - COVERED):
            break
        found[char] = counts[char]
        left -= counts[char]
    return found


def _seeds(words: dict[str, int], most: int) -> dict[str, int]:
    """The pieces that cover most of the text: those parts of words for which count times length is largest."""
    counts = Counter[str]()
    for word, n in words.items():
        for start in range(len(word)):
            for end in range(start + 2, min(len(word), start + LONGEST_PIECE) + 1):
                counts[word[start:end]] += n
    covers = {piece: n * len(piece) for piece, n in counts.items() if n > 1}
    return {piece: counts[piece] for piece in by_frequency(covers)[:max(most, 0)]}

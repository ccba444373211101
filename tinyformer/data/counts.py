"""What would counting alone say?  The baselines that a language model has to beat before it has learned anything.

A model that sits at the unigram entropy knows how frequent words are, and nothing else; the plateau on which
masked pre-training stays for long is that line.
"""

from collections.abc import Iterable

import numpy as np

PIECE = 1 << 20                                                  # ids that are counted at a time


def unigram_entropy(ids: np.ndarray, vocab_size: int) -> float:
    """H = -sum p log p over the frequencies p of the ids, in nats: the least loss of a guess without context."""
    counts = frequencies(ids, vocab_size)
    p = counts[counts > 0] / counts.sum()
    return float(0 - (p * np.log(p)).sum())                  # 0 - 0 is 0, where a mere minus gives -0.0


def best_constant_accuracy(ids: np.ndarray, vocab_size: int) -> float:
    """How often the most frequent id is right: the accuracy of the best guess that never changes."""
    return float(frequencies(ids, vocab_size).max() / np.size(ids))


def frequencies(ids: np.ndarray, vocab_size: int) -> np.ndarray:
    """How often each id occurs, (V,); taken in pieces, since ids in a mapped file may be more than memory holds."""
    flat, counts = np.ravel(ids), np.zeros(vocab_size, np.int64)
    for start in range(0, len(flat), PIECE):
        counts += np.bincount(flat[start:start + PIECE], minlength=vocab_size)
    return counts


class NeighbourTable:
    """Guesses a token from the tokens at its left and right, by counting; backs off where it never saw them.

    For both neighbours, for each alone and for none it knows how often each token stood there.  It says
    the most frequent one for both neighbours if they were seen together; otherwise for the left or the right,
    whichever gives its favourite the larger share; otherwise the most frequent token of all.
    """

    def __init__(self, sequences: Iterable[np.ndarray], vocab_size: int):
        """`sequences`: arrays of ids, each one running text (a document)."""
        self.vocab_size = vocab_size
        edge = [vocab_size]                                      # stands before, between and after the texts
        flat = np.concatenate([edge] + [part for ids in sequences for part in (np.asarray(ids), edge)])
        flat = flat.astype(np.int64)
        left, centre, right = flat[:-2], flat[1:-1], flat[2:]
        inside = centre < vocab_size
        left, centre, right = left[inside], centre[inside], right[inside]
        if not len(centre):
            raise ValueError("NeighbourTable: the sequences hold no tokens; give it some text")
        self._tables = {
            "both": _Favourites(self._key(left, right), centre, vocab_size),
            "left": _Favourites(left, centre, vocab_size),
            "right": _Favourites(right, centre, vocab_size),
            "none": _Favourites(np.zeros_like(centre), centre, vocab_size),
        }

    def predict(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The guess for each pair of neighbours, all arrays (M,); an id never seen there (as [MASK]) is no help."""
        left, right = np.asarray(left), np.asarray(right)
        guess, seen, _ = self._tables["both"].best(self._key(left, right))
        guess_left, _, share_left = self._tables["left"].best(left)
        guess_right, _, share_right = self._tables["right"].best(right)
        nothing = self._tables["none"].best(np.zeros_like(left))[0]
        single = np.where(share_left >= share_right, guess_left, guess_right)
        single = np.where(np.maximum(share_left, share_right) > 0, single, nothing)
        return np.where(seen, guess, single)

    def ranked(self, left: int, right: int, k: int = 5) -> list[tuple[int, float]]:
        """The k most frequent tokens between these neighbours with their shares, from the table `predict` uses."""
        shares = {side: float(self._tables[side].best(np.array([id]))[2][0])
                  for side, id in (("left", left), ("right", right))}
        side = max(shares, key=shares.get)
        for table, key in (("both", self._key(left, right)), (side, left if side == "left" else right)):
            found = self._tables[table].ranked(int(key), k)
            if found:
                return found
        return self._tables["none"].ranked(0, k)

    def accuracy(self, batches: Iterable, noisy: bool = False) -> float:
        """The share of the masked tokens of pre-training batches that the table guesses.

        It may look at the true neighbours, which is generous, since the model has only the noisy ones;
        with `noisy=True` it too sees [MASK] where a neighbour was chosen as well.
        """
        right = total = 0
        for batch in batches:
            flat = batch.ids.flatten()
            if not noisy:
                flat[batch.positions] = batch.targets
            after = np.minimum(batch.positions + 1, len(flat) - 1)
            guesses = self.predict(flat[batch.positions - 1], flat[after])
            right += int((guesses == batch.targets).sum())
            total += len(batch.targets)
        return right / max(total, 1)

    def _key(self, left, right):
        return left * (self.vocab_size + 1) + right


class _Favourites:
    """For each context (a whole number) the tokens that occurred in it, most frequent first; ties by id."""

    def __init__(self, contexts: np.ndarray, centres: np.ndarray, vocab_size: int):
        self.contexts, place = np.unique(contexts, return_inverse=True)        # (K,), (N,)
        joint, counts = np.unique(place * vocab_size + centres, return_counts=True)
        place, centres = joint // vocab_size, joint % vocab_size
        order = np.lexsort((centres, -counts, place))
        self.centres, self.counts = centres[order], counts[order]
        self.starts = np.searchsorted(place, np.arange(len(self.contexts) + 1))
        self.totals = np.add.reduceat(self.counts, self.starts[:-1])           # (K,)

    def best(self, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(favourite, whether the context was ever seen, the favourite's share there), each (M,)."""
        place = np.minimum(np.searchsorted(self.contexts, contexts), len(self.contexts) - 1)
        seen = self.contexts[place] == contexts
        start = self.starts[place]
        return self.centres[start], seen, np.where(seen, self.counts[start] / self.totals[place], 0.0)

    def ranked(self, context: int, k: int) -> list[tuple[int, float]]:
        """The k favourites of one context with their shares; empty if it was never seen."""
        place = int(np.searchsorted(self.contexts, context))
        if place == len(self.contexts) or self.contexts[place] != context:
            return []
        chosen = slice(self.starts[place], min(self.starts[place] + k, self.starts[place + 1]))
        shares = self.counts[chosen] / self.totals[place]
        return list(zip(self.centres[chosen].tolist(), shares.tolist(), strict=True))

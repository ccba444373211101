"""Which answer do the scores mean?  The best pairs of a start and an end, over all windows of the document.

A pair's score is the sum of its start score and its end score.  No answer is scored at [CLS], and wins where its score
is higher than the best answer's by more than a threshold.  Devlin et al. 2019, sections 4.2 and 4.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyformer.data.windows import NO_ANSWER, Window


@dataclass(frozen=True)
class Candidate:
    """document[start:end] as an answer; `probability` is its share among the n best."""

    text: str
    start: int
    end: int
    score: float
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The chosen answer ("" for none), the n best, and how much better no answer would be than the best of them."""

    text: str
    candidates: tuple[Candidate, ...]
    no_answer: float


def predict_answer(document: str, windows: Sequence[Window], start_scores: Sequence[np.ndarray],
                   end_scores: Sequence[np.ndarray], n_best: int = 20, max_answer_length: int = 30,
                   may_be_impossible: bool = False, threshold: float = 0.0) -> Prediction:
    """The answer that the scores of a document's windows, each (T,) or longer (padding), speak for.

    An answer lies in the document, starts at a token that this window shows with the most context, ends not before
    it starts, and has at most `max_answer_length` tokens.  All such pairs are compared.  Equal texts count once.
    With `may_be_impossible` the answer is "" where no_answer, the lowest score of [CLS] minus the best answer's,
    is above `threshold`.  ValueError where scores are missing or not finite.
    """
    if n_best < 1 or max_answer_length < 1:
        raise ValueError(f"predict_answer: n_best is {n_best}, max_answer_length {max_answer_length}; both from 1")
    if not len(windows) == len(start_scores) == len(end_scores):
        raise ValueError(f"predict_answer: {len(windows)} windows, {len(start_scores)} rows of start scores and "
                         f"{len(end_scores)} of end scores; there must be one of each for every window")
    found = []
    nothing = np.inf
    for window, starts, ends in zip(windows, start_scores, end_scores, strict=True):
        starts, ends = (_checked(scores, window) for scores in (starts, ends))
        nothing = min(nothing, float(starts[NO_ANSWER] + ends[NO_ANSWER]))
        for score, first, last in best_spans(window, starts, ends, max_answer_length, n_best):
            found.append((score, *window.characters(first, last)))
    found.sort(key=lambda each: (-each[0], each[1], each[2]))
    by_text: dict[str, tuple] = {}
    for score, a, b in found:
        if document[a:b]:
            by_text.setdefault(document[a:b], (score, a, b))
    best = list(by_text.items())[:n_best]
    if not best:                                           # no token of the document stands for any text
        return Prediction("", (), np.inf)
    scores = np.array([score for _, (score, _, _) in best])
    shares = np.exp(scores - scores[0])
    shares /= shares.sum()
    candidates = tuple(Candidate(text, a, b, score, float(share))
                       for (text, (score, a, b)), share in zip(best, shares, strict=True))
    no_answer = nothing - candidates[0].score
    silent = may_be_impossible and no_answer > threshold
    return Prediction("" if silent else candidates[0].text, candidates, no_answer)


def best_spans(window: Window, starts: np.ndarray, ends: np.ndarray, max_answer_length: int,
               n_best: int) -> list[tuple[float, int, int]]:
    """(score, first token, last token) of the best legal pairs of one window, best first, some more than `n_best`.

    Several pairs may spell one text, so ten times `n_best` are returned where there are as many.
    """
    first, behind = window.document
    length = min(max_answer_length, behind - first)
    padded = np.concatenate([ends[first:behind], np.full(length, -np.inf)])
    reach = np.lib.stride_tricks.sliding_window_view(padded, length)[:behind - first]     # (S, L): ends from each start
    scores = starts[first:behind, None] + reach                                           # (S, L)
    scores = np.where(window.best_context[first:behind, None], scores, -np.inf).ravel()
    order = np.argsort(-scores, kind="stable")[:10 * n_best]
    return [(float(scores[i]), first + int(i) // length, first + int(i) // length + int(i) % length)
            for i in order if scores[i] > -np.inf]


def _checked(scores, window):
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 1 or len(scores) < len(window):
        raise ValueError(f"predict_answer: scores are {scores.shape} for a window of {len(window)} tokens; there must "
                         "be one for every token")
    scores = scores[:len(window)]
    keep = window.answerable
    if not np.isfinite(scores[keep]).all():
        place = int(np.flatnonzero(keep & ~np.isfinite(scores))[0])
        raise ValueError(f"predict_answer: the score of token {place} is {scores[place]}; it must be finite")
    return scores

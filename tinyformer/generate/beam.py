"""Which continuation is the most probable as a whole?  Follow the best few at once, not only the best first step."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinyformer.errors import CheckpointError, InputError


@dataclass(frozen=True)
class Beam:
    """A continuation: its ids, the end token included where it has come, and log p / len(ids)**length_penalty."""

    ids: tuple[int, ...]
    score: float


def beam_search(first: np.ndarray, step: Callable[[list[int], list[int]], np.ndarray], *, length: int, beams: int,
                length_penalty: float = 1.0, end_id: int | None = None, early_stopping: bool = False) -> list[Beam]:
    """The best continuations found, at most `beams`, best first, each of up to `length` ids or up to `end_id`.

    `first` (V,) holds the log probabilities of the first token, step(tokens, parents) returns those of the next,
    (R, V): row i has gone on with tokens[i] after what row parents[i] of the call before was (row 0 at the first
    call).  The model is known only to `step`, so any model that writes from left to right can be searched.

    score = log p / len(ids)**length_penalty (in the place of Wu et al. 2016, equation 14, and as usual today): a sum of
    logs only falls, and dividing by the length keeps long continuations in the race; 0 compares the sums.  The search
    ends when `beams` continuations have ended and the best open one, at its present length, scores no better than
    the worst of them; with `early_stopping` as soon as so many have ended.  An end counts when it is among the best
    `beams` candidates of its step.  Raises InputError for settings out of range, CheckpointError for NaN.
    """
    check_search(length, beams, length_penalty)
    open_ids: list[tuple[int, ...]] = [()]                     # open continuations, the best first
    sums = np.zeros(1)                                         # and the sum of log p of each
    finished: list[Beam] = []
    scores = np.asarray(first, np.float64)[None]               # (1, V)
    for size in range(1, length + 1):
        if np.isnan(scores).any():
            raise CheckpointError(f"beam_search: {np.isnan(scores).sum()} of {scores.size} log probabilities are NaN; "
                                  "the model's weights are damaged, or its training diverged")
        chosen: list[tuple[int, int, float]] = []              # (parent, token, sum) of those that stay open
        for rank, (parent, token, total) in enumerate(_best(sums[:, None] + scores, 2 * beams)):
            if token == end_id or size == length:
                if rank < beams:
                    finished.append(Beam((*open_ids[parent], token), total / size**length_penalty))
            elif len(chosen) < beams:
                chosen.append((parent, token, total))
        finished = sorted(finished, key=lambda beam: -beam.score)[:beams]
        if not chosen or len(finished) == beams and (
                early_stopping or chosen[0][2] / size**length_penalty <= finished[-1].score):
            break
        parents, tokens = [parent for parent, _, _ in chosen], [token for _, token, _ in chosen]
        open_ids = [(*open_ids[parent], token) for parent, token, _ in chosen]
        sums = np.array([total for _, _, total in chosen])
        scores = np.asarray(step(tokens, parents), np.float64)             # (R, V)
    return finished


def _best(sums: np.ndarray, count: int) -> list[tuple[int, int, float]]:
    """The `count` largest of sums (R, V) as (row, column, sum), largest first; what is impossible is left out."""
    flat = sums.ravel()
    places = np.arange(flat.size) if count >= flat.size else np.argpartition(-flat, count - 1)[:count]
    places = places[np.lexsort((places, -flat[places]))]
    return [(*divmod(int(place), sums.shape[1]), float(flat[place])) for place in places if flat[place] > -math.inf]


def check_search(length: int, beams: int, length_penalty: float) -> None:
    """InputError for settings of a beam search that cannot be meant."""
    if length < 1:
        raise InputError(f"length is {length}; it is the number of tokens to write, 1 or more")
    if beams < 1:
        raise InputError(f"beams is {beams}; it is the number of continuations followed at once, 1 or more")
    if not math.isfinite(length_penalty):
        raise InputError(f"length-penalty is {length_penalty}; it must be a number: 0 compares log probabilities, "
                         "1 their mean over the tokens, above 1 favours long texts")

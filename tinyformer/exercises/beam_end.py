"""When may a search for the best continuation end?

One step of a beam search has been computed.  Continuations are scored by log p / length**penalty: a sum of logs can
only fall, and the division keeps long ones in the race.

    candidates      (token, log p so far) of the best 2 * beams continuations, best first, each of `size` tokens now
    finished        scores of continuations that have ended before, best first, at most `beams`
    end_id          the token that ends a text

Return (open, finished, done):

    open            of the candidates that have not ended the first `beams`, as they came
    finished        with the scores of those that end in this step, if they stand among the first `beams` candidates;
                    best first, at most `beams`
    done            True if `beams` have finished and the best open one, at its present length, scores no better than
                    the worst of them; True also if nothing is open
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="joeynmt stopped as soon as the best candidate had ended (pull request 149), OpenNMT-py when the best "
    "few had (1320), though with a length penalty an open one may still win; transformers divided by a length that the "
    "open ones did not have (20901).", hints=(
        "Go through the candidates in their order, with their rank: each has ended, or is open.",
        "An end at rank >= beams does not count, but open ones are taken from all 2 * beams candidates, so that always "
        "`beams` stay in the race.",
        "score = log p / size**penalty, for those that end and for the best open one; done = not open or "
        "(len(finished) == beams and open[0][1] / size**penalty <= finished[-1])."))


@EXERCISE.solution
def beam_end(candidates: list, finished: list, size: int, beams: int, penalty: float, end_id: int):
    """(open candidates, finished scores, whether the search is done)."""
    still_open = [(token, total) for token, total in candidates if token != end_id][:beams]
    ended = [total / size**penalty for token, total in candidates[:beams] if token == end_id]
    finished = sorted([*finished, *ended], reverse=True)[:beams]
    done = not still_open or len(finished) == beams and still_open[0][1] / size**penalty <= finished[-1]
    return still_open, finished, done


@EXERCISE.observe
def _(theirs, call):
    still_open, finished, done = theirs(*call.arrays, **call.constants)
    return {"open": [tuple(each) for each in still_open], "finished": [float(score) for score in finished],
            "done": bool(done)}


END = 9


@EXERCISE.case
def _(rng):
    """nothing ends"""
    return Call([(1, -1.0), (2, -2.0)], [], 1, 1, 1.0, END)


@EXERCISE.case
def _(rng):
    """one ends, and one may still do better"""
    return Call([(1, -2.0), (END, -3.0), (2, -4.0), (3, -5.0)], [-1.25], 2, 2, 1.0, END)


@EXERCISE.case
def _(rng):
    """one ends, and nothing can do better"""
    return Call([(END, -2.0), (1, -3.0), (2, -4.0), (3, -5.0)], [-1.25], 2, 2, 1.0, END)


@EXERCISE.case
def _(rng):
    """the best open one is between the best and the worst that have finished"""
    return Call([(1, -6.0), (2, -7.0), (3, -8.0), (4, -8.5)], [-1.0, -4.0], 3, 2, 1.0, END)


@EXERCISE.case
def _(rng):
    """the best open one beats the worst that has finished even by its sum"""
    return Call([(1, -3.0), (2, -7.0), (3, -8.0), (4, -8.5)], [-1.0, -4.0], 2, 2, 1.0, END)


@EXERCISE.case
def _(rng):
    """an end behind the first two candidates"""
    return Call([(1, -2.0), (2, -3.0), (END, -4.0), (3, -5.0)], [], 2, 2, 1.0, END)


@EXERCISE.case
def _(rng):
    """two ends at once, and a better one from before"""
    return Call([(END, -4.0), (END, -6.0), (1, -9.0), (2, -9.5)], [-1.0], 4, 2, 1.0, END)


@EXERCISE.case
def _(rng):
    """everything has ended"""
    return Call([(END, -4.0)], [], 2, 1, 1.0, END)


@EXERCISE.case
def _(rng):
    """without a penalty sums are compared"""
    return Call([(1, -2.0), (2, -3.0)], [-1.5], 4, 1, 0.0, END)


@EXERCISE.drawn
def _(rng, size):
    """a step that was drawn"""
    beams = int(rng.integers(1, 4))
    totals = -np.sort(rng.integers(size, 8 * size + 8, 2 * beams)) / 4
    tokens = np.where(rng.random(2 * beams) < 0.4, END, np.arange(2 * beams))
    finished = -np.sort(rng.integers(4, 40, rng.integers(0, beams + 1))) / 8
    return Call([(int(token), float(total)) for token, total in zip(tokens, totals, strict=True)],
                [float(score) for score in finished], size, beams, float(rng.choice([0.0, 1.0, 2.0])), END)


def step(candidates, finished, size, beams, penalty, end_id, *, opens=None, ended=None, length=None, rule=None):
    """The solution with one thing in it changed."""
    length = size if length is None else length
    still_open = [each for each in (candidates if opens is None else opens) if each[0] != end_id][:beams]
    ended = candidates[:beams] if ended is None else ended
    new = [total / length**penalty for token, total in ended if token == end_id]
    finished = sorted([*finished, *new], reverse=True)[:beams]
    best = still_open[0][1] / size**penalty if still_open else None
    full = len(finished) == beams
    done = not still_open or (full and best <= finished[-1] if rule is None else rule(full, best, finished, still_open))
    return still_open, finished, bool(done)


@EXERCISE.mistake
def _(candidates, finished, size, beams, penalty, end_id):
    """it ends as soon as so many have finished, although an open one scores better than the worst of them"""
    return step(candidates, finished, size, beams, penalty, end_id, rule=lambda full, *_: full)


@EXERCISE.mistake
def _(candidates, finished, size, beams, penalty, end_id):
    """the open one is compared with the best that has finished; it need only beat the worst to come in"""
    return step(candidates, finished, size, beams, penalty, end_id,
                rule=lambda full, best, finished, _: full and best <= finished[0])


@EXERCISE.mistake
def _(candidates, finished, size, beams, penalty, end_id):
    """the sum of the open one is compared with scores: divide it by its length, too"""
    return step(candidates, finished, size, beams, penalty, end_id,
                rule=lambda full, _, finished, still_open: full and still_open[0][1] <= finished[-1])


@EXERCISE.mistake
def _(candidates, finished, size, beams, penalty, end_id):
    """those that end take places away from the open ones: only the first `beams` candidates are looked at"""
    return step(candidates, finished, size, beams, penalty, end_id, opens=candidates[:beams])


@EXERCISE.mistake
def _(candidates, finished, size, beams, penalty, end_id):
    """every end counts, also one that is not among the first `beams` candidates"""
    return step(candidates, finished, size, beams, penalty, end_id, ended=candidates)


@EXERCISE.mistake
def _(candidates, finished, size, beams, penalty, end_id):
    """those that end are not divided by their length, and long ones lose for nothing but their length"""
    return step(candidates, finished, size, beams, penalty, end_id, length=1)


@EXERCISE.mistake
def _(candidates, finished, size, beams, penalty, end_id):
    """the search goes on until nothing is open; it may end when nothing open can come in any more"""
    return step(candidates, finished, size, beams, penalty, end_id, rule=lambda *_: False)

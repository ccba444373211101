"""How is a word made less probable that stands in the text already?

    logits (V,)         the scores of all tokens, of either sign
    text                the ids so far, prompt included; an id may occur many times

Each id of the text gets its score lowered once, however often it occurs: a positive one is divided by the penalty, one
that is not positive is multiplied by it.  Return the new scores (V,), and leave the old ones as they are.  A penalty of
1 changes nothing.  (After Keskar et al. 2019, section 4.1.)
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="the paper divides every score, and who followed it raised the negative ones: the higher the penalty, "
    "the more distilgpt2 repeated itself in transformers (issue 2302); NeMo had the same years later (Speech 8194).",
    hints=(
        "Is -6 / 2 a lower score than -6, or a higher one?",
        "Which ids were seen matters, and not how often: np.unique(text). Work on a copy.",
        "scores[seen] = np.where(scores[seen] > 0, scores[seen] / penalty, scores[seen] * penalty)."))


@EXERCISE.solution
def repetition_penalty(logits, text: list, penalty: float):
    """The scores (V,) with those of the ids in `text` lowered."""
    scores, seen = logits.copy(), np.unique(np.array(text, int))
    scores[seen] = np.where(scores[seen] > 0, scores[seen] / penalty, scores[seen] * penalty)
    return scores


@EXERCISE.observe
def _(theirs, call):
    logits, text, penalty = call.arrays
    before = logits.copy()
    return {"scores": theirs(logits, text, penalty), "logits were written into": bool((logits != before).any())}


@EXERCISE.case
def _(rng):
    """a positive score"""
    return Call(np.array([4.0, 1.0]), [0], 2.0)


@EXERCISE.case
def _(rng):
    """a negative score"""
    return Call(np.array([-4.0, 1.0]), [0], 2.0)


@EXERCISE.case
def _(rng):
    """an id that occurs three times"""
    return Call(np.array([8.0, 1.0, -1.0]), [0, 0, 2, 0], 2.0)


@EXERCISE.case
def _(rng):
    """nothing was written yet"""
    return Call(np.array([1.0, 2.0]), [], 1.5)


@EXERCISE.case
def _(rng):
    """ten tokens"""
    return Call(rng.normal(size=10), [int(i) for i in rng.integers(0, 10, 6)], 1.3)


@EXERCISE.drawn
def _(rng, size):
    """scores that were drawn"""
    return Call(rng.normal(size=size), [int(i) for i in rng.integers(0, size, size)], 1 + float(rng.random()))


@EXERCISE.mistake
def _(logits, text, penalty):
    """negative scores are divided as well, which raises them: the word becomes more probable"""
    scores, seen = logits.copy(), np.unique(np.array(text, int))
    scores[seen] /= penalty
    return scores


@EXERCISE.mistake
def _(logits, text, penalty):
    """a word is lowered once for each time it occurs; it is to be once at all"""
    scores = logits.copy()
    for i in text:
        scores[i] = scores[i] / penalty if scores[i] > 0 else scores[i] * penalty
    return scores


@EXERCISE.mistake
def _(logits, text, penalty):
    """the logits that came in are written into, and are lowered again in the next call: make a copy"""
    logits[:] = repetition_penalty(logits, text, penalty)
    return logits


@EXERCISE.mistake
def _(logits, text, penalty):
    """every token is lowered, also those that are not in the text"""
    return np.where(logits > 0, logits / penalty, logits * penalty)


@EXERCISE.mistake
def _(logits, text, penalty):
    """the penalty is taken off, score - penalty; here it is a factor"""
    scores, seen = logits.copy(), np.unique(np.array(text, int))
    scores[seen] -= penalty
    return scores

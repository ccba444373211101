"""Which keys are only padding, and what does a query look at that finds nothing else?

    scores (B, H, T, S)      how well query t of head h fits key s
    lengths (B,)             how many of the S keys of each row are real; the others, at the end, are padding

Return the shares (B, H, T, S): softmax over the real keys of each row, exactly 0 at padding, so that the shares of a
query sum to 1.  A row of length 0 has nothing to look at: all its shares are 0, and never NaN.  Scores may be large;
1e4 is nothing special, and neither is -1e4.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="rows in which everything is masked give NaN in PyTorch (issue 41508, open since 2020), allennlp "
    "(890) and others; what True means in a mask, and what shape it has, is asked again and again (pytorch 120488); "
    "and the published BERT adds -10000, which hides nothing where scores are that large.", hints=(
        "A mask says for each key of each row whether it may be seen. Which of the four axes does it need, and which "
        "can be 1?",
        "keep = np.arange(S) < lengths[:, None, None, None] is (B, 1, 1, S). Put -inf where it is False, take the "
        "maximum out before exp, and think of the row whose maximum is -inf.",
        "top = max over the last axis, 0 where it is -inf; powers = where(keep, exp(scores - top), 0); divide by their "
        "sum, or by 1 where that is 0."))


@EXERCISE.solution
def padding_mask(scores, lengths):
    """scores (B, H, T, S), lengths (B,) -> shares (B, H, T, S)."""
    keep = np.arange(scores.shape[-1]) < lengths[:, None, None, None]          # (B, 1, 1, S)
    hidden = np.where(keep, scores, -np.inf)
    top = hidden.max(-1, keepdims=True)                                        # (B, H, T, 1)
    powers = np.exp(hidden - np.where(np.isfinite(top), top, 0))               # exactly 0 where hidden
    total = powers.sum(-1, keepdims=True)
    return powers / np.where(total > 0, total, 1)


@EXERCISE.case
def _(rng):
    """one query, two keys, the second is padding"""
    return Call(np.array([[[[0.5, 2.0]]]]), np.array([1]))


@EXERCISE.case
def _(rng):
    """three queries, of three keys two are real"""
    return Call(rng.normal(size=(1, 1, 3, 3)), np.array([2]))


@EXERCISE.case
def _(rng):
    """scores of -20,000, and one padding key of 0"""
    return Call(np.array([[[[-20000.0, -20001.0, 0.0]]]]), np.array([2]))


@EXERCISE.case
def _(rng):
    """scores of 1,000"""
    return Call(np.array([[[[1000.0, 1001.0, 3.0]]]]), np.array([2]))


@EXERCISE.case
def _(rng):
    """a row of length 0"""
    return Call(rng.normal(size=(2, 1, 1, 2)), np.array([0, 2]))


@EXERCISE.case
def _(rng):
    """three rows, two heads"""
    return Call(rng.normal(size=(3, 2, 4, 4)), np.array([4, 1, 3]))


@EXERCISE.drawn
def _(rng, size):
    """rows that were drawn"""
    return Call(rng.normal(size=(2, 1, 2, size)) * 10, rng.integers(0, size + 1, 2))


def softmax(scores):
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def real(scores, lengths):
    return np.arange(scores.shape[-1]) < lengths[:, None, None, None]


@EXERCISE.mistake
def _(scores, lengths):
    """a row in which everything is hidden gives NaN: -inf minus -inf, and then 0 / 0"""
    return softmax(np.where(real(scores, lengths), scores, -np.inf))


@EXERCISE.mistake
def _(scores, lengths):
    """-10000 is added where -inf is meant: padding shows through where scores are that low, or nothing is real"""
    return softmax(scores + np.where(real(scores, lengths), 0, -10000))


@EXERCISE.mistake
def _(scores, lengths):
    """the shares of padding are set to 0 after the softmax, so that those of the others no longer sum to 1"""
    return softmax(scores) * real(scores, lengths)


@EXERCISE.mistake
def _(scores, lengths):
    """the mask is turned round: only padding is looked at"""
    hidden = np.where(real(scores, lengths), -np.inf, scores)
    return np.nan_to_num(softmax(hidden))


@EXERCISE.mistake
def _(scores, lengths):
    """queries are hidden in place of keys: the mask stands on the axis of T, (B, 1, T, 1), and not on that of S"""
    keep = (np.arange(scores.shape[-2]) < lengths[:, None, None])[..., None]
    return np.nan_to_num(softmax(np.where(keep, scores, -np.inf)))

"""What need not be computed again when more of a text comes?

A small attention layer, one head, without weights of its own.  h is the input plus the vector of its position; each
position asks with its own h, and finds with the h of all positions up to itself:

    h_t = x_t + positions[t]
    out_t = sum over s <= t of share[t, s] h_s,    share[t] = softmax over s <= t of (h_t . h_s / sqrt(C))

cache(x, positions, past) gets the next T positions of a text, x (T, C), and what is remembered of the S before, past
(S, C), which is (0, C) at first.  Return (out (T, C), past for the next call).  Whether a text comes at once, in pieces
of several or one by one, the same must come out.  An old past may be used again, to go on in another way from there.
"""

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="with the cache switched on x-transformers wrote junk (issue 219); in transformers and in llama2.c, "
    "too, the text was another with a cache or after a resumed run than without (33336, 148).", hints=(
        "Three things go on where the last call ended: the positions, what can be seen, and what is remembered.",
        "The new ones stand at S, S + 1, ...: positions[S:S + T]. What is remembered is h, old and new, the old first.",
        "With N = S + T rows of h in all: keep = np.arange(N) <= np.arange(T)[:, None] + S, scores = h_new @ h_all.T / "
        "sqrt(C), -inf where keep is False, softmax, @ h_all."))


@EXERCISE.solution
def cache(x, positions, past):
    """x (T, C), positions (N, C), past (S, C) -> out (T, C), past (S + T, C)."""
    before, (length, width) = len(past), x.shape
    new = x + positions[before:before + length]                                # (T, C)
    past = np.concatenate([past, new])                                         # (S + T, C)
    keep = np.arange(before + length) <= np.arange(length)[:, None] + before   # (T, S + T)
    scores = np.where(keep, new @ past.T / np.sqrt(width), -np.inf)
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True) @ past, past


@EXERCISE.observe
def _(theirs, call):
    text, positions = call.arrays
    sizes = call.constants["pieces"]
    past, seen, start = np.zeros((0, text.shape[1])), {}, 0
    for size in sizes:
        piece, first = text[start:start + size], past
        out, past = theirs(piece, positions, first)
        seen[f"out of positions {start} to {start + size - 1}"] = np.asarray(out)
        start += size
    again, _ = theirs(piece + 1, positions, first)
    seen["out of the last piece, begun otherwise from the same past"] = np.asarray(again)
    return seen


def points(rng, *sizes: int) -> Call:
    length = sum(sizes)
    return Call(rng.normal(size=(length, 2)).round(2), rng.normal(size=(length + 2, 2)).round(2), pieces=list(sizes))


@EXERCISE.case
def _(rng):
    """two positions at once"""
    return points(rng, 2)


@EXERCISE.case
def _(rng):
    """two positions, one by one"""
    return points(rng, 1, 1)


@EXERCISE.case
def _(rng):
    """two at once after one"""
    return points(rng, 1, 2)


@EXERCISE.case
def _(rng):
    """five, then one, then three"""
    return points(rng, 5, 1, 3)


def layer(x, positions, past, *, begin=None, keep=None, order=None, scale=True):
    """The solution with one thing in it changed."""
    S, (T, C) = len(past), x.shape
    begin = S if begin is None else begin
    new = x + positions[begin:begin + T]
    everything = np.concatenate([past, new] if order is None else [new, past])
    seen = (lambda t, s: s <= t + S) if keep is None else keep
    scores = np.where(seen(np.arange(T)[:, None], np.arange(S + T)), new @ everything.T / (np.sqrt(C) if scale else 1),
                      -np.inf)
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True) @ everything, everything


@EXERCISE.mistake
def _(x, positions, past):
    """the positions begin anew at 0 in each call, where they go on from the number of those that are remembered"""
    return layer(x, positions, past, begin=0)


@EXERCISE.mistake
def _(x, positions, past):
    """query t sees the keys up to t and not up to S + t: after a past the mask is to be shifted by its length"""
    return layer(x, positions, past, keep=lambda t, s: s <= t)


@EXERCISE.mistake
def _(x, positions, past):
    """nothing hides the future: in a piece of several positions the first ones see those after them"""
    return layer(x, positions, past, keep=lambda t, s: s >= 0 * t)


@EXERCISE.mistake
def _(x, positions, past):
    """only the newest piece is remembered: what comes back must hold the old ones, too"""
    out, everything = layer(x, positions, past)
    return out, everything[len(past):]


@EXERCISE.mistake
def _(x, positions, past):
    """the new ones stand before the old ones in what is remembered, and the mask hides the wrong ones"""
    return layer(x, positions, past, order="new first")


@EXERCISE.mistake
def _(x, positions, past):
    """x is remembered without its position, and looked at so in the next call"""
    out, everything = layer(x, positions, past)
    return out, np.concatenate([past, x])


@EXERCISE.mistake
def _(x, positions, past):
    """the scores are not divided by sqrt(C)"""
    return layer(x, positions, past, scale=False)

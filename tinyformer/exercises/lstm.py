"""How does a gradient come back through a text that was read word by word?

    i, f, g, o = the four stretches of x_t weightᵀ + r_{t-1} recurrentᵀ + bias;  i, f, o through sigmoid, g through tanh
    c_t = f c_{t-1} + i g        r_t = o tanh(c_t), or with a projection (o tanh(c_t)) projectionᵀ

x (B, T, I), weight (4H, I), recurrent (4H, P), bias (4H,), projection (P, H), or None, and then P is H; the states
r and c begin with 0. Where keep (B, T) is False nothing is read: both states stay, and what is told is 0. Return dx,
dweight, drecurrent and dbias, and dprojection where there is a projection. What the forward wrote down of each place t,
in the order in which it was read, stands in `diary`: (t, r and c before, the gates i, f, g, o, tanh(c), o tanh(c)).
A check on paper: with all forget gates shut nothing comes back through the cells, and with no recurrent weights nothing
through r.
"""

import numpy as np

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.lstm, __doc__, hints=(
    "Walk the diary from its end. A place tells something (dout), and carries on two states, whose gradients come "
    "from the place that was read after it: keep dr and dc from one turn to the next.",
    "In a turn: dr += dout[:, t]; dh = dr through the projection; dc += dh o (1 - tanh(c)²). Then each gate has its "
    "part: di = dc g, df = dc c_before, dg = dc i, do = dh tanh(c), each times the slope of its sigmoid or tanh.",
    "With all four side by side as da (B, 4H): dx[:, t] = da @ weight, dweight += da.T @ x[:, t], drecurrent += da.T "
    "@ r_before, dbias += da.sum(0), dprojection += dr.T @ h; and for the turn after: dr = da @ recurrent, dc = dc f. "
    "Where nothing is read, both pass as they are."))


@EXERCISE.given
def lstm(xp, x, weight, recurrent, bias, projection=None, *, keep=None, backwards=False):
    size, wide = len(bias) // 4, recurrent.shape[1]
    keep = np.ones(x.shape[:2], bool) if keep is None else keep
    x = xp.where(keep[..., None], x, 0)
    told = xp.zeros((*x.shape[:2], wide), x.dtype)
    r, c = xp.zeros((len(x), wide), x.dtype), xp.zeros((len(x), size), x.dtype)
    diary = []
    for t in range(x.shape[1])[::-1 if backwards else 1]:
        read = keep[:, t, None]                                # (B, 1)
        a = (x[:, t] @ weight.T + r @ recurrent.T + bias).reshape(-1, 4, size)
        i, f, o = (0.5 + 0.5 * xp.tanh(0.5 * a[:, n]) for n in (0, 1, 3))
        g = xp.tanh(a[:, 2])
        new = f * c + i * g
        h = o * xp.tanh(new)
        diary.append((t, r, c, i, f, g, o, xp.tanh(new), h))
        tells = h if projection is None else h @ projection.T
        told[:, t] = xp.where(read, tells, 0)
        r, c = xp.where(read, tells, r), xp.where(read, new, c)

    def backward(dout):
        dx, dweight, drecurrent, dbias = (xp.zeros(a.shape, dout.dtype) for a in (x, weight, recurrent, bias))
        dprojection = None if projection is None else xp.zeros(projection.shape, dout.dtype)
        dr, dc = xp.zeros(r.shape, dout.dtype), xp.zeros(c.shape, dout.dtype)
        for t, r_before, c_before, i, f, g, o, squashed, h in reversed(diary):
            read = keep[:, t, None]
            dtold = xp.where(read, dout[:, t] + dr, 0)
            dh = dtold if projection is None else dtold @ projection
            dnew = xp.where(read, dc, 0) + dh * o * (1 - squashed * squashed)
            da = xp.concatenate([dnew * g * i * (1 - i), dnew * c_before * f * (1 - f), dnew * i * (1 - g * g),
                                 dh * squashed * o * (1 - o)], axis=-1)            # (B, 4H)
            dx[:, t] = da @ weight
            dweight += da.T @ x[:, t]
            drecurrent += da.T @ r_before
            dbias += da.sum(0)
            if projection is not None:
                dprojection += dtold.T @ h
            dr = da @ recurrent + xp.where(read, 0, dr)
            dc = dnew * f + xp.where(read, 0, dc)
        grads = dx, dweight, drecurrent, dbias
        return grads if projection is None else (*grads, dprojection)

    return told, backward


def _changed(xp, inputs, constants, change):
    """The right op, with its gradients changed: change(dx, dweight, drecurrent, dbias, dprojection if there is one)."""
    out, right = ops.lstm.raw(xp, *(each for each in inputs if each is not None), **constants)
    return out, lambda dout: change(*right(dout))


@EXERCISE.mistake
def lstm_with_the_gates_in_another_order(xp, x, weight, recurrent, bias, projection=None, *, keep=None,
                                         backwards=False):
    """the gradients of the forget gate and of the candidate stand in each other's place"""
    size = len(bias) // 4

    def turned(d):
        return xp.concatenate([d[:size], d[2 * size:3 * size], d[size:2 * size], d[3 * size:]])

    return _changed(xp, (x, weight, recurrent, bias, projection), dict(keep=keep, backwards=backwards),
                    lambda dx, *d: (dx, *map(turned, d[:3]), *d[3:]))


@EXERCISE.mistake
def lstm_in_the_order_of_the_walk(xp, x, weight, recurrent, bias, projection=None, *, keep=None, backwards=False):
    """dx comes out turned round: backward walks from the end, and the places must keep their numbers"""
    return _changed(xp, (x, weight, recurrent, bias, projection), dict(keep=keep, backwards=backwards),
                    lambda dx, *d: (dx[:, ::-1], *d))


@EXERCISE.mistake
def lstm_that_takes_what_was_told_for_given(xp, x, weight, recurrent, bias, projection=None, *, keep=None,
                                            backwards=False):
    """the recurrent weights get nothing, as if no place had heard what the one before told"""
    return _changed(xp, (x, weight, recurrent, bias, projection), dict(keep=keep, backwards=backwards),
                    lambda dx, dweight, drecurrent, *d: (dx, dweight, xp.zeros_like(drecurrent), *d))


@EXERCISE.mistake
def lstm_with_a_mean_for_its_bias(xp, x, weight, recurrent, bias, projection=None, *, keep=None, backwards=False):
    """the bias gets the mean over the places and not the sum: it was added at every one of them"""
    places = x.shape[0] * x.shape[1]
    return _changed(xp, (x, weight, recurrent, bias, projection), dict(keep=keep, backwards=backwards),
                    lambda dx, dweight, drecurrent, dbias, *d: (dx, dweight, drecurrent, dbias / places, *d))

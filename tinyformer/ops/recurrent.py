"""How does a network read a text word by word, and how does a gradient find its way back through all of it?  An LSTM.

What was read is carried along in cells, which are added to and not written over, so that a gradient can pass them for
long.  Three gates say what gets in, what stays and what is told.  (Hochreiter and Schmidhuber 1997; the forget gate:
Gers et al. 2000; the projection: Sak et al. 2014, section 2.)
"""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(keeps="x, weight, recurrent, projection, keep, gates (B, T, 4H), before (B, T, H), "
                 "squashed (B, T, H), hidden (B, T, H), heard (B, T, P)")
def lstm(xp, x, weight, recurrent, bias, projection=None, *, keep=None, backwards: bool = False):
    """What a row of cells tells at each place: x (B, T, I) -> (B, T, P), from left to right, or `backwards`.

        i, f, g, o = the four stretches of x_t weightᵀ + r_{t-1} recurrentᵀ + bias, i, f, o through sigmoid, g tanh
        c_t = f c_{t-1} + i g        r_t = (o tanh(c_t)) projectionᵀ

    weight (4H, I), recurrent (4H, P), bias (4H,), projection (P, H), without which P is H.  Both states begin with 0.
    Where keep (B, T) is False nothing is read: the states stay as they are, and what is told is 0.

    Backward walks the other way.  Each place gets a gradient from what it told, dout_t, and two from what was carried
    on: dr from the next gates, and dc from the next cell, which is f dc and nothing else.  The products over all
    places, x and r with the gates' gradients, wait until the walk is done and are then one each.
    """
    _check(x, weight, recurrent, bias, projection, keep)
    (batch, length, inputs), size = x.shape, bias.shape[0] // 4
    wide = recurrent.shape[1]
    here = None if keep is None else xp.asarray(keep)[..., None]                   # (B, T, 1)
    x = x if here is None else xp.where(here, x, 0)            # what stands at padding might be anything
    order = range(length - 1, -1, -1) if backwards else range(length)
    slope, shift = _bend(xp, size, x)
    entering = (x.reshape(batch * length, inputs) @ weight.T + bias).reshape(batch, length, 4 * size)

    gates = xp.empty((batch, length, 4 * size), entering.dtype)
    before, squashed, hidden = (xp.empty((batch, length, size), entering.dtype) for _ in range(3))
    told, heard = (xp.empty((batch, length, wide), entering.dtype) for _ in range(2))
    cell, said = xp.zeros((batch, size), entering.dtype), xp.zeros((batch, wide), entering.dtype)
    for t in order:
        before[:, t], heard[:, t] = cell, said
        gates[:, t] = slope * xp.tanh(slope * (entering[:, t] + said @ recurrent.T)) + shift
        i, f, g, o = _four(gates[:, t], size)
        new = f * cell + i * g
        squashed[:, t] = xp.tanh(new)
        hidden[:, t] = o * squashed[:, t]
        tells = hidden[:, t] if projection is None else hidden[:, t] @ projection.T
        read = None if here is None else here[:, t]
        cell = new if read is None else xp.where(read, new, cell)
        said = tells if read is None else xp.where(read, tells, said)
        told[:, t] = tells if read is None else xp.where(read, tells, 0)

    def backward(dout):
        dgates, dtold = xp.empty(gates.shape, dout.dtype), xp.empty((batch, length, wide), dout.dtype)
        dcell, dsaid = xp.zeros((batch, size), dout.dtype), xp.zeros((batch, wide), dout.dtype)
        for t in reversed(order):
            read = None if here is None else here[:, t]
            dpast, dpassed = 0, 0                              # what goes by a place that is not read
            if read is not None:
                dpast, dpassed = xp.where(read, 0, dsaid), xp.where(read, 0, dcell)
                dcell = dcell - dpassed
            dtold[:, t] = dout[:, t] + dsaid if read is None else xp.where(read, dout[:, t] + dsaid, 0)
            dhidden = dtold[:, t] if projection is None else dtold[:, t] @ projection
            i, f, g, o = _four(gates[:, t], size)
            dcell = dcell + dhidden * o * (1 - squashed[:, t] * squashed[:, t])
            di, df, dg, do = _four(dgates[:, t], size)
            di[...] = dcell * g * i * (1 - i)
            df[...] = dcell * before[:, t] * f * (1 - f)
            dg[...] = dcell * i * (1 - g * g)
            do[...] = dhidden * squashed[:, t] * o * (1 - o)
            dsaid = dgates[:, t] @ recurrent + dpast
            dcell = dcell * f + dpassed
        rows = dgates.reshape(batch * length, 4 * size)
        grads = ((rows @ weight).reshape(batch, length, inputs), rows.T @ x.reshape(batch * length, inputs),
                 rows.T @ heard.reshape(batch * length, wide), rows.sum(0))
        if projection is None:
            return grads
        return *grads, dtold.reshape(batch * length, wide).T @ hidden.reshape(batch * length, size)

    return told, backward


def _four(gates, size: int) -> tuple:
    """Views of the four stretches of (B, 4H): input, forget, candidate, output."""
    return tuple(gates[:, n * size:(n + 1) * size] for n in range(4))


def _bend(xp, size: int, like) -> tuple:
    """slope and shift (4H,): slope tanh(slope a) + shift is the sigmoid of three gates, and tanh for the candidate."""
    is_gate = xp.arange(4 * size) // size != 2
    half = xp.where(is_gate, 0.5, 1.0).astype(like.real.dtype)
    return half, 1 - half


def _check(x, weight, recurrent, bias, projection, keep) -> None:
    """ValueError unless the shapes belong together."""
    size = bias.shape[0] // 4 if bias.ndim == 1 else 0
    wide = size if projection is None else projection.shape[0]
    fits = (x.ndim == 3 and size and bias.shape == (4 * size,) and weight.shape == (4 * size, x.shape[-1])
            and recurrent.shape == (4 * size, wide) and (projection is None or projection.shape == (wide, size)))
    if not fits:
        raise ValueError(f"lstm: x is {x.shape}, weight is {weight.shape}, recurrent is {recurrent.shape}, bias is "
                         f"{bias.shape}, projection is {None if projection is None else projection.shape}; for x (B, "
                         "T, I), H cells and P numbers told they must be (4H, I), (4H, P), (4H,) and (P, H)")
    if keep is not None and keep.shape != x.shape[:2]:
        raise ValueError(f"lstm: x is {x.shape}, keep is {keep.shape}; keep must be {x.shape[:2]}, one for each place")


def _weights(rng, inputs: int, size: int, wide: int | None = None) -> tuple:
    out = size if wide is None else wide
    found = rng.normal(size=(4 * size, inputs)), rng.normal(size=(4 * size, out)), rng.normal(size=4 * size)
    return found if wide is None else (*found, rng.normal(size=(wide, size)))


@lstm.case
def _(rng):
    """one row from left to right, without a projection"""
    return Call(rng.normal(size=(1, 3, 2)), *_weights(rng, 2, 2))


@lstm.case
def _(rng):
    """three cells that tell two numbers"""
    return Call(rng.normal(size=(2, 3, 2)), *_weights(rng, 2, 3, 2))


@lstm.case
def _(rng):
    """from right to left, with padding that is not read"""
    keep = np.array([[True, True, True, True], [True, True, False, False]])
    return Call(rng.normal(size=(2, 4, 2)), *_weights(rng, 2, 2, 3), keep=keep, backwards=True)


@lstm.special
def _(rng):
    """where nothing is read, whatever stands there, 0 is told and nothing moves"""
    x, weights = np.full((1, 2, 1), np.nan), _weights(rng, 1, 1)
    return Special(x, *weights, keep=np.zeros((1, 2), bool)).expect(
        out=np.zeros((1, 2, 1)), grads=(np.zeros((1, 2, 1)), *(np.zeros(w.shape) for w in weights)))


@lstm.special
def _(rng):
    """gates wide open or shut, for numbers however large: the cell holds 1, and its tanh is told"""
    x, bias = np.ones((1, 1, 1)), np.array([1e3, -1e3, 1e3, 1e3])
    return Special(x, np.zeros((4, 1)), np.zeros((4, 1)), bias).expect(
        out=np.full((1, 1, 1), np.tanh(1.0)),
        grads=(np.zeros((1, 1, 1)), np.zeros((4, 1)), np.zeros((4, 1)), np.zeros(4)))

"""How does a product of two vectors know how far apart they stand?  Each is turned by its place before they meet."""

import numpy as np

from tinyformer.engine import Call, Special, primitive


@primitive(linear=True, keeps="cos (..., T, P), sin (..., T, P)")
def rotary(xp, x, *, places, base: float = 10_000.0):
    """Turn the channels of x (..., T, D), two by two, by angles that grow with `places`, whole numbers (..., T).

    Of P = D / 2 pairs the i-th is made of channels i and i + P, and is turned by the angle a = place base^(-i / P):

        out_i = x_i cos a - x_{i + P} sin a,    out_{i + P} = x_{i + P} cos a + x_i sin a

    The product of a query at place s and a key at place t then depends on s - t alone, since two turns by s and t leave
    between them one by s - t (Su et al. 2021, section 3.2; the pairs lie as in the published files of Llama).  A turn
    keeps all inner products, so that its transpose is its inverse: backward turns dout by -a.
    """
    places = xp.asarray(places)
    pairs, odd = divmod(x.shape[-1], 2) if x.shape else (0, 1)
    if odd or x.shape[-2:-1] != places.shape[-1:]:
        raise ValueError(f"rotary: x is {x.shape}, places are {places.shape}; x must be (..., T, D) with D even, and "
                         "places (..., T), one for each position")
    angles = places[..., None] * xp.asarray(base ** (-np.arange(pairs) / max(pairs, 1)))       # (..., T, P)
    cos, sin = (wave(angles).astype(x.real.dtype) for wave in (xp.cos, xp.sin))

    def turned(x, sin):
        first, second = x[..., :pairs], x[..., pairs:]
        return xp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)

    def backward(dout):                                        # <dout, R δx> = <Rᵀ dout, δx>, and Rᵀ turns back
        return turned(dout, -sin)

    return turned(x, sin), backward


@rotary.case
def _(rng):
    """two heads, four channels"""
    return Call(rng.normal(size=(2, 3, 4)), places=np.arange(3))


@rotary.case
def _(rng):
    """rows that stand at places of their own"""
    return Call(rng.normal(size=(2, 2, 1, 6)), places=np.array([[[7]], [[90]]]), base=500.0)


@rotary.special
def _(rng):
    """nothing is turned at place 0"""
    return Special(np.array([[1.0, 2.0]]), places=np.array([0])).expect(out=[[1.0, 2.0]], grads=([[1.0, 1.0]],))

"""How does GELU run at the speed of the memory?  Piece by piece, so that every intermediate stays in the cache.

The formulas, and how their slopes are found, stand in `activation.gelu`; here they are written for float32 and NumPy
into arrays that are there already, where they cost a fraction of what whole new arrays do.
"""

import numpy as np

from tinyformer.ops.erf import DENSITY, ROOT_HALF, ROOT_TWO_OVER_PI

PIECE = 32768                                                  # six such arrays of float32 fit a cache of 1 MB


def gelu_float32(x, approximate: str, over):
    """gelu(x) and its slope, as `gelu_with_slope` gives them, for a NumPy array of float32 that is not empty."""
    formula = erf_form if approximate == "none" else tanh_form
    flat = x.reshape(-1)
    out = np.empty_like(flat)
    slope = flat if over is not None and np.shares_memory(flat, over) else np.empty_like(flat)
    scratch = [np.empty(PIECE, np.float32) for _ in range(3)]
    for start in range(0, flat.size, PIECE):
        piece = slice(start, min(start + PIECE, flat.size))
        formula(flat[piece], out[piece], slope[piece], [s[:piece.stop - start] for s in scratch])
    return out.reshape(x.shape), slope.reshape(x.shape)


def erf_form(x, out, slope, scratch):
    """Phi(-|x|) = t p(t) exp(-x²/2) / 2 with t = 1 / (1 + 0.3275911 |x| / sqrt 2) and an error below 1e-7.

    Abramowitz and Stegun (1964), 7.1.26.  The exponential is also the normal density, which the slope needs.
    """
    t, bell, tail = scratch
    np.abs(x, out=t)
    t *= 0.3275911 * ROOT_HALF
    t += 1
    np.reciprocal(t, out=t)
    np.multiply(x, x, out=bell)
    bell *= -0.5
    np.exp(bell, out=bell)                                     # exp(-x²/2)
    np.multiply(t, 0.5 * 1.061405429, out=tail)
    for c in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += 0.5 * c
        tail *= t
    tail *= bell                                               # Phi(-|x|)
    np.subtract(0.5, tail, out=tail)                           # as np.copysign, in half the time: x's first bit is
    sign = np.bitwise_and(x.view(np.uint32), 1 << 31, out=t.view(np.uint32))       # its sign, and that of tail is 0
    np.bitwise_or(tail.view(np.uint32), sign, out=tail.view(np.uint32))
    tail += 0.5                                                # Phi(x)
    np.multiply(x, tail, out=out)
    if slope is not None:
        bell *= DENSITY
        bell *= x
        np.add(bell, tail, out=slope)


def tanh_form(x, out, slope, scratch):
    square, bent, steep = scratch
    np.multiply(x, x, out=square)
    np.minimum(square, 1e8, out=square)
    np.multiply(square, 0.044715 * ROOT_TWO_OVER_PI, out=bent)
    bent += ROOT_TWO_OVER_PI
    bent *= x
    np.tanh(bent, out=bent)
    np.add(bent, 1, out=out)                                   # 2 Phi(x)
    if slope is not None:
        np.multiply(square, 3 * 0.044715 * ROOT_TWO_OVER_PI, out=steep)
        steep += ROOT_TWO_OVER_PI
        np.multiply(bent, bent, out=square)
        np.subtract(1, square, out=square)
        steep *= square
        steep *= x                                             # x tanh'(...) (...)'
        steep += out
    out *= x
    out *= 0.5
    if slope is not None:
        np.multiply(steep, 0.5, out=slope)                     # last, for the slope may lie over x

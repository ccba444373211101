"""Which of all these rows shows the same thing as this one?  A contrast with everything else in the batch."""

import math

import numpy as np

from tinyformer.engine import Call, Special, primitive
from tinyformer.ops.spread import normalize


@primitive(keeps="unit (2N, D), size (2N, 1), odds (2N, 2N), total (2N, 1), here (2N) int, partner (2N) int")
def nt_xent(xp, z, *, temperature: float = 0.1):
    """The cross-entropy of finding each row's partner among all other rows (NT-Xent; Chen et al. 2020, equation 1).

    z (2N, D) -> a number, in nats: rows i and i + N are two views of one thing.  With u = z / |z| and the scores
    s_ij = u_i · u_j / temperature of every other row j, the loss of row i is -s_i,partner + log sum_j exp(s_ij), and
    the mean over all 2N rows is the result.  Knowing nothing costs log(2N - 1).

    Each row's loss moves by sum_j G_ij δs_ij, with G = p - onehot(partner), the error of every cross-entropy.  A score
    moves with both of its vectors, δs_ij = (δu_i · u_j + u_i · δu_j) / temperature: a row is pulled as the one who
    asks, by G, and as one of those who are asked about, by G transposed, so du = (G + Gᵀ) u / temperature.  From u
    back to z leads the backward of `normalize`.  Kept are the odds exp(s), which p is after one division.
    Raises ValueError for an odd number of rows, and for a temperature that is not above 0.
    """
    if z.ndim != 2 or len(z) < 2 or len(z) % 2 or not z.shape[1]:
        raise ValueError(f"nt_xent: z is {z.shape}; it must be (2N, D), first views of N things, then the second")
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"nt_xent: temperature is {temperature}; it must be a finite number above 0, such as 0.1")
    count = len(z)
    unit, from_unit = normalize.raw(xp, z)                     # (2N, D)
    here = xp.arange(count)
    partner = (here + count // 2) % count
    itself = here[:, None] == here
    scores = xp.where(itself, -xp.inf, unit @ unit.T * (1 / temperature))              # (2N, 2N)
    chosen = scores[here, partner]
    top = scores.real.max(-1, keepdims=True)
    odds = xp.exp(scores - top)
    total = odds.sum(-1, keepdims=True)                        # (2N, 1)
    loss = ((xp.log(total) + top).sum() - chosen.sum()) * (1 / count)

    def backward(dout):
        each = dout * (1 / count)                              # what the loss of one row gets
        error = odds * (each / total)                          # p, times each
        error[here, partner] -= each
        return from_unit((error + error.T) @ unit * (1 / temperature))

    return loss, backward


@nt_xent.case
def _(rng):
    """three things, seen twice"""
    return Call(rng.normal(size=(6, 4)), temperature=0.5)


@nt_xent.case
def _(rng):
    """two things, and a low temperature, at which the nearest rows decide"""
    return Call(rng.normal(size=(4, 3)), temperature=0.2)


@nt_xent.special
def _(rng):
    """one thing alone cannot be mistaken"""
    return Special(np.array([[1.0, 2.0], [2.0, -1.0]])).expect(out=0.0, grads=(np.zeros((2, 2)),))


@nt_xent.special
def _(rng):
    """all rows alike: nobody can tell, and no row knows where to go"""
    return Special(np.ones((4, 2)), temperature=1.0).expect(out=math.log(3), grads=(np.zeros((4, 2)),))


@nt_xent.special
def _(rng):
    """views that agree and are far from the others cost nothing, also where the odds of the others underflow"""
    z = np.array([[1.0, 0.0], [-1.0, 0.0], [1e6, 0.0], [-1e6, 0.0]])
    return Special(z, temperature=1e-3).expect(out=0.0, grads=(np.zeros((4, 2)),))

"""Who pulls at a row that is asked about by all the others?

    loss = mean over i of -s_i,partner + log sum_j exp(s_ij), s_ij = u_i · u_j / temperature for j other than i

z (2N, D), of which rows i and i + N are partners; u = z / |z| is given, and so is `from_unit`, which brings du back to
dz. Return dz.
A check on paper: a score moves with both of its vectors.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.spread import normalize

EXERCISE = OpExercise(ops.nt_xent, __doc__, hints=(
    "Begin with one row of scores: it goes through a cross-entropy. What is the gradient of that with respect to "
    "the scores?",
    "G = p - onehot(partner), over 2N. s_ij = u_i · u_j / temperature: u_i is in row i of the scores, and in column i "
    "too.",
    "du = (G + G.T) @ unit / temperature with G = dout * (p - chosen) / count; then from_unit(du)."))


@EXERCISE.given
def nt_xent(xp, z, *, temperature=0.1):
    count = len(z)                                             # 2N
    unit, from_unit = normalize.raw(xp, z)
    here = xp.arange(count)
    chosen = (here[:, None] + count // 2) % count == here      # (2N, 2N), True at the partner
    scores = xp.where(here[:, None] == here, -xp.inf, unit @ unit.T / temperature)
    top = scores.real.max(-1, keepdims=True)
    odds = xp.exp(scores - top)
    total = odds.sum(-1, keepdims=True)
    p = odds / total
    loss = ((xp.log(total) + top).sum() - xp.where(chosen, scores, 0).sum()) / count

    def backward(dout):
        error = dout * (p - chosen) / count
        return from_unit((error + error.T) @ unit / temperature)

    return loss, backward


def _nt_xent(xp, z, temperature, du):
    """The right loss, with another way back: du(error, unit, from_unit), error (2N, 2N)."""
    unit, from_unit = normalize.raw(xp, z)
    here = xp.arange(len(z))
    scores = xp.where(here[:, None] == here, -xp.inf, unit @ unit.T / temperature)
    odds = xp.exp(scores - scores.real.max(-1, keepdims=True))
    chosen = (here[:, None] + len(z) // 2) % len(z) == here
    error = (odds / odds.sum(-1, keepdims=True) - chosen) / len(z)
    return ops.nt_xent.raw(xp, z, temperature=temperature)[0], lambda dout: du(dout * error, unit, from_unit)


@EXERCISE.mistake
def nt_xent_of_the_asking_row(xp, z, *, temperature=0.1):
    """a row is pulled as the one who asks, and not as one of those who are asked about: G alone, without G.T"""
    return _nt_xent(xp, z, temperature, lambda error, unit, back: back(2 * error @ unit / temperature))


@EXERCISE.mistake
def nt_xent_without_the_temperature(xp, z, *, temperature=0.1):
    """the scores were divided by the temperature, and their gradients are not"""
    return _nt_xent(xp, z, temperature, lambda error, unit, back: back((error + error.T) @ unit))


@EXERCISE.mistake
def nt_xent_of_unit_vectors(xp, z, *, temperature=0.1):
    """du comes back as it is: the way through u = z / |z| is missing"""
    return _nt_xent(xp, z, temperature, lambda error, unit, back: (error + error.T) @ unit / temperature)

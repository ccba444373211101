"""What is left of a gradient when the length of its vector is fixed at 1?

    out = x / size over `axis`, where size is the length of x, or eps where x is no longer than that

A check on paper: a step along x changes nothing, so that the gradient is perpendicular to x; where size is eps it is
a constant, and out = x / eps is a straight line.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.normalize, __doc__, hints=(
    "By how much does the length of x move when x does? Only the part of δx along x counts: <out, δx>.",
    "out size = x, so δout size + out <out, δx> = δx: δout = (δx - out <out, δx>) / size. Bring that to the other "
    "side of an inner product; it looks the same.",
    "dx = (dout - out * along) / size, with along the sum of dout * out over the axis (keepdims), and 0 where size is"
    " eps: xp.where(size.real == eps, 0, ...)."))


@EXERCISE.given
def normalize(xp, x, *, axis=-1, eps=1e-12):
    length = xp.sqrt((x * x).sum(axis=axis, keepdims=True))
    size = xp.where(length.real > eps, length, eps)
    out = x / size

    def backward(dout):
        along = xp.where(size.real == eps, 0, (dout * out).sum(axis=axis, keepdims=True))
        return (dout - out * along) / size

    return out, backward


def _normalized(xp, x, axis, eps, dx):
    """The right value, with another gradient: dx(dout, out, size)."""
    length = xp.sqrt((x * x).sum(axis=axis, keepdims=True))
    size = xp.where(length.real > eps, length, eps)
    return x / size, lambda dout: dx(dout, x / size, size)


@EXERCISE.mistake
def normalize_by_a_constant(xp, x, *, axis=-1, eps=1e-12):
    """dout / size alone: the length is taken for a constant, and moves with x"""
    return _normalized(xp, x, axis, eps, lambda dout, out, size: dout / size)


@EXERCISE.mistake
def normalize_without_the_size(xp, x, *, axis=-1, eps=1e-12):
    """the division by the length is forgotten: a long vector turns slowly"""
    return (ops.normalize.raw(xp, x, axis=axis, eps=eps)[0],
            _normalized(xp, x, axis, eps, lambda dout, out, size: dout - xp.where(size.real == eps, 0, out * (
                dout * out).sum(axis=axis, keepdims=True)))[1])


@EXERCISE.mistake
def normalize_as_if_never_short(xp, x, *, axis=-1, eps=1e-12):
    """the part along x is taken out where size is eps, too: there it is a constant"""
    return _normalized(xp, x, axis, eps, lambda dout, out, size: (dout - out * (
        dout * out).sum(axis=axis, keepdims=True)) / size)


@EXERCISE.mistake
def normalize_along_x_itself(xp, x, *, axis=-1, eps=1e-12):
    """the part along x is measured with x, and must be with the vector of length 1"""
    return _normalized(xp, x, axis, eps, lambda dout, out, size: (dout - x * xp.where(size.real == eps, 0, (
        dout * x).sum(axis=axis, keepdims=True))) / size)

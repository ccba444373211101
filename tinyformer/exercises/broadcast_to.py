"""Who hears from all the copies of a number?

    out = x stretched to `shape`, the copies written out

A gradient may come back in the broadcast shape, and the engine sums it to the shape of x. Here that sum is yours:
return dx in the shape of x.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.broadcast_to, __doc__, hints=(
    "A column (3, 1) was stretched to (3, 4). To which numbers of out was its first number copied?",
    "To a whole row: its gradient is the sum of dout along it. An axis that x did not have is summed away as well.",
    "Sum over the axes that are new, and over those where x has 1, with keepdims; then reshape to the shape of x. "
    "`stretched` names all of them, as axes of dout."))


@EXERCISE.given
def broadcast_to(xp, x, *, shape):
    before = x.shape
    new = len(shape) - len(before)
    stretched = tuple(i for i in range(len(shape)) if i < new or before[i - new] != shape[i])

    def backward(dout):
        return dout.sum(axis=stretched).reshape(before)

    return xp.broadcast_to(x, shape).copy(), backward


def _stretched(x, shape) -> tuple:
    new = len(shape) - x.ndim
    return tuple(i for i in range(len(shape)) if i < new or x.shape[i - new] != shape[i])


@EXERCISE.mistake(caught_by="adjoint")
def broadcast_to_with_a_mean(xp, x, *, shape):
    """the copies are averaged, and each of them counts"""
    copies = max(1, int(xp.prod(xp.asarray(shape)))) / max(1, x.size)
    return xp.broadcast_to(x, shape).copy(), lambda dout: dout.sum(axis=_stretched(x, shape)).reshape(x.shape) / copies


@EXERCISE.mistake(caught_by="adjoint")
def broadcast_to_of_the_first_copy(xp, x, *, shape):
    """the first copy alone is asked, and all of them bring a gradient"""
    first = tuple(slice(0, 1) if i in _stretched(x, shape) else slice(None) for i in range(len(shape)))
    return xp.broadcast_to(x, shape).copy(), lambda dout: dout[first].sum(axis=_stretched(x, shape)).reshape(x.shape)


@EXERCISE.mistake(caught_by="backward")
def broadcast_to_of_new_axes_alone(xp, x, *, shape):
    """the axes that are new are summed, and the result is not brought to the shape of x where a side was 1"""
    new = tuple(range(len(shape) - x.ndim))
    return xp.broadcast_to(x, shape).copy(), lambda dout: dout.sum(axis=(*new, *(i for i in _stretched(x, shape)[-1:]
                                                                                 if i not in new)))

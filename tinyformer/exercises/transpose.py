"""What undoes an order of axes, when there are more than two?

    out = x with its axes in another order: axis i of out is axis axes[i] of x

With two axes the way there and the way back are the same; with three they are not.
"""

from tinyformer import ops
from tinyformer.engine import Call
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.transpose, __doc__, hints=(
    "Take axes = (1, 2, 0), and write down for each axis of x where it stands in out.",
    "Axis j of x stands at the place i of out for which axes[i] = j: that is axes.index(j).",
    "Transpose dout by (axes.index(0), axes.index(1), ...), the inverse of the order that was given."))


@EXERCISE.given
def transpose(xp, x, *, axes=None):
    axes = tuple(range(x.ndim))[::-1] if axes is None else axes

    def backward(dout):
        return dout.transpose([axes.index(j) for j in range(len(axes))])

    return x.transpose(axes), backward


@EXERCISE.mistake(caught_by="adjoint")
def transpose_by_the_same_axes(xp, x, *, axes=None):
    """backward permutes by the same axes, not by the inverse; a swap would hide it"""
    axes = tuple(range(x.ndim))[::-1] if axes is None else axes
    return x.transpose(axes), lambda dout: dout.transpose(axes)


transpose_by_the_same_axes.cases.clear()


@transpose_by_the_same_axes.case
def _(rng):
    """three equal sides turned round"""
    return Call(rng.normal(size=(3, 3, 3)), axes=(1, 2, 0))


@EXERCISE.mistake(caught_by="adjoint")
def transpose_by_reshape(xp, x, *, axes=None):
    """reshape makes the shape fit, and leaves the numbers in the order of the output"""
    return x.transpose(axes), lambda dout: dout.reshape(x.shape)


@EXERCISE.mistake(caught_by="adjoint")
def transpose_reversed(xp, x, *, axes=None):
    """backward reverses the axes, whatever their order was"""
    return x.transpose(axes), lambda dout: dout.transpose()


transpose_reversed.cases.clear()


@transpose_reversed.case
def _(rng):
    """three equal sides turned round"""
    return Call(rng.normal(size=(3, 3, 3)), axes=(1, 2, 0))

"""What undoes an exchange of two axes?

    out = x with the axes `first` and `second` exchanged

Try three axes of different lengths, so that no mistake fits by chance.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.swapaxes, __doc__, hints=(
    "For a matrix, out[i, j] = x[j, i]. Where does the gradient of x[j, i] come from?",
    "It is dout[i, j]: the gradient goes back the way on which the number came.",
    "Exchange the same two axes of dout: doing it twice changes nothing."))


@EXERCISE.mistake(caught_by="backward")
def swapaxes_not_swapped_back(xp, x, *, first, second):
    """the gradient comes back in the shape of the output"""
    return x.swapaxes(first, second), lambda dout: dout


@EXERCISE.mistake(caught_by="adjoint")
def swapaxes_by_reshape(xp, x, *, first, second):
    """reshape makes the shape fit, and leaves the numbers in the order of the output"""
    return x.swapaxes(first, second), lambda dout: dout.reshape(x.shape)


@EXERCISE.mistake(caught_by="backward")
def swapaxes_of_all(xp, x, *, first, second):
    """backward turns all axes round, where two alone were exchanged"""
    return x.swapaxes(first, second), lambda dout: dout.transpose()

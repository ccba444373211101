"""In which order do two backwards run, when one function stands behind another?

    out = gelu(x @ weightᵀ + bias): x (..., I), weight (O, I), bias (O,), out (..., O)

Both parts are given: `affine_backward`, which takes the gradient of what stands before the gelu and returns (dx,
dweight, dbias), and `slope`, the slope of the gelu there.
"""

from tinyformer import ops
from tinyformer.exercises.kit import OpExercise
from tinyformer.ops.activation import gelu_with_slope

EXERCISE = OpExercise(ops.affine_gelu, __doc__, hints=(
    "dout is the gradient of the last result. Which of the two functions made it?",
    "The gelu comes last, so its backward comes first: it turns dout into the gradient of what stood before it.",
    "affine_backward(dout * slope): what the one made of dout is the incoming gradient of the other."))


@EXERCISE.given
def affine_gelu(xp, x, weight, bias=None, *, approximate="none"):
    before, affine_backward = ops.affine.raw(xp, x, weight, bias)
    out, slope = gelu_with_slope(xp, before, approximate)

    def backward(dout):
        return affine_backward(dout * slope)

    return out, backward


def _parts(xp, x, weight, bias, approximate):
    before, affine_backward = ops.affine.raw(xp, x, weight, bias)
    return (*gelu_with_slope(xp, before, approximate), affine_backward)


@EXERCISE.mistake
def affine_gelu_without_the_slope(xp, x, weight, bias=None, *, approximate="none"):
    """dout goes into the affine map as it came: the gelu is left out"""
    out, _, affine_backward = _parts(xp, x, weight, bias, approximate)
    return out, affine_backward


@EXERCISE.mistake
def affine_gelu_without_the_chain(xp, x, weight, bias=None, *, approximate="none"):
    """the slope goes into the affine map alone: the incoming gradient is forgotten"""
    out, slope, affine_backward = _parts(xp, x, weight, bias, approximate)
    return out, lambda dout: affine_backward(slope)


@EXERCISE.mistake
def affine_gelu_by_its_value(xp, x, weight, bias=None, *, approximate="none"):
    """dout is multiplied by gelu's value, and its slope is asked for"""
    out, _, affine_backward = _parts(xp, x, weight, bias, approximate)
    return out, lambda dout: affine_backward(dout * out)

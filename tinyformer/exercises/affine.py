"""What does a weight get that all positions share?

    out = x @ weightᵀ + bias: x (..., I), weight (O, I), bias (O,) or None, out (..., O)

Return dx, dweight and dbias (only dx and dweight where there is no bias).
A check on paper: each of N positions contributes to the weight, so the product must sum over N.
"""

import math

from tinyformer import ops
from tinyformer.engine import Call
from tinyformer.exercises.kit import OpExercise

EXERCISE = OpExercise(ops.affine, __doc__, hints=(
    "Lay all positions out as rows of one matrix, (N, I). What are the three gradients of rows @ weightᵀ + bias, by "
    "the rule for a matrix product?",
    "Let dout be (N, O). For dx (N, I) only dout @ weight fits; for dweight (O, I) only dout.T @ rows; bias stands in"
    " every row.",
    "dx is dout @ weight in the shape of x, dweight is dout.T @ rows, and dbias the sum of dout over its rows: "
    "dout.sum(0)."))


@EXERCISE.given
def affine(xp, x, weight, bias=None):
    rows = x.reshape(-1, x.shape[-1])
    shape, biased = x.shape, bias is not None

    def backward(dout):
        dout = dout.reshape(-1, weight.shape[0])
        dx, dweight = (dout @ weight).reshape(shape), dout.T @ rows
        return (dx, dweight, dout.sum(0)) if biased else (dx, dweight)

    out = rows @ weight.T + (bias if biased else 0)
    return out.reshape(*shape[:-1], weight.shape[0]), backward


def _affine(xp, x, weight, bias, change):
    """The right affine, with its gradients changed."""
    out, right = ops.affine.raw(xp, x, weight, bias)
    return out, lambda dout: change(*right(dout))


@EXERCISE.mistake(caught_by="adjoint")
def affine_with_the_weight_on_its_side(xp, x, weight, bias=None):
    """the gradient of a square weight is transposed"""
    return _affine(xp, x, weight, bias, lambda dx, dweight, *rest: (dx, dweight.T, *rest))


affine_with_the_weight_on_its_side.cases.clear()


@affine_with_the_weight_on_its_side.case
def _(rng):
    """a square weight"""
    return Call(rng.normal(size=(2, 4)), rng.normal(size=(4, 4)), rng.normal(size=4))


@EXERCISE.mistake(caught_by="adjoint")
def affine_with_an_averaged_bias(xp, x, weight, bias=None):
    """the bias gets the mean over the rows, not the sum"""
    count = math.prod(x.shape[:-1])
    return _affine(xp, x, weight, bias, lambda dx, dweight, *rest: (dx, dweight, *(db / count for db in rest)))


@EXERCISE.mistake(caught_by="adjoint")
def affine_with_an_averaged_weight(xp, x, weight, bias=None):
    """the weight gets the mean over the positions, and every one of them adds to it"""
    count = math.prod(x.shape[:-1])
    return _affine(xp, x, weight, bias, lambda dx, dweight, *rest: (dx, dweight / count, *rest))

"""Every differentiable function, one derivation each; importing this package also gives tensors their operators.

How to write one: a function `op(xp, x, ..., *, constant=...)` under `@primitive`, which computes out from raw arrays
and returns out and `backward`; the derivation beside it; `keeps=` and, in words, why not less; a case, and a special
point for each promise that holds where nothing can be differenced (`@op.case`, `@op.special`).  Then its name below,
in the import and in `__all__`: an op in a file that nobody imports is in no registry, and checked by nobody.

Every op also runs on complex arrays, x + i h v, whose imaginary part is then the derivative: that is what makes the
checks exact.  So it must never call what loses or turns that part: abs, conj, sign, norm, var, vdot and vecdot (they
conjugate), or what orders complex numbers: maximum, minimum, clip, max, sort, `>`.  Decide on `x.real`, and take the
numbers themselves by `xp.where`.  Nor may it write into its inputs or into dout, name np where xp is meant, or multiply
by a NumPy number, which makes float32 float64: `math.sqrt(2)`, not `np.sqrt(2)`.
"""

import math

from tinyformer.engine import Tensor
from tinyformer.ops.activation import affine_gelu, gelu, relu, sigmoid, tanh
from tinyformer.ops.arithmetic import add, divide, exp, log, multiply, negate, pow, power, scale, sqrt, subtract
from tinyformer.ops.attention import attention
from tinyformer.ops.blockwise_attention import blockwise_attention, blockwise_self_attention
from tinyformer.ops.dropout import dropout
from tinyformer.ops.layer_norm import layer_norm
from tinyformer.ops.linear import affine, embedding, matmul
from tinyformer.ops.loss import binary_cross_entropy_with_logits, cross_entropy, mean_squared_error
from tinyformer.ops.reduce import max, mean, sum
from tinyformer.ops.self_attention import self_attention
from tinyformer.ops.shape import concatenate, getitem, reshape, swapaxes, transpose, where
from tinyformer.ops.softmax import log_softmax, masked_softmax
from tinyformer.ops.token_log_probs import token_log_probs

__all__ = [
    "add", "affine", "affine_gelu", "attention", "binary_cross_entropy_with_logits", "blockwise_attention",
    "blockwise_self_attention", "concatenate", "cross_entropy", "divide", "dropout", "embedding", "exp", "gelu",
    "getitem", "layer_norm", "log", "log_softmax", "masked_softmax", "matmul", "max", "mean", "mean_squared_error",
    "multiply", "negate", "pow", "power", "relu", "reshape", "scale", "self_attention", "sigmoid", "sqrt",
    "subtract", "sum", "swapaxes", "tanh", "token_log_probs", "transpose", "where",
]


def _number(x) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def _raised(exponent, base):
    if not _number(base):
        return pow(base, exponent)
    if base <= 0:
        raise ValueError(f"power: the base is {base}; under an exponent that is a tensor it must be above 0")
    return exp(scale(exponent, by=math.log(base)))


def _shape(shape):
    return shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape


# The engine knows no calculus, so the operators come to the Tensor from here.
OPERATORS = {
    "__add__": lambda a, b: add(a, b),
    "__radd__": lambda a, b: add(b, a),
    "__sub__": lambda a, b: subtract(a, b),
    "__rsub__": lambda a, b: subtract(b, a),
    "__mul__": lambda a, b: scale(a, by=b) if _number(b) else multiply(a, b),
    "__rmul__": lambda a, b: scale(a, by=b) if _number(b) else multiply(b, a),
    "__truediv__": lambda a, b: scale(a, by=1 / b) if _number(b) and b else divide(a, b),
    "__rtruediv__": lambda a, b: divide(b, a),
    "__neg__": lambda a: negate(a),
    "__pow__": lambda x, exponent: power(x, exponent=exponent) if _number(exponent) else pow(x, exponent),
    "__rpow__": _raised,
    "__matmul__": lambda a, b: matmul(a, b),
    "__rmatmul__": lambda a, b: matmul(b, a),
    "__getitem__": lambda x, index: getitem(x, index=index),
    "sum": lambda x, axis=None, keepdims=False: sum(x, axis=axis, keepdims=keepdims),
    "mean": lambda x, axis=None, keepdims=False: mean(x, axis=axis, keepdims=keepdims),
    "max": lambda x, axis=None, keepdims=False: max(x, axis=axis, keepdims=keepdims),
    "reshape": lambda x, *shape: reshape(x, shape=_shape(shape)),
    "transpose": lambda x, *axes: transpose(x, axes=_shape(axes) or None),
    "swapaxes": lambda x, first, second: swapaxes(x, first=first, second=second),
    "T": property(lambda x: transpose(x)),
}
for _name, _operator in OPERATORS.items():
    setattr(Tensor, _name, _operator)

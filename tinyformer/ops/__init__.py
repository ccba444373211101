"""Every differentiable function, one derivation each; importing this package also gives tensors their operators.

How to write one: a function `op(xp, x, ..., *, constant=...)` under `@primitive`, which computes out from raw arrays
and returns out and `backward`; the derivation beside it; `keeps=` and, in words, why not less; a case, and a special
point for each promise that holds where nothing can be differenced (`@op.case`, `@op.special`).  Then its name below,
in `__all__` and in the import, or, where no paper of the path needs it, in `opens`: only so it is found and checked.

Every op also runs on complex arrays, x + i h v, whose imaginary part is then the derivative: that is what makes the
checks exact.  So it must never call what loses or turns that part: abs, conj, sign, norm, var, vdot and vecdot (they
conjugate), or what orders complex numbers: maximum, minimum, clip, max, sort, `>`.  Decide on `x.real`, and take the
numbers themselves by `xp.where`.  Nor may it write into its inputs or into dout, name np where xp is meant, or multiply
by a NumPy number, which makes float32 float64: `math.sqrt(2)`, not `np.sqrt(2)`.
"""

from typing import TYPE_CHECKING

from tinyformer.engine import Primitive, Tensor
from tinyformer.opening import explaining, opens
from tinyformer.ops.activation import affine_gelu, gelu, relu, sigmoid, tanh
from tinyformer.ops.arithmetic import add, divide, exp, log, multiply, negate, pow, power, scale, sqrt, subtract
from tinyformer.ops.attention import attention
from tinyformer.ops.dropout import dropout, dropout_add
from tinyformer.ops.layer_norm import layer_norm
from tinyformer.ops.linear import affine, embedding, matmul
from tinyformer.ops.loss import binary_cross_entropy_with_logits, cross_entropy, mean_squared_error
from tinyformer.ops.methods import METHODS, beside, is_number, product, raised, to_the
from tinyformer.ops.reduce import max, mean, sum
from tinyformer.ops.self_attention import self_attention
from tinyformer.ops.shape import concatenate, getitem, reshape, swapaxes, transpose, where
from tinyformer.ops.softmax import log_softmax, masked_softmax
from tinyformer.ops.token_log_probs import token_log_probs

if TYPE_CHECKING:
    from tinyformer.ops.attention_in_blocks import blockwise_attention, blockwise_self_attention
    from tinyformer.ops.composed import flatten, softmax, split, squeeze, unsqueeze
    from tinyformer.ops.contrastive import nt_xent
    from tinyformer.ops.copies import broadcast_to, stack
    from tinyformer.ops.gates import silu, swiglu
    from tinyformer.ops.kinks import abs, clip, maximum, min, minimum
    from tinyformer.ops.over_the_batch import batch_norm
    from tinyformer.ops.recurrent import lstm
    from tinyformer.ops.root_mean_square import rms_norm
    from tinyformer.ops.rotation import rotary
    from tinyformer.ops.running import cumsum, prod
    from tinyformer.ops.spread import norm, normalize, std, var
    from tinyformer.ops.waves import cos, sin

__all__ = [
    "abs", "add", "affine", "affine_gelu", "attention", "batch_norm", "binary_cross_entropy_with_logits",
    "blockwise_attention", "blockwise_self_attention", "broadcast_to", "clip", "concatenate", "cos", "cross_entropy",
    "cumsum", "divide", "dropout", "dropout_add", "embedding", "exp", "flatten", "gelu", "getitem", "layer_norm",
    "log", "log_softmax", "lstm", "masked_softmax", "matmul", "max", "maximum", "mean", "mean_squared_error", "min",
    "minimum", "multiply", "negate", "norm", "normalize", "nt_xent", "pow", "power", "prod", "relu", "reshape",
    "rms_norm", "rotary", "scale", "self_attention", "sigmoid", "silu", "sin", "softmax", "split", "sqrt", "squeeze",
    "stack", "std", "subtract", "sum", "swapaxes", "swiglu", "tanh", "token_log_probs", "transpose", "unsqueeze",
    "var", "where",
]

# What no paper of the path needs is opened when it is asked for, and `softmax` is then no file, but the function.
globals().pop("softmax", None)
__getattr__, __dir__ = opens(
    __name__, attention_in_blocks="blockwise_attention blockwise_self_attention", contrastive="nt_xent",
    composed="flatten softmax split squeeze unsqueeze", gates="silu swiglu", kinks="abs clip maximum min minimum",
    copies="broadcast_to stack", over_the_batch="batch_norm", recurrent="lstm", root_mean_square="rms_norm",
    rotation="rotary", running="cumsum prod", spread="norm normalize std var", waves="cos sin")


def every() -> dict[str, Primitive]:
    """All primitives of this package by name, those too that nobody has asked for yet: now they are in the registry."""
    found = {name: globals().get(name) or __getattr__(name) for name in __all__}
    return {name: op for name, op in found.items() if isinstance(op, Primitive)}


# The engine knows no calculus, so the operators come to the Tensor from here.
OPERATORS = {
    "__add__": lambda a, b: add(a, beside(a, b)),
    "__radd__": lambda a, b: add(beside(a, b), a),
    "__sub__": lambda a, b: subtract(a, beside(a, b)),
    "__rsub__": lambda a, b: subtract(beside(a, b), a),
    "__mul__": lambda a, b: scale(a, by=b) if is_number(b) else multiply(a, beside(a, b)),
    "__rmul__": lambda a, b: scale(a, by=b) if is_number(b) else multiply(beside(a, b), a),
    "__truediv__": lambda a, b: scale(a, by=1 / b) if is_number(b) and b else divide(a, beside(a, b)),
    "__rtruediv__": lambda a, b: divide(beside(a, b), a),
    "__neg__": lambda a: negate(a),
    "__abs__": lambda a: a.abs(),
    "__pow__": to_the,
    "__rpow__": raised,
    "__matmul__": lambda a, b: product(a, beside(a, b)),
    "__rmatmul__": lambda a, b: product(beside(a, b), a),
    "__getitem__": lambda x, index: getitem(x, index=index),
}
for _name, _operator in (OPERATORS | METHODS).items():
    setattr(Tensor, _name, _operator)
explaining(__name__)

"""What can be asked of a tensor itself, and what may stand beside it?  x.exp(), x.sum(0), x.view(2, 3), x / 3, x @ w.

An op of one array that needs nothing else is a method of the same name, and its constants, which go by keyword to the
op, may be given to the method in their order: x.sum(0, True).  Where PyTorch and NumPy give several numbers one after
the other, as in x.reshape(2, 3), the method is written out below.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinyformer import ops
from tinyformer.backend import is_array
from tinyformer.engine import Primitive, Tensor

NAMES = ("abs clip cos cumsum exp flatten gelu log log_softmax masked_softmax max mean min negate normalize prod relu "
         "sigmoid sin softmax split sqrt squeeze std sum tanh unsqueeze var").split()


def method(name: str) -> Callable:
    """x.name(...), which is ops.name(x, ...); the op is looked up when it is called, for its file may not be open."""
    def call(x, *values, **constants):
        op = getattr(ops, name)
        if not values:
            return op(x, **constants)
        if not isinstance(op, Primitive):
            return op(x, *values, **constants)
        if len(values) > len(op.constants):
            raise TypeError(f"{name}: {len(values)} values; there are at most {len(op.constants)}: "
                            f"{', '.join(op.constants) or 'none'}")
        given = dict(zip(op.constants, values, strict=False))
        if twice := given.keys() & constants.keys():
            raise TypeError(f"{name}: {min(twice)} is given twice, by place and by keyword")
        return op(x, **given, **constants)

    call.__name__, call.__qualname__ = name, f"Tensor.{name}"
    call.__doc__ = f"`ops.{name}` of this tensor."
    return call


def reshaped(x, *shape) -> Tensor:
    """The same numbers in another shape, x.reshape(2, -1) or x.reshape((2, -1)); PyTorch's view too."""
    return ops.reshape(x, shape=_unpacked(shape))


def transposed(x, *axes) -> Tensor:
    """The axes in another order, reversed where none is given: NumPy's transpose, PyTorch's permute.

    Two axes are exchanged by x.swapaxes(0, 1), which is what PyTorch's transpose(0, 1) does.
    """
    return ops.transpose(x, axes=_unpacked(axes) or None)


def norm(x, order=2, axis=None, keepdims: bool = False, **other) -> Tensor:
    """The Euclidean length over `axis`; in the first place stands the order, as in PyTorch, which can only be 2."""
    if other:
        from tinyformer import wrong_calls  # opened by a mistake alone
        raise TypeError(wrong_calls.keywords("norm", other, ["order", "axis", "keepdims"]))
    if order != 2:
        raise ValueError(f"norm: the order is {order}; there is the Euclidean length alone, x.norm(axis=...); write "
                         "another one out: x.abs().sum()")
    return ops.norm(x, axis=axis, keepdims=keepdims)


def swapaxes(x, first: int, second: int) -> Tensor:
    """Two axes change places."""
    return ops.swapaxes(x, first=first, second=second)


def broadcast_to(x, *shape) -> Tensor:
    """x stretched to a shape: x.broadcast_to(2, 3) or x.broadcast_to((2, 3))."""
    return ops.broadcast_to(x, shape=_unpacked(shape))


def is_number(x) -> bool:
    """Is this a number of Python's, or a whole one of NumPy's, which keeps the precision of what it meets?"""
    return isinstance(x, (int, float, np.integer)) and not isinstance(x, bool)


def beside(x, other) -> Any:
    """What stands beside a tensor: a plain array of whole numbers, or a mask, counts as numbers of its precision."""
    if type(other) is Tensor:
        return other
    if isinstance(other, np.integer):
        return int(other)
    return other.astype(x.dtype) if is_array(other) and other.dtype.kind in "iub" else other


def to_the(x, exponent) -> Tensor:
    """x ** exponent."""
    exponent = beside(x, exponent)
    return ops.power(x, exponent=exponent) if is_number(exponent) else ops.pow(x, exponent)


def raised(exponent, base) -> Tensor:
    """base ** exponent, where the exponent is the tensor."""
    if not is_number(base):
        return ops.pow(beside(exponent, base), exponent)
    if base <= 0:
        raise ValueError(f"power: the base is {base}; under an exponent that is a tensor it must be above 0")
    return ops.exp(ops.scale(exponent, by=math.log(base)))


def product(a, b) -> Tensor:
    """a @ b, in which a vector is a row on the left and a column on the right, as in PyTorch and NumPy."""
    left, right = getattr(a, "ndim", 2) == 1, getattr(b, "ndim", 2) == 1
    if not left and not right:
        return ops.matmul(a, b)
    out = ops.matmul(ops.reshape(a, shape=(1, -1)) if left else a, ops.reshape(b, shape=(-1, 1)) if right else b)
    shape = out.shape[:-2] + (() if left else out.shape[-2:-1]) + (() if right else out.shape[-1:])
    return ops.reshape(out, shape=shape)


def _unpacked(numbers: tuple) -> tuple:
    """(2, 3) for both x.reshape(2, 3) and x.reshape((2, 3)), and for x.reshape([2, 3])."""
    return tuple(numbers[0]) if len(numbers) == 1 and isinstance(numbers[0], tuple | list) else numbers


METHODS: dict[str, Any] = {name: method(name) for name in NAMES} | {
    "reshape": reshaped, "view": reshaped, "transpose": transposed, "permute": transposed, "norm": norm,
    "broadcast_to": broadcast_to, "swapaxes": swapaxes,
    "T": property(lambda x: ops.transpose(x)),
}

"""How are matrices multiplied on a GPU?  By cuBLAS; and, where it is asked for, with factors of 16 bits.

Parameters, sums and everything between the products stay float32.  In half precision the factors of a product are
rounded on their way in, which the tensor cores multiply several times as fast, and its result is rounded once.  Stacks
of matrices are not: CuPy would make float32 of float16 again, and multiplies no stacks of bfloat16.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from tinyformer.ops.linear import sum_rows

_factors: list = []                           # the type that factors are rounded to, while somebody asks for one


@contextmanager
def factors_of(dtype) -> Iterator[None]:
    """Inside this block the factors of float32 products are rounded to `dtype`."""
    _factors.append(dtype)
    try:
        yield
    finally:
        _factors.pop()


def product(xp, a, b):
    """a @ b over the last two axes, in the precision that is asked for."""
    if not _factors or a.dtype.name != "float32" or max(a.ndim, b.ndim) > 2:
        return a @ b
    return (a.astype(_factors[-1]) @ b.astype(_factors[-1])).astype(xp.float32)


def fit(x, weight, bias) -> bool:
    """Are they x (..., I), weight (O, I) and bias (O,)?"""
    return weight.ndim == 2 and x.shape[-1:] == weight.shape[1:] and (bias is None or bias.shape == weight.shape[:1])


def rows_of(x):
    """x (..., I) as rows (N, I)."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def affine_backward(xp, dout, rows, weight, shape: tuple, biased: bool) -> tuple:
    """What `ops.linear.affine` gives back for dout (N, O)."""
    dx = product(xp, dout, weight).reshape(shape)
    dweight = product(xp, dout.T, rows)
    return (dx, dweight, sum_rows(xp, dout)) if biased else (dx, dweight)


def affine(xp, x, weight, bias=None):
    """`ops.affine`, in the precision that is asked for."""
    if not fit(x, weight, bias):
        return None
    rows = rows_of(x)
    out = product(xp, rows, weight.T)                          # (N, O)
    if bias is not None:
        out += bias
    shape, biased = x.shape, bias is not None

    def backward(dout):
        return affine_backward(xp, dout.reshape(len(rows), weight.shape[0]), rows, weight, shape, biased)

    return out.reshape(*shape[:-1], weight.shape[0]), backward

"""How do gradients pass a matrix product, and a table of word vectors?

For out = a b, δout = δa b + a δb, and a factor goes to the other side of an inner product transposed:
<dout, δa b> = <dout bᵀ, δa> and <dout, a δb> = <aᵀ dout, δb>.  So each factor's gradient needs the other one.
`affine` and `embedding` are that rule, once for a weight that all positions share, once for rows picked by number.
"""

import math
from typing import Any

import numpy as np

from tinyformer.backend import scatter_add, to_host
from tinyformer.engine import Call, primitive

FEW, LARGE = 6, 1 << 18                       # rows; numbers in a weight, 1 MB of float32: see `product_of_rows`


@primitive(linear=True, keeps="a, b")
def matmul(xp, a, b):
    """a @ b over the last two axes: (..., T, C) @ (..., C, S) -> (..., T, S); leading axes broadcast."""
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"matmul: a is {a.shape}, b is {b.shape}; both need two axes or more, reshape vectors first")
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matmul: a is {a.shape}, b is {b.shape}; "
                         f"a's last axis ({a.shape[-1]}) must equal b's second-last ({b.shape[-2]})")

    def backward(dout):
        return dout @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ dout

    return a @ b, backward


@primitive(linear=True, keeps="x, weight")
def affine(xp, x, weight, bias=None):
    """x @ weight.T + bias: x (..., I), weight (O, I), bias (O,) -> (..., O).

    The weight is shared by all positions, so they are laid out as the rows of one matrix, and its gradient is one
    product over all rows, not a sum of many small ones.  The bias is in every row, and gets the sum of dout over them.
    """
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[1:] or bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"affine: x is {x.shape}, weight is {weight.shape}, "
                         f"bias is {None if bias is None else bias.shape}; for x (..., I) they must be (O, I) and (O,)")
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])     # (N, I)
    out = product_of_rows(xp, rows, weight)                    # (N, O)
    shape, biased = x.shape, bias is not None
    if biased:
        out += bias

    def backward(dout):                                        # δout = δrows weightᵀ + rows δweightᵀ + δbias
        dout = dout.reshape(len(rows), weight.shape[0])        # (N, O)
        dx = (dout @ weight).reshape(shape)
        dweight = dout.T @ rows                                # (O, I): the transpose of rowsᵀ dout
        return (dx, dweight, sum_rows(xp, dout)) if biased else (dx, dweight)

    return out.reshape(*x.shape[:-1], weight.shape[0]), backward


def product_of_rows(xp, rows, weight):
    """rows @ weight.T: rows (N, I), weight (O, I) -> (N, O)."""
    if xp is np and len(rows) <= FEW and weight.size >= LARGE and rows.dtype.kind == "f":
        from tinyformer.ops.few_rows import product_of_few_rows  # a faster way, for writing
        return product_of_few_rows(rows, weight)
    return rows @ weight.T


def sum_rows(xp, rows):
    """The sum over the first axis of (N, C), as a product with ones, which is faster than .sum(0)."""
    return xp.ones(rows.shape[0], rows.dtype) @ rows


@primitive(linear=True, keeps="ids")
def embedding(xp, weight, *, ids):
    """Rows of a table: weight (V, C), whole numbers ids (...) -> (..., C).

    Place i holds a copy of row ids_i, so <dout, δout> is the sum of <dout_i, δweight[ids_i]>, and beside δweight[v]
    stand the dout_i of all places with ids_i = v: a word that occurs several times gathers them, so backward adds and
    never assigns.  The ids are kept, and of the table its shape.
    Raises IndexError for an id outside 0 ... V-1.
    """
    if weight.ndim != 2:
        raise ValueError(f"embedding: weight is {weight.shape}; it must be (V, C), one row for each id")
    rows = check_ids("embedding", ids, weight.shape[0])
    picked, shape = xp.asarray(rows.ravel()), weight.shape     # (N,), (V, C)

    def backward(dout):
        dweight = xp.zeros(shape, dout.dtype)
        add_rows(xp, dweight, picked, dout.reshape(len(picked), shape[1]))
        return dweight

    return weight[picked].reshape(*rows.shape, shape[1]), backward


def add_rows(xp, table, ids, rows) -> None:
    """table[ids] += rows, with repeated ids: table (V, C), ids (N,), rows (N, C).

    The plain way is `scatter_add(xp, table, ids, rows)`.  NumPy adds single numbers much faster than rows, so
    there the table is taken as one long vector, in which id i owns the places i*C ... i*C + C-1.
    """
    if xp is not np:
        scatter_add(xp, table, ids, rows)
        return
    width = table.shape[1]
    places = (ids.astype(np.intp)[:, None] * width + np.arange(width)).ravel()     # ids of one byte would overflow
    scatter_add(np, table.reshape(-1), places, rows.reshape(-1))


def check_ids(op: str, ids, size: int, ignore=None) -> Any:
    """The ids as a whole-number array, after a look at their range; the look is why ids are best kept on the host.

    A GPU would wrap an id outside the table round to another row without a word, so this is checked on both.
    """
    ids = ids if hasattr(ids, "dtype") else np.asarray(ids, dtype=None if np.size(ids) else int)
    if ids.dtype.kind not in "iu":
        raise TypeError(f"{op}: ids have dtype {ids.dtype}; they must be whole numbers")
    if ids.size:
        host = to_host(ids)
        wrong = (host < 0) | (host >= size)
        if ignore is not None:
            wrong &= host != ignore
        if wrong.any():
            raise IndexError(f"{op}: id {host[wrong][0]} is out of range; {size} rows allow 0 to {size - 1}")
    return ids


@matmul.case
def _(rng):
    """one matrix against a stack of them"""
    return Call(rng.normal(size=(3, 4)), rng.normal(size=(2, 4, 2)))


@affine.case
def _(rng):
    """positions in two axes"""
    return Call(rng.normal(size=(2, 3, 4)), rng.normal(size=(5, 4)), rng.normal(size=5))


@affine.case
def _(rng):
    """without a bias"""
    return Call(rng.normal(size=(3, 4)), rng.normal(size=(2, 4)))


@affine.case
def _(rng):
    """one position alone"""
    return Call(rng.normal(size=(1, 4)), rng.normal(size=(3, 4)), rng.normal(size=3))


@embedding.case
def _(rng):
    """a word that comes three times"""
    return Call(rng.normal(size=(5, 3)), ids=np.array([[1, 1, 4], [0, 1, 2]]))

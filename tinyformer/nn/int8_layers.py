"""How does a model write that takes a quarter of the memory?  With weights of one byte, and a scale for each row.

A row w of a matrix is kept as whole numbers q = round(w / s) from -127 to 127, with s = max |w| / 127, so that no
number is off by more than s / 2: 0.4 % of the largest in its row.  The products are those of float32: some rows at a
time become floats in a piece that stays in the cache, are multiplied, and are forgotten.  (Dettmers et al. 2022,
LLM.int8(), section 2, for rows with scales of their own; activations stay as they are here.)

Such a model reads and writes, and does not learn.  What reads a weight itself, past its layer, finds NaN there.
"""

import numpy as np

from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.nn.blocks import FeedForward
from tinyformer.nn.layers import Embedding, Linear
from tinyformer.nn.module import Module, modules_in
from tinyformer.ops import gelu
from tinyformer.ops.linear import check_ids

LARGEST = 127
PIECE = 1 << 16                               # numbers that are floats at a time: 256 kB


class Int8Rows:
    """A matrix (O, I) of float32 as bytes, with a scale (O, 1) for each row."""

    def __init__(self, weight: np.ndarray):
        top = np.abs(weight).max(1, keepdims=True).astype(np.float32)
        self.scale = np.where(top > 0, top, 1) / np.float32(LARGEST)
        self.bytes = np.rint(weight / self.scale).astype(np.int8)

    @property
    def nbytes(self) -> int:
        """What they take up."""
        return self.bytes.nbytes + self.scale.nbytes

    def product(self, rows: np.ndarray) -> np.ndarray:
        """rows (N, I) @ weight.T -> (N, O)."""
        outputs, inputs = self.bytes.shape
        out = np.empty((len(rows), outputs), np.float32)
        size = max(1, PIECE // inputs)
        piece = np.empty((min(size, outputs), inputs), np.float32)
        for first in range(0, outputs, size):
            some = self.bytes[first:first + size]
            np.copyto(piece[:len(some)], some)
            np.matmul(rows, piece[:len(some)].T, out=out[:, first:first + size])
        out *= self.scale[:, 0]
        return out

    def taken(self, ids: np.ndarray) -> np.ndarray:
        """The rows of these ids (...) as floats, (..., I)."""
        return self.bytes[ids] * self.scale[ids]


class Int8Linear(Linear):
    """A `Linear` whose weight is kept in bytes."""

    rows: Int8Rows

    def __call__(self, x):
        out = _compared(x, self.rows)
        return out if self.bias is None else Tensor(out.data + self.bias.data, requires_grad=False)


class Int8Embedding(Embedding):
    """An `Embedding` whose table is kept in bytes."""

    rows: Int8Rows

    def __call__(self, ids):
        return Tensor(self.rows.taken(check_ids("embedding", ids, len(self.rows.bytes))), requires_grad=False)

    def scores(self, x):
        return _compared(x, self.rows)


class Int8FeedForward(FeedForward):
    """A `FeedForward` of two such layers."""

    def __call__(self, x):
        return self.narrow(gelu(self.widen(x), approximate=self.approximate))


FORMS: dict[type, type] = {Linear: Int8Linear, Embedding: Int8Embedding, FeedForward: Int8FeedForward}


def keep_in_bytes(model: Module) -> int:
    """Turn all matrices of a float32 model on the CPU into bytes, for good; how many bytes they take up now.

    InputError for another precision or a GPU; ValueError where there is no layer to turn, or no longer.
    """
    kinds = {(type(p.data), p.dtype) for p in model.parameters()}
    if kinds != {(np.ndarray, np.dtype(np.float32))}:
        raise InputError("weights in int8 are made from float32 on the CPU, and this model is "
                         f"{', '.join(sorted({str(p.dtype) for p in model.parameters()}))} on "
                         f"{model.parameters()[0].device}; take --device cpu, or leave --weights int8 out")
    found = 0
    for module in {id(module): module for _, module in modules_in(model) if type(module) in FORMS}.values():
        module.__class__ = FORMS[type(module)]
        if isinstance(module, Int8Linear | Int8Embedding):
            module.rows = Int8Rows(module.weight.data)
            module.weight.data = np.broadcast_to(np.float32(np.nan), module.weight.shape)
            found += module.rows.nbytes
    if not found:
        raise ValueError(f"{type(model).__name__}: has no Linear and no Embedding whose weights are floats")
    return found


def _compared(x, rows: Int8Rows) -> Tensor:
    """x (..., I) @ weight.T -> (..., O), without a graph; ValueError where somebody wants one."""
    if isinstance(x, Tensor) and x.requires_grad:
        raise ValueError("weights in int8 do not learn, and pass no gradient on; use them within no_grad()")
    data = x.data if isinstance(x, Tensor) else x
    out = rows.product(data.reshape(-1, data.shape[-1]))
    return Tensor(out.reshape(*data.shape[:-1], out.shape[1]), requires_grad=False)

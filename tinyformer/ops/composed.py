"""Which familiar functions need no derivative of their own?  Those that are other ops put together.

Each is a plain function of tensors: the graph sees the ops inside, and their backwards do the rest.
"""

import functools
import inspect
from collections.abc import Callable, Sequence

from tinyformer import wrong_calls
from tinyformer.engine import Tensor
from tinyformer.ops.shape import getitem, reshape
from tinyformer.ops.softmax import masked_softmax


def composed(function: Callable) -> Callable:
    """The function, which says as ops do what a keyword of PyTorch's is called here."""
    known = list(inspect.signature(function).parameters)[1:]

    @functools.wraps(function)
    def call(*given, **constants):
        if unknown := wrong_calls.keywords(function.__name__, constants, known):
            raise TypeError(unknown)
        return function(*given, **constants)

    return call


@composed
def softmax(x, axis: int = -1) -> Tensor:
    """Softmax over all places of `axis`, the last one unless told otherwise: `masked_softmax` without a mask."""
    return masked_softmax(x, axis=axis)


@composed
def flatten(x, start: int = 0, end: int = -1) -> Tensor:
    """The axes from `start` to `end`, both included, as one: x (A, B, C).flatten(1) is (A, B * C), as in PyTorch."""
    if not x.ndim:
        return reshape(x, shape=(1,))
    first, last = _place("flatten", x, start), _place("flatten", x, end)
    if first > last:
        raise ValueError(f"flatten: x is {x.shape}, start is {start}, end is {end}; start must not be behind end")
    side = 1
    for length in x.shape[first:last + 1]:
        side *= length
    return reshape(x, shape=(*x.shape[:first], side, *x.shape[last + 1:]))


@composed
def squeeze(x, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """x without `axis`, or without all axes of length 1; ValueError for an axis of another length, as in NumPy."""
    if axis is None:
        return reshape(x, shape=tuple(side for side in x.shape if side != 1))
    gone = {_place("squeeze", x, a) for a in (axis if isinstance(axis, tuple) else (axis,))}
    if long := [a for a in sorted(gone) if x.shape[a] != 1]:
        raise ValueError(f"squeeze: x is {x.shape}; axis {long[0]} has length {x.shape[long[0]]}, and only an axis of "
                         "length 1 can be left out")
    return reshape(x, shape=tuple(side for a, side in enumerate(x.shape) if a not in gone))


@composed
def unsqueeze(x, axis: int) -> Tensor:
    """x with a new axis of length 1 at place `axis` of the result; x[:, None] says the same."""
    place = axis + x.ndim + 1 if axis < 0 else axis
    if not 0 <= place <= x.ndim:
        raise ValueError(f"unsqueeze: x is {x.shape}; axis {axis} is out of bounds, the new one can stand from "
                         f"{-x.ndim - 1} to {x.ndim}")
    return reshape(x, shape=(*x.shape[:place], 1, *x.shape[place:]))


@composed
def split(x, size: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
    """x cut along `axis` into pieces of `size` (the last may be shorter), or of the sizes in a list, as in PyTorch.

    (In NumPy a number says how many pieces, and a list says where to cut.)
    """
    place = _place("split", x, axis)
    length = x.shape[place]
    if isinstance(size, int):
        if size < 1:
            raise ValueError(f"split: size is {size}; a piece must have a length of at least 1")
        size = [min(size, length - start) for start in range(0, max(length, 1), size)]
    if sum(size) != length:
        raise ValueError(f"split: x is {x.shape}, sizes are {list(size)}; they must add up to {length}, the length of "
                         f"axis {axis}")
    pieces, start = [], 0
    for side in size:
        pieces.append(getitem(x, index=(slice(None),) * place + (slice(start, start + side),)))
        start += side
    return tuple(pieces)


def _place(name: str, x, axis: int) -> int:
    """An axis counted from the left; ValueError where x has none such."""
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{name}: x is {x.shape}; axis {axis} is out of bounds")
    return axis % x.ndim

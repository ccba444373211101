"""Who wrote into an array that backward still needed, and which op made the first NaN?

Both give wrong numbers without a word, and looking at every number costs as much as a small op.  So nobody looks,
unless somebody asks: `with tinyformer.guard(): loss = model.loss(batch)`, and then `loss.backward()` as always.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tinyformer.backend import is_array, library, to_host
from tinyformer.engine import Primitive, Tensor
from tinyformer.errors import NumericError
from tinyformer.inside.watching import watched
from tinyformer.kept import kept_by

PACKAGE = Path(__file__).parents[1]
BELOW = tuple(str(PACKAGE / part) for part in ("engine.py", "ops", "inside"))             # no place where an op is used


@contextmanager
def guard(changes: bool = True, nan: bool = True) -> Iterator[None]:
    """Inside this block ops are guarded: the graph that is made here is held to its numbers, also afterwards.

    `changes`: an array or an index that an op keeps, and that is another one when its backward runs, is a ValueError.
    `nan`: the first NaN in a result, or in a gradient that is asked for, is a NumericError.  (Infinities are none: they
    may stand in a mask.)  Each names the op, the array, and the line in which the op was called.
    """
    def watch(call, op, inputs, constants):
        place = _place(sys._getframe(2))
        out = call(op, *inputs, **constants)
        if nan and _nans(out.data):
            raise NumericError(_first(op, place, inputs, out))
        if out.node is not None:
            out.node.backward = _guarded(op, out.node.backward, [p is not None for p in out.node.parents], place,
                                         changes, nan)
        return out

    with watched(watch):
        yield


def _guarded(op: Primitive, backward: Callable, asked: list[bool], place: str, changes: bool, nan: bool) -> Callable:
    """The same backward, which looks before and afterwards."""
    kept = [(name, thing, _print(thing)) for name, thing in (*kept_by(backward), *_lists(backward))] if changes else []

    def guarded(dout, **last):
        for name, thing, before in kept:
            if _print(thing) != before:
                raise ValueError(f"{op.name}: {name} {_kind(thing)} is kept for backward, and has been written to "
                                 f"since forward ran; forward was called in {place}.  Run backward before, or write "
                                 "to a copy")
        incoming = _nans(dout) if nan else 0
        grads = backward(dout, **last)
        for i, grad in enumerate(grads if type(grads) is tuple else (grads,)) if nan and not incoming else ():
            if asked[i:i + 1] == [True] and is_array(grad) and _nans(grad):
                raise NumericError(f"{op.name}: its backward made the first NaN, {_nans(grad)} in the gradient of "
                                   f"input {i} {grad.shape}; the gradient that came in held none ({_range(dout)}); "
                                   f"forward was called in {place}")
        return grads

    return guarded


def _first(op: Primitive, place: str, inputs: tuple, out: Tensor) -> str:
    """What to say of a result with NaN in it."""
    arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
    names = op.inputs if len(op.inputs) == len(arrays) else [f"input {i}" for i in range(len(arrays))]
    seen = ", ".join(f"{name} {_range(a)}" for name, a in zip(names, arrays, strict=False) if is_array(a))
    given = any(is_array(a) and _nans(a) for a in arrays)
    how = "it came in with an input, that no op made" if given else "no input holds one"
    return f"{op.name}: {_nans(out.data)} NaN in its result {out.shape}, called in {place}; {how}: {seen}"


def _nans(array) -> int:
    return int(to_host(library(array).isnan(array).sum()))


def _range(array) -> str:
    """What an array holds, in a few words."""
    host = to_host(array).real
    if not host.size:
        return f"is {host.shape}, of no numbers"
    if not (host == host).any():
        return "is NaN everywhere"
    numbers = host[host == host]
    return f"is from {numbers.min():.4g} to {numbers.max():.4g}" + (" and NaN" if numbers.size < host.size else "")


def _print(thing) -> Any:
    """A fingerprint of an array, or of a list."""
    return hash(to_host(thing).tobytes()) if is_array(thing) else repr(thing)


def _kind(thing) -> str:
    return f"({thing.dtype} {thing.shape})" if is_array(thing) else f"({type(thing).__name__})"


def _lists(backward: Callable) -> list[tuple[str, object]]:
    """The lists that a backward mentions, x[[0, 2]], which can be written to as well."""
    function: Any = backward
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    named = zip(function.__code__.co_freevars, cells, strict=True)
    return [(name, thing) for name, thing in named if isinstance(thing, list) or isinstance(thing, tuple)
            and any(isinstance(part, list) for part in thing)]


def _place(frame: FrameType | None) -> str:
    """The line in which the op was called, and where that is within this package the line of its user's before."""
    lines: list[str] = []
    while frame is not None:
        file = frame.f_code.co_filename
        inside = file.startswith(str(PACKAGE))
        if not file.startswith(BELOW) and not (inside and lines):
            lines.append(f"{file}:{frame.f_lineno}, {frame.f_code.co_qualname}")
        if lines and not inside:
            break
        frame = frame.f_back
    return ", called in ".join(lines) or "no file"

"""Are all primitives right?  Nobody writes a list of them: the engine's registry is walked, and a user's file too."""

import copy
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinyformer.backend import to_device, to_host
from tinyformer.engine import REGISTRY, Call, Primitive, Tensor
from tinyformer.errors import InputError
from tinyformer.gradcheck.checks import CHECKS, check, nearest
from tinyformer.gradcheck.report import Report, Row
from tinyformer.gradcheck.user_file import line_of, run_file
from tinyformer.ops import every
from tinyformer.rng import stream


def check_registry(names: Iterable[str] | None = None, seed: int = 0, ops: Iterable[Primitive] | None = None,
                   device: str = "cpu") -> Iterator[Report]:
    """One report after the other, for the primitives that `select(names, ops)` chooses.

    Those of `ops` need not run on complex numbers.
    """
    own = list(ops or ())
    return (check_op(op, seed, device, complex_too=op not in own) for op in select(names, own or None))


def select(names: Iterable[str] | None = None, ops: Iterable[Primitive] | None = None) -> list[Primitive]:
    """The primitives with these names, or all, out of `ops` (as `load_primitives` gives them) or of the registry.

    Names that `ops` lacks are looked up in the registry.  Raises InputError for an unknown one, with the nearest names.
    """
    every()
    own = {op.name: op for op in ops} if ops is not None else REGISTRY
    known = {**REGISTRY, **own}
    return [known[nearest("op", name, known)] for name in names] if names else list(own.values())


def check_op(op: Primitive, seed: int = 0, device: str = "cpu", complex_too: bool = True) -> Report:
    """Make every check at every case of a primitive, and hold it to what its special points state.

    One row for each check, with the largest error over the cases.  Running on complex numbers is part of being right
    here; without `complex_too` what needs them is only noted where they cannot pass, and differences judge.  An op
    without a case fails, for nothing is known about it.
    """
    rows: dict[str, Row] = {}
    checks = [c for c in CHECKS if c != "Taylor" and (c != "adjoint" or op.linear)] if complex_too else None
    for title, case in op.cases.items():
        for row in _guarded(title, _check_case, op, case, stream(seed, f"{op.name}: {title}"), device, checks):
            rows[row.check] = _worse(rows.get(row.check), row)
    for title, special in op.specials.items():
        for row in _guarded(title, _check_special, op, special, stream(seed, f"{op.name}: {title}"), device):
            rows[row.check] = _worse(rows.get(row.check), row)
    if not op.cases:
        rows["cases"] = Row("cases", None, 0.0, False, f"there is none to check at; write one with @{op.name}.case")
    return Report(op.name, list(rows.values()), cases=len(op.cases) + len(op.specials))


def calling(op: Primitive, call: Call):
    """A function of the arrays alone: the constants are copied for each run, so that a generator starts anew."""
    return lambda *tensors: op(*tensors, **copy.deepcopy(call.constants))


def _check_case(op: Primitive, case, rng, device: str, checks) -> list[Row]:
    call = _call(op, "case", case, rng)
    arrays = [to_device(a, device) for a in call.arrays]
    f: Any = calling(op, call)
    f.linear = op.linear                                       # for where no checks are named
    return check(f, *arrays, checks=checks, seed=int(rng.integers(2**32))).rows


def _call(op: Primitive, kind: str, function, rng) -> Call:
    """What a case returns; TypeError where it is no call."""
    call = function(rng)
    if isinstance(call, Call):
        return call
    form = "Call(x, constant=...)" if kind == "case" else "Special(x, constant=...).expect(out=..., grads=(...,))"
    raise TypeError(f"the {kind} returned {type(call).__name__}; @{op.name}.{kind} must return {form}, the arguments "
                    "of one call")


def _check_special(op: Primitive, special, rng, device: str) -> list[Row]:
    """Value and subgradient as stated, or finite where nothing is stated, in float64; finite in float32 too."""
    call, rows = _call(op, "special", special, rng), []
    stated = [getattr(call, "out", None), *(getattr(call, "grads", None) or [None] * len(call.arrays))]
    dout = getattr(call, "dout", None)
    for dtype, bound in ((np.float64, 1e-10), (np.float32, np.inf)):
        arrays = [np.asarray(a, dtype) for a in call.arrays]
        leaves = [Tensor(to_device(a.copy(), device)) for a in arrays]
        with np.errstate(all="ignore"):
            out = calling(op, call)(*leaves)
            out.backward(to_device(np.ones(out.shape, dtype) if dout is None else np.array(dout, dtype), device))
        found = [to_host(out.data), *(to_host(leaf.grad) for leaf in leaves)]
        error = max(_distance(a, b) for a, b in zip(found, stated, strict=True))
        kept = all(to_host(leaf.data).tobytes() == a.tobytes() for leaf, a in zip(leaves, arrays, strict=True))
        good = error <= bound and error < np.inf
        note = "" if good else f"in {dtype.__name__}: value and gradients are {_show(found)}"
        rows.append(Row("special", error if dtype is np.float64 else 0.0, 1e-10, good, note))
        rows.append(Row("twice", 0.0, 0.0, kept, "" if kept else "an input was overwritten"))
    return rows


def _distance(found: np.ndarray, stated) -> float:
    """How far off, relative to 1 + |stated|; infinite for another shape and for what is unexpectedly not finite.

    A stated NaN is equal to NaN.
    """
    if stated is None:
        return 0.0 if np.isfinite(found).all() else np.inf
    stated = np.asarray(stated, np.float64)
    if found.shape != stated.shape:
        return np.inf
    with np.errstate(invalid="ignore"):
        same = (found == stated) | np.isnan(found) & np.isnan(stated)
        error = np.where(same, 0, np.abs(found - stated) / (1 + np.abs(stated)))
    return float(np.nan_to_num(error, nan=np.inf).max(initial=0))


def _show(arrays) -> str:
    return ", ".join(" ".join(np.array2string(a, precision=4, threshold=8).split()) for a in arrays)


def _guarded(title: str, examine, *arguments) -> list[Row]:
    """The rows of one case, each failure with the case's title; a case or an op that raises is a failure itself."""
    try:
        rows = examine(*arguments)
    except Exception as error:                                 # one broken op must not hide the others
        rows = [Row("runs", None, 0.0, False, line_of(error))]
    return [row if row.ok else row._replace(note=f"{title}: {row.note}".removesuffix(": ")) for row in rows]


def _worse(one: Row | None, other: Row) -> Row:
    """Of two rows of one check the one to show: a failure first, then the larger error."""
    if one is None or one.ok and not other.ok:
        return other
    if one.ok != other.ok or one.error is None or other.error is None:
        return one
    return other if other.error > one.error else one


def load_primitives(path: str | Path) -> list[Primitive]:
    """The primitives that a Python file defines, registered or not, in the order of their definition.

    The file is run by `run_file`, so that the registry is afterwards what it was.
    Raises InputError for a file that is missing, does not run (file, line and cause), or defines no primitive.
    """
    module, registered = run_file(path)
    found = [*vars(module).values(), *registered]
    ops = list({id(op): op for op in found if isinstance(op, Primitive) and op.__module__ == module.__name__}.values())
    if not ops:
        raise InputError(f"{path}: defines no primitive; write @tinyformer.primitive above def my_op(xp, x): ..., "
                         "and a case below it, @my_op.case")
    return ops

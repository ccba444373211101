"""How does a judge say what differs?  The call, what came and what should have come, as short as it can be told."""

from typing import Any

import numpy as np

from tinyformer.engine import Call, Tensor

LONGEST = 200                                 # characters of a call that is shown whole
MANY = 24                                     # numbers in an array that is shown whole
FEW = 3                                       # entries of a dictionary that are shown


def same(a: Any, b: Any) -> bool:
    """Do two outcomes agree?  Numbers to ten digits, float32 to six, NaN with NaN, everything else exactly."""
    if type(a) is type(b) is float and a == b:                 # most of them, and much faster
        return True
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    a, b = (x.data if isinstance(x, Tensor) else x for x in (a, b))
    if any(isinstance(x, np.ndarray | np.generic | float) for x in (a, b)):
        try:
            a, b = np.asarray(a), np.asarray(b)
        except ValueError:
            return False
        return a.shape == b.shape and (a.dtype.kind == "b") == (b.dtype.kind == "b") and bool(_agree(a, b).all())
    return type(a) is type(b) and bool(a == b)


def difference(given: Any, right: Any, digits: int = 5) -> str:
    """What came and what is right; of dictionaries only where they differ, of large arrays the first such place."""
    given, right = (x.data if isinstance(x, Tensor) else x for x in (given, right))
    if isinstance(right, dict) and isinstance(given, dict) and given.keys() == right.keys():
        off = [key for key in right if not same(given[key], right[key])]
        told = [f"{key}: yours {one}, right {other}" for key in off[:FEW]
                for one, other in [_apart(given[key], right[key], digits)]]
        return "; ".join([*told, *([f"and {len(off) - FEW} more"] if len(off) > FEW else [])]) + "."
    if isinstance(right, tuple) and isinstance(given, tuple) and len(given) == len(right):
        place = next(i for i in range(len(right)) if not same(given[i], right[i]))
        if any(isinstance(x, np.ndarray) for x in right):
            return f"in the {_ordinal(place)} of the {len(right)} results {difference(given[place], right[place])}"
    if isinstance(right, np.ndarray) and isinstance(given, np.ndarray | np.generic | list):
        try:
            given = np.asarray(given)
        except ValueError:
            return f"yours gives rows of unequal length; right is an array of shape {right.shape}."
        if given.shape != right.shape:
            return f"yours gives an array of shape {given.shape}; right is {right.shape}."
        if (given.dtype.kind == "b") != (right.dtype.kind == "b"):
            return f"yours gives numbers of type {given.dtype}; right are numbers of type {right.dtype}."
        if right.size > MANY:
            where = tuple(map(int, np.argwhere(~_agree(given, right))[0]))
            one, other = _apart(given[where], right[where], digits)
            return f"at {list(where)} yours has {one}; right is {other}."
    one, other = _apart(given, right, digits)
    return f"yours gives {one}; right is {other}."


def call_text(name: str, call: Call) -> str:
    """The call as one would write it, or nothing where it is too long to be read."""
    parts = [*map(shown, call.arrays), *(f"{key}={shown(value)}" for key, value in call.constants.items())]
    text = f"{name}({', '.join(parts)})"
    return text if len(text) <= LONGEST else ""


def shown(value: Any, digits: int = 5) -> str:
    """A value, short enough for a sentence: arrays as lists, numbers with a few digits."""
    text = _text(value, digits)
    return text if len(text) <= 300 else f"{text[:290]} ..."


def _text(value: Any, digits: int) -> str:
    value = value.data if isinstance(value, Tensor) else value
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_text(x, digits)}' for key, x in value.items())}}}"
    if isinstance(value, set | frozenset) and value:
        return f"{{{', '.join(sorted(_text(x, digits) for x in value))}}}"
    if isinstance(value, list | tuple):
        parts = [_text(x, digits) for x in value]
        return f"[{', '.join(parts)}]" if isinstance(value, list) else f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    return " ".join(repr(value).split())


def _apart(given: Any, right: Any, digits: int) -> tuple[str, str]:
    """Both as text, with so many digits that they differ."""
    one, other = shown(given, digits), shown(right, digits)
    return (one, other) if one != other else (shown(given, 17), shown(right, 17))


def _agree(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Place by place."""
    if a.dtype.kind in "biufc" and b.dtype.kind in "biufc":
        single = np.dtype(np.float32) in (a.dtype, b.dtype)
        return np.isclose(a, b, rtol=1e-6 if single else 1e-10, atol=1e-12, equal_nan=True)
    return np.asarray(a == b)


def _ordinal(place: int) -> str:
    return ("first", "second", "third")[place] if place < 3 else f"{place + 1}th"

"""What does a tensor answer where a plain number or a plain array is wanted?

Numbers and arrays have no gradient.  What loses it by intention (comparing, the place of the largest, printing) gives
plain arrays and numbers; what might lose it by mistake is refused, with what to write in its place.
"""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyformer.backend import is_array, to_host
from tinyformer.opening import NotHere

# array + tensor: NumPy calls np.add(array, tensor), and the tensor answers by its own method.
TURNED = {"add": ("+", "__radd__"), "subtract": ("-", "__rsub__"), "multiply": ("*", "__rmul__"),
          "divide": ("/", "__rtruediv__"), "power": ("**", "__rpow__"), "matmul": ("@", "__rmatmul__"),
          "greater": (">", "__lt__"), "greater_equal": (">=", "__le__"), "less": ("<", "__gt__"),
          "less_equal": ("<=", "__ge__"), "equal": ("==", "__eq__"), "not_equal": ("!=", "__ne__")}
FUNCTIONS = ("broadcast_to", "concatenate", "maximum", "minimum", "stack", "where")       # of ops, and of no tensor


def _compared(how: Callable) -> Callable:
    def compare(self, other) -> Any:
        if isinstance(other, Manners):
            other = other.data
        elif not (isinstance(other, int | float | complex | np.generic | list | tuple) or is_array(other)):
            return NotImplemented
        return how(self.data.real, getattr(other, "real", other))

    compare.__doc__ = "A plain boolean array, place by place, of the real parts: a complex step takes the real branch."
    return compare


class Manners:
    """What a Tensor says to those who take it for a number or an array; it has the array, `data`."""

    __slots__ = ()
    data: Any

    __lt__, __le__, __gt__, __ge__ = (_compared(how) for how in (operator.lt, operator.le, operator.gt, operator.ge))
    __eq__, __ne__ = _compared(operator.eq), _compared(operator.ne)
    __hash__ = object.__hash__                 # a tensor is itself: as a key, and in a set

    def item(self) -> Any:
        """The one number of a tensor of size 1, as a Python number; ValueError for any other size."""
        if self.data.size != 1:
            raise ValueError(f"a Tensor of shape {self.data.shape} is not one number; take one, x[0], or bring all to "
                             "one, x.sum()")
        return to_host(self.data).item()

    def numpy(self) -> np.ndarray:
        """The numbers on the host, without a gradient; on the CPU the array itself and no copy."""
        return to_host(self.data)

    def tolist(self) -> Any:
        """The numbers as Python lists, a single one as a number."""
        return to_host(self.data).tolist()

    def argmax(self, axis: int | None = None, keepdims: bool = False, **other) -> Any:
        """The place of the largest along `axis`, the first of equals: whole numbers, a plain array."""
        _no_other("argmax", other)
        return self.data.real.argmax(axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False, **other) -> Any:
        """The place of the smallest along `axis`, the first of equals: whole numbers, a plain array."""
        _no_other("argmin", other)
        return self.data.real.argmin(axis=axis, keepdims=keepdims)

    def __bool__(self) -> bool:
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.item(), digits)

    def __format__(self, form: str) -> str:
        """f"{loss:.4f}" writes the one number; without a form a tensor is written as print does."""
        return format(self.item(), form) if form else str(self)

    def __setitem__(self, index, value):
        raise TypeError("a Tensor cannot be written in place, since backward may need what was there; "
                        "use ops.where or ops.concatenate to make a new one, or write to .data of a leaf")

    def __array__(self, *args, **kwargs):
        raise TypeError("a Tensor is no array, and NumPy's functions would lose its gradient; "
                        "use tinyformer.ops (for example ops.exp), or .data for the numbers alone")

    def __array_ufunc__(self, ufunc, how, *inputs, **constants):
        """An operator with an array on its left; any other function of NumPy's is refused by name."""
        sign, turned = TURNED.get(ufunc.__name__, ("", ""))
        if sign and "out" in constants:
            raise TypeError(f"a {sign}= x writes into the array a, which would lose the gradient of the Tensor x; "
                            f"write a = a {sign} x")
        if not sign or how != "__call__" or constants or isinstance(inputs[0], Manners):
            raise TypeError(self._refused(ufunc.__name__, sign))
        return getattr(self, turned)(inputs[0])

    def __array_function__(self, function, types, arguments, constants):
        if function in (np.shape, np.ndim, np.size):
            return getattr(self, function.__name__)
        raise TypeError(self._refused(function.__name__))

    def _refused(self, name: str, sign: str = "") -> str:
        from tinyformer.elsewhere import OPS  # opened by a mistake alone
        if sign:
            instead = f"x {sign} y"
        elif name in OPS:
            instead = OPS[name]
        elif name in FUNCTIONS or callable(getattr(type(self), name, None)):
            instead = f"ops.{name}"
        else:
            return f"np.{name}: a Tensor is no array; take x.data, the numbers alone, which have no gradient"
        return f"np.{name} would lose the gradient of a Tensor; use {instead}, or x.data for the numbers alone"

    if not TYPE_CHECKING:                      # a type checker would believe that every name is there
        def __getattr__(self, name):
            raise NotHere("Tensor", "a Tensor", name, self)


def _no_other(name: str, given: dict) -> None:
    from tinyformer.wrong_calls import keywords
    if given:
        raise TypeError(keywords(name, given, ["axis", "keepdims"]))

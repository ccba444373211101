"""How does one run a function at other points, forwards and backwards, and leave everything as it was?"""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyformer.backend import to_device, to_host
from tinyformer.engine import Tensor, no_grad


class Trial:
    """A function of tensors and a point: runs it there and nearby, and puts data and gradients back afterwards.

    Inputs are arrays and numbers (f gets them as tensors), tensors, and anything with `.parameters()`, a list of
    tensors.  f is called with the inputs, or with nothing if it takes nothing: `check(lambda: model.loss(x), model)`.
    Their tensors, each once, are the `leaves`; `point` holds their values as float64.  Frozen ones do not move.
    """

    def __init__(self, f: Callable, inputs: Sequence):
        arguments = [_as_input(x) for x in inputs]
        tensors = [t for x in arguments for t in (x.parameters() if hasattr(x, "parameters") else [x])]
        self.leaves = list({id(t): t for t in tensors}.values())               # a tied weight counts once
        if not any(t.requires_grad for t in self.leaves):
            raise ValueError("gradcheck: no input requires a gradient; pass an array, a tensor or a module after f")
        if any(t.dtype.kind == "c" for t in self.leaves):
            raise TypeError("gradcheck: an input is complex; pass real numbers, the checks add imaginary parts")
        self.device = self.leaves[0].device
        self.point = [np.array(to_host(t.data), np.float64) for t in self.leaves]
        self._call = f if _takes_nothing(f) else lambda: f(*arguments)

    @contextmanager
    def at(self, arrays: list) -> Iterator[Tensor]:
        """Let every leaf hold a copy of its array here, and no gradient, inside this block; yields what f computes."""
        before = [(leaf.data, leaf.grad) for leaf in self.leaves]
        try:
            for leaf, array in zip(self.leaves, arrays, strict=True):
                leaf.data, leaf.grad = to_device(np.array(array), self.device), None
            out = self._call()
            if type(out) is not Tensor:
                raise TypeError(f"gradcheck: f returned {type(out).__name__}; it must return a Tensor")
            yield out
        finally:
            for leaf, (data, grad) in zip(self.leaves, before, strict=True):
                leaf.data, leaf.grad = data, grad

    def value(self, arrays: list) -> np.ndarray:
        """f at another point."""
        with no_grad(), self.at(arrays) as out:
            return to_host(out.data)

    def complex_value(self, v: list, h: float) -> np.ndarray:
        """f at the point moved by i h v; losing an imaginary part on the way is an error, not a warning."""
        with complex_or_nothing():
            return self.value(self.along(v, 1j * h))

    def seed(self, out: Tensor, w: np.ndarray) -> Any:
        """A copy of w that can be `out`'s cotangent."""
        return to_device(np.array(w, out.dtype), self.device)

    def backward(self, out: Tensor, w, retain_graph: bool = False) -> list[np.ndarray]:
        """Jᵀw, one array for each leaf: inside `with trial.at(...) as out`."""
        for leaf in self.leaves:
            leaf.grad = None
        out.backward(w, retain_graph=retain_graph)
        return self.gradients()

    def gradients(self) -> list[np.ndarray]:
        """A copy of every leaf's gradient; zeros where none arrived, since f does not use that leaf."""
        return [np.zeros(t.shape) if t.grad is None else np.array(to_host(t.grad)) for t in self.leaves]

    def along(self, v: list, step: complex) -> list:
        """The point moved by `step` in direction v."""
        return [x + step * d for x, d in zip(self.point, v, strict=True)]

    def direction(self, rng: np.random.Generator) -> list[np.ndarray]:
        """A random direction over all leaves jointly."""
        return [rng.normal(size=t.shape) * t.requires_grad for t in self.leaves]


@contextmanager
def complex_or_nothing() -> Iterator[None]:
    """Inside this block a complex number assigned to a real array raises, where NumPy would only warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        yield


def _as_input(x):
    if hasattr(x, "parameters") or isinstance(x, Tensor) and x.node is None:
        return x
    return Tensor(x.data if isinstance(x, Tensor) else x)      # a computed tensor is taken as a leaf of its own


def _takes_nothing(f: Callable) -> bool:
    try:
        return not inspect.signature(f).parameters
    except (TypeError, ValueError):                            # some built-in functions have no signature
        return False


def dot(us: list, vs: list) -> float:
    """The inner product of two lists of arrays."""
    return sum(float((u * v).sum()) for u, v in zip(us, vs, strict=True))


def norm(arrays: list) -> float:
    """The L2 norm of all numbers in a list of arrays."""
    return float(np.sqrt(sum(float((np.abs(a) ** 2).sum()) for a in arrays)))

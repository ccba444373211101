"""What happens to a weight that is used twice?

Gradients arrive at a leaf of the graph one after the other, each an array of the shape of leaf.data, and leaf.grad is
to hold the sum of all that have arrived, None before the first.  accumulate(leaf, grad) takes one of them in:

    leaf.grad = grad_1 + grad_2 + ...

One array may be handed to several leaves (an addition passes the very same dout to both of its inputs), and whoever
handed it over may still read it.  The precision stays that of the gradient: float32 in, float32 out.
"""

from types import SimpleNamespace

import numpy as np

from tinyformer.engine import Call
from tinyformer.exercises.kit import Exercise

EXERCISE = Exercise(
    __doc__, bug="tinygrad's first published form overwrote gradients and did not add them, so that a weight used "
    "twice learned from its last use alone.", hints=(
        "Two things can be there already: nothing, or a sum. What has to happen in each case?",
        "The first gradient must become the leaf's own array. If leaf.grad is the very array that came in, whose "
        "numbers change when the second one is added in place?",
        "None: leaf.grad = grad.copy(). Else leaf.grad + grad, or += now that the array is the leaf's own."))


@EXERCISE.solution
def accumulate(leaf, grad) -> None:
    """Add `grad` to leaf.grad, which is None before the first."""
    leaf.grad = grad.copy() if leaf.grad is None else leaf.grad + grad


@EXERCISE.observe
def _(theirs, call):
    arrays = [array.copy() for array in call.constants["grads"]]
    leaves: dict = {}
    for name, number in call.constants["arrivals"]:
        leaf = leaves.setdefault(name, SimpleNamespace(data=np.zeros_like(arrays[0]), grad=None))
        theirs(leaf, arrays[number])
    seen = {f"{name}.grad": leaf.grad for name, leaf in leaves.items()}
    seen |= {f"precision of {name}.grad": str(getattr(leaf.grad, "dtype", type(leaf.grad).__name__))
             for name, leaf in leaves.items()}
    return seen | {f"afterwards grads[{i}]": array for i, array in enumerate(arrays)}


def points(rng, count: int, *arrivals: tuple[str, int], dtype=np.float64) -> Call:
    return Call(grads=[rng.normal(size=2).astype(dtype) for _ in range(count)], arrivals=list(arrivals))


@EXERCISE.case
def _(rng):
    """one gradient"""
    return points(rng, 1, ("a", 0))


@EXERCISE.case
def _(rng):
    """two gradients for one leaf"""
    return points(rng, 2, ("a", 0), ("a", 1))


@EXERCISE.case
def _(rng):
    """two leaves get the same array, as from a + b; then another one comes for the first"""
    return points(rng, 2, ("a", 0), ("b", 0), ("a", 1))


@EXERCISE.case
def _(rng):
    """a + a: the same array arrives twice"""
    return points(rng, 1, ("a", 0), ("a", 0), ("a", 0))


@EXERCISE.case
def _(rng):
    """float32"""
    return points(rng, 2, ("a", 0), ("a", 1), dtype=np.float32)


@EXERCISE.mistake
def _(leaf, grad):
    """the last gradient takes the place of the others, where it must be added to them"""
    leaf.grad = grad.copy()


@EXERCISE.mistake
def _(leaf, grad):
    """the array that came in is kept and then written into: another leaf that got the same one changes too"""
    if leaf.grad is None:
        leaf.grad = grad
    else:
        leaf.grad += grad


@EXERCISE.mistake
def _(leaf, grad):
    """the sum is written into the array that came in, which is not yours to change"""
    if leaf.grad is not None:
        grad += leaf.grad
    leaf.grad = grad.copy()


@EXERCISE.mistake
def _(leaf, grad):
    """the sum begins with zeros in double precision, so that float32 comes out as float64"""
    leaf.grad = (np.zeros(grad.shape) if leaf.grad is None else leaf.grad) + grad


@EXERCISE.mistake
def _(leaf, grad):
    """the mean of old and new is kept; each use pulls with its full weight, so it is a sum"""
    leaf.grad = grad.copy() if leaf.grad is None else ((leaf.grad + grad) / 2).astype(grad.dtype)

"""Which mistakes can be made at any op?  They are made of its right backward, so that no op need write them down."""

from collections.abc import Callable, Iterator
from functools import wraps

from tinyformer.engine import Primitive, primitive


def mistakes_of_any_op(raw: Callable, inputs: int) -> Iterator[tuple[str, Primitive]]:
    """What was forgotten, and a primitive that forgets it, of a raw function with so many inputs."""
    yield ("the incoming gradient is forgotten; what comes back is the slope alone, as if dout were 1 everywhere",
           _with(raw, lambda xp, right, dout: right(xp.ones_like(dout))))
    yield ("it has the wrong sign throughout",
           _with(raw, lambda xp, right, dout: _each(right(dout), lambda d: -d)))
    yield ("zeros come back, as if the input had no influence",
           _with(raw, lambda xp, right, dout: _each(right(dout), xp.zeros_like)))
    yield ("dout comes back as it came in; what the function did to the input is missing",
           _with(raw, lambda xp, right, dout: _each(right(dout), lambda d: dout)))
    if inputs > 1:
        yield ("the gradients are right, and come back in the wrong order",
               _with(raw, lambda xp, right, dout: right(dout)[::-1]))


def _each(gradients, change: Callable):
    return tuple(map(change, gradients)) if isinstance(gradients, tuple) else change(gradients)


def _with(raw: Callable, change: Callable) -> Primitive:
    """The same forward, with its backward `right` replaced by change(xp, right, dout)."""
    @wraps(raw)
    def wrong(xp, *arrays, **constants):
        out, right = raw(xp, *arrays, **constants)
        return out, lambda dout: change(xp, right, dout)

    return primitive(wrong, register=False)

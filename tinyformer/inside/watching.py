"""How does one look on while ops are called?  A watch stands where an op was called, and the engine pays nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tinyformer.engine import Primitive


@contextmanager
def watched(watch: Callable) -> Iterator[None]:
    """Inside this block `watch(call, op, inputs, constants)` stands where an op was called: it calls, and returns."""
    call = Primitive.__call__
    Primitive.__call__ = lambda op, *inputs, **constants: watch(call, op, inputs, constants)     # type: ignore
    try:
        yield
    finally:
        Primitive.__call__ = call                              # type: ignore[method-assign]

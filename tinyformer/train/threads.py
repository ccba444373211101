"""When are two threads slower than one?  When the matrices are so small that the threads mostly wait for each other.

OpenBLAS, which NumPy's wheels carry, takes its number of threads from the environment when it is loaded; this asks the
loaded library itself.  Where there is none, nothing happens.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy  # noqa: F401  (with it the library is loaded)

NAMES = [f"{front}openblas_{{}}_num_threads{back}" for front in ("scipy_", "") for back in ("64_", "")]


@contextmanager
def blas_threads(count: int) -> Iterator[bool]:
    """Inside this block OpenBLAS has `count` threads; gives whether it could be asked to."""
    found = _controls()
    before = found[0]() if found else 0
    if found:
        found[1](count)
    try:
        yield found is not None
    finally:
        if found:
            found[1](before)


def _controls() -> tuple[Callable, Callable] | None:
    """OpenBLAS's functions to get and to set the number of threads, or None."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    for path in dict.fromkeys(line.split()[-1] for line in maps.splitlines() if "openblas" in line):
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for name in NAMES:
            if hasattr(library, name.format("get")) and hasattr(library, name.format("set")):
                return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None

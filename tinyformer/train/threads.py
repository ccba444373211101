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
    before = set_blas_threads(count)
    try:
        yield before is not None
    finally:
        if before is not None:
            set_blas_threads(before)


def set_blas_threads(count: int) -> int | None:
    """Give OpenBLAS `count` threads from now on; returns how many it had, None where it could not be asked."""
    found = _controls()
    if found is None:
        return None
    before = found[0]()
    found[1](count)
    return before


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

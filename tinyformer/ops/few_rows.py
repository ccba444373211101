"""How is a large weight multiplied with a few rows fastest?  By reading it once, row by row, on every core.

As when text is written token by token: there is little to compute, and reading the weight takes the time.  A product
made for many rows rearranges the weight first, which beyond the cache costs 2 to 3 times as much, and OpenBLAS leaves
the dot products of `vecdot` to one core, which alone cannot draw all that the memory gives.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

SHARED = 1 << 20                                               # numbers from which on waking other cores pays
PIECE = 1 << 17                                                # numbers that a core reads at a time


def product_of_few_rows(rows, weight):
    """rows @ weight.T for NumPy's real numbers: rows (N, I), weight (O, I) -> (N, O).

    The same numbers however many cores read: each product belongs to one of them.  (`vecdot` conjugates, so that it is
    nothing for complex numbers.)
    """
    out = np.empty((len(weight), len(rows)), weight.dtype)     # (O, N)
    helpers = cores() - 1 if weight.size >= SHARED else 0
    if not helpers:
        np.vecdot(weight[:, None], rows, out=out)
        return np.ascontiguousarray(out.T)
    step = max(1, PIECE // weight.shape[1])
    starts = iter(range(0, len(weight), step))                 # each core takes the next piece, until none is left
    waiting = [_pool(os.getpid()).submit(_read, starts, step, rows, weight, out) for _ in range(helpers)]
    _read(starts, step, rows, weight, out)
    for helper in waiting:
        if not helper.cancel():                                # one that never woke, on a busy machine, is not missed
            helper.result()
    return np.ascontiguousarray(out.T)


def _read(starts: Iterator[int], step: int, rows, weight, out) -> None:
    for start in starts:
        piece = slice(start, start + step)
        np.vecdot(weight[piece, None], rows, out=out[piece])


@cache
def cores() -> int:
    """How many cores may read: those of this process, or fewer where the environment gives fewer threads to BLAS."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = [os.environ.get(name, "") for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")]
    return min([mine, *(int(number) for number in asked if number.isdecimal() and int(number) > 0)])


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """The threads of this process: a fork leaves those of its parent behind."""
    return ThreadPoolExecutor(max(1, cores() - 1), thread_name_prefix="reading weights")

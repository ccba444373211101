"""How fast can this machine multiply, and how fast can it copy?  The two numbers that every op's time is held against.

An op that multiplies seldom for each byte that it moves waits for the memory, one that multiplies often for the
arithmetic; the limit between the two is their quotient (Williams, Waterman and Patterson 2009, the roofline).
"""

from functools import cache
from time import perf_counter

from tinyformer.backend import synchronize

SIDE, NUMBERS = 768, 1 << 23                  # of two square matrices; of an array that no cache holds, 32 MB


@cache
def speeds(xp, tries: int = 4) -> tuple[float, float]:
    """Multiplications a second in a product of matrices, and bytes a second read and written by a copy, in float32.

    The best of some tries, a tenth of a second or so in all, the first time that it is asked for.
    """
    a, b = xp.ones((SIDE, SIDE), "float32"), xp.zeros(NUMBERS, "float32")
    c = xp.zeros_like(b)

    def copy():
        c[...] = b

    product, copied = (min(_seconds(run) for _ in range(tries)) for run in (lambda: a @ a, copy))
    return SIDE ** 3 / product, 2 * b.nbytes / copied


def _seconds(run) -> float:
    synchronize()
    start = perf_counter()
    run()
    synchronize()
    return perf_counter() - start

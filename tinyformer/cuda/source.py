"""How does one string of C become a kernel?  Compiled by CuPy on a GPU, and for the tests by any C compiler.

A kernel is written for blocks of lanes.  On a GPU there are many of both, and they run at once; where a C compiler
reads the same text there is one block of one lane, which does everything, one number after another.  So the arithmetic
is tested where no GPU is.  The numbers are of type T, float or double, and sums are of the same type, unless they say
double.
"""

from typing import Any

import numpy as np

from tinyformer.backend import library

LANES, MOST_LANES = 256, 1024                                  # in a block
EACH_LANE = 4                                                  # numbers of a row that a lane has, while rows are short
MOST_BLOCKS = 1 << 20                                          # a kernel walks on where there is more to do
SOURCES: list["Source"] = []                                   # all that have been opened
OPTIONS = {"float32": ("-DSINGLE",), "float64": ()}            # no -DT=float: NVIDIA's own headers have a T

PRELUDE = r"""
typedef long long whole;
typedef unsigned long long word;
typedef unsigned char truth;

#ifdef SINGLE
typedef float T;
#define REAL(function) function##f
#else
typedef double T;
#define REAL(function) function
#endif

#ifdef __CUDACC__                                              /* a GPU: many blocks, and many lanes in each */

#define KERNEL extern "C" __global__ void
#define INLINE static __device__ __forceinline__
#define LANE ((whole)threadIdx.x)
#define LANES ((whole)blockDim.x)
#define BLOCK ((whole)blockIdx.x)
#define BLOCKS ((whole)gridDim.x)
#define MANY (__int_as_float(0x7f800000))
#define high_half(a, b) __umul64hi(a, b)

#define ALL(name, type, start, joined)                                                                               \
INLINE type name(type mine) {                                  /* every lane of the block gets what all join to */   \
    __shared__ type parts[32];                                                                                       \
    type other;                                                                                                      \
    for (int step = 16; step; step /= 2) {                                                                           \
        other = __shfl_xor_sync(0xffffffffu, mine, step);                                                            \
        mine = joined;                                                                                               \
    }                                                                                                                \
    if (LANE % 32 == 0) parts[LANE / 32] = mine;                                                                     \
    __syncthreads();                                                                                                 \
    mine = LANE % 32 < LANES / 32 ? parts[LANE % 32] : (type)(start);                                                \
    for (int step = 16; step; step /= 2) {                                                                           \
        other = __shfl_xor_sync(0xffffffffu, mine, step);                                                            \
        mine = joined;                                                                                               \
    }                                                                                                                \
    __syncthreads();                                                                                                 \
    return mine;                                                                                                     \
}

#else                                                          /* a C compiler: one block of one lane */

#include <math.h>
#define KERNEL void
#define INLINE static inline
#define LANE 0LL
#define LANES 1LL
#define BLOCK 0LL
#define BLOCKS 1LL
#define MANY INFINITY
#define high_half(a, b) ((word)((unsigned __int128)(a) * (b) >> 64))
#define ALL(name, type, start, joined) INLINE type name(type mine) { return mine; }

#endif

#define EACH(i, n) for (whole i = BLOCK * LANES + LANE; i < (n); i += BLOCKS * LANES)
#define EACH_ROW(row, rows) for (whole row = BLOCK; row < (rows); row += BLOCKS)
#define EACH_OF_ROW(i, n) for (whole i = LANE; i < (n); i += LANES)

ALL(sum_of_all, T, 0, mine + other)
ALL(most_of_all, T, -MANY, mine > other ? mine : other)
ALL(precise_sum_of_all, double, 0, mine + other)
ALL(least_of_all, double, MANY, mine < other ? mine : other)
"""


class Source:
    """Kernels in C, compiled when they are first launched, once for each type of numbers."""

    def __init__(self, *texts: str):
        self.code = PRELUDE + "".join(texts)
        self.modules: dict[tuple, Any] = {}                    # (library, type of the numbers) -> compiled
        SOURCES.append(self)

    def over_numbers(self, name: str, like, count: int, *arguments) -> None:
        """Launch a kernel that walks over `count` numbers, as many in each block as there are lanes."""
        self._launch(name, like, -(-count // LANES), LANES, arguments)

    def over_rows(self, name: str, like, count: int, width: int, *arguments) -> None:
        """Launch a kernel that walks over `count` rows of `width` numbers, a block for each."""
        lanes = min(MOST_LANES, 32 * -(-width // (32 * EACH_LANE)))
        self._launch(name, like, count, lanes, arguments)

    def _launch(self, name: str, like, blocks: int, lanes: int, arguments: tuple) -> None:
        """Arrays go in as the pointer to their first number, whole numbers as `whole`, and others as double."""
        if not blocks:
            return
        xp = library(like)
        key = xp, str(like.dtype)
        if key not in self.modules:
            self.modules[key] = xp.RawModule(code=self.code, options=OPTIONS[key[1]])
        self.modules[key].get_function(name)((min(blocks, MOST_BLOCKS),), (lanes,), arguments)


def beginning(x) -> np.uint64:
    """Where the first number of an array lies, for a kernel that is told the strides; 0 for None."""
    return np.uint64(0 if x is None else x.data.ptr)


def in_order(x) -> Any:
    """x itself where it lies number by number in memory, as a kernel reads it, and a copy that does where not."""
    return x if x.flags.c_contiguous else library(x).ascontiguousarray(x)

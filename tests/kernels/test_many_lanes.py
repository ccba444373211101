"""Is a kernel right where many lanes share a row?  Each lane is a thread of the host, and they meet where a block does.

This is the text that goes to NVIDIA's compiler, with its blocks and its exchange of numbers between lanes; the other
tests run it with one lane.
"""

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from walk import close

from tinyformer import ops
from tinyformer.cuda.layer_norm import KERNELS as NORM
from tinyformer.cuda.softmax import KERNELS as SOFTMAX
from tinyformer.cuda.softmax import NO_DROPOUT
from tinyformer.cuda.source import OPTIONS

COMPILER, LANES, BLOCKS = shutil.which("c++"), 64, 3
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
RUN = """
static void **given;
struct lane { unsigned number; };
static void body() { NAME(ARGUMENTS); }
static void *live(void *mine) { threadIdx.x = ((lane *)mine)->number; body(); return 0; }

extern "C" void go(void **arguments, unsigned lanes, unsigned blocks) {
    given = arguments, blockDim.x = lanes, gridDim.x = blocks;
    pthread_barrier_init(&meeting, 0, lanes);
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) {
        pthread_t threads[1024];
        lane each[1024];
        for (unsigned i = 0; i < lanes; i++) {
            each[i].number = i;
            pthread_create(&threads[i], 0, live, &each[i]);
        }
        for (unsigned i = 0; i < lanes; i++) pthread_join(threads[i], 0);
    }
    pthread_barrier_destroy(&meeting);
}
"""


@pytest.fixture(scope="module", params=OPTIONS)
def compiled(request, tmp_path_factory):
    """A function of a source, a kernel's name and its arguments that runs it, and the type of its numbers."""
    folder = tmp_path_factory.mktemp("lanes")

    def run(source, name, *arguments):
        parameters = source.code.partition(f"KERNEL {name}(")[2].partition(")")[0].split(",")
        types = [re.sub(r"\w+$", "", parameter.strip()).strip() for parameter in parameters]
        values = [f"({kind})given[{i}]" if "*" in kind else f"*({kind} *)given[{i}]" for i, kind in enumerate(types)]
        text = RUN.replace("NAME", name).replace("ARGUMENTS", ", ".join(values))
        path = folder / f"{name}.so"
        subprocess.run([COMPILER, *OPTIONS[request.param], "-shared", "-fPIC", "-O0", "-pthread", "-x", "c++", "-",
                        "-o", path], text=True, check=True,
                       input=f'#include "{Path(__file__).parent / "a_gpu_of_threads.hpp"}"\n{source.code}{text}')
        kept = [np.array(a) if isinstance(a, int | float) else a for a in arguments]
        places = [a.ctypes.data if isinstance(given, np.ndarray) or "*" not in kind else 0
                  for a, given, kind in zip(kept, arguments, types, strict=True)]
        ctypes.CDLL(str(path)).go((ctypes.c_void_p * len(places))(*places), LANES, BLOCKS)

    return run, np.dtype(request.param)


def test_rows_of_unit_variance(compiled):
    run, dtype = compiled
    rng = np.random.default_rng(0)
    x, gain, bias = (rng.normal(size=s).astype(dtype) for s in ((5, 150), 150, 150))
    out, mean, rstd = np.empty_like(x), np.empty(5, dtype), np.empty(5, dtype)
    run(NORM, "unit_rows", x, gain, bias, out, mean, rstd, 5, 150, 1e-5)
    expected, backward = ops.layer_norm.raw(np, x, gain, bias)
    close(out, expected, 20 * np.finfo(dtype).eps)
    dout, dx = rng.normal(size=x.shape).astype(dtype), np.empty_like(x)
    run(NORM, "unit_rows_back", dout, x, gain, mean, rstd, dx, 5, 150)
    close(dx, backward(dout)[0], 40 * np.finfo(dtype).eps)


def test_rows_of_shares(compiled):
    run, dtype = compiled
    rng = np.random.default_rng(1)
    x, keep = rng.normal(size=(4, 100)).astype(dtype) * 9, rng.random((4, 100)) < 0.8
    keep[2] = False
    p = x.copy()
    run(SOFTMAX, "shares", p, 0, keep, 4, 1, 1, 100, 100, 0, 0, 1, 1, *NO_DROPOUT)
    expected, backward = ops.masked_softmax.raw(np, x, keep=keep)
    close(p, expected, 20 * np.finfo(dtype).eps)
    dx = (dout := rng.normal(size=x.shape).astype(dtype)).copy()
    run(SOFTMAX, "shares_back", p, dx, 0, 4, 100, *NO_DROPOUT)
    close(dx, backward(dout), 20 * np.finfo(dtype).eps)


def test_blocks_share_the_numbers(compiled):
    run, dtype = compiled
    rng = np.random.default_rng(2)
    dout, x = rng.normal(size=(2, 30, 11)).astype(dtype)
    mean, rstd, partial = x.mean(-1), 1 / x.std(-1), np.empty((2, 4, 11), dtype)
    dgain, dbias = np.empty(11, dtype), np.empty(11, dtype)
    run(NORM, "columns", dout, x, mean, rstd, partial, 30, 11, 4)
    run(NORM, "columns_end", partial, dgain, dbias, 11, 4)
    close(dgain, (dout * (x - mean[:, None]) * rstd[:, None]).sum(0), 20 * np.finfo(dtype).eps)
    close(dbias, dout.sum(0), 20 * np.finfo(dtype).eps)

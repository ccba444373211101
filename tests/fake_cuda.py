"""What else does a program ask of a GPU than to compute?  cuBLAS's mode of multiplying, the card, the driver, the pool.

As `cupy.cuda` has them; `test_cupy_surface.py` holds them to it.
"""

import time
from types import SimpleNamespace

import numpy as np

CUBLAS_DEFAULT_MATH, CUBLAS_TF32_TENSOR_OP_MATH = 0, 3
_mode = [CUBLAS_DEFAULT_MATH]


def product(a: np.ndarray, b: np.ndarray, out=None) -> np.ndarray:
    """a @ b as cuBLAS takes it: factors of TF32 are rounded to 10 bits, and sums are float32 at least."""
    if a.dtype == b.dtype == np.float32 and _mode[0] == CUBLAS_TF32_TENSOR_OP_MATH:
        a, b = _rounded(a), _rounded(b)
    if a.dtype.itemsize == 2 and a.dtype == b.dtype and out is None:
        with np.errstate(over="ignore"):
            return np.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
    return np.matmul(a, b, out=out)


def _rounded(x: np.ndarray) -> np.ndarray:
    bits = np.ascontiguousarray(x).view(np.uint32)
    return ((bits + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)).view(np.float32)


class Device:
    cublas_handle = 1

    def synchronize(self) -> None:
        pass


class Event:
    """A moment in what the device does."""

    def __init__(self):
        self.at = None

    def record(self) -> None:
        self.at = time.perf_counter()

    def synchronize(self) -> None:
        pass


def get_elapsed_time(start: Event, end: Event) -> float:
    """Milliseconds from one to the other."""
    return 1000 * (end.at - start.at)


class MemoryPool:
    def used_bytes(self) -> int:
        return 3 << 20

    def total_bytes(self) -> int:
        return 5 << 20

    def free_all_blocks(self) -> None:
        pass


cublas = SimpleNamespace(
    CUBLAS_TF32_TENSOR_OP_MATH=CUBLAS_TF32_TENSOR_OP_MATH, getMathMode=lambda handle: _mode[0],
    setMathMode=lambda handle, mode: _mode.__setitem__(0, mode))
runtime = SimpleNamespace(
    driverGetVersion=lambda: 12080, runtimeGetVersion=lambda: 12090, memGetInfo=lambda: (70 << 30, 80 << 30),
    getDeviceProperties=lambda device: {"name": b"A fake device", "major": 9, "minor": 0, "multiProcessorCount": 132})

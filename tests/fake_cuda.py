"""What else does a program ask of a GPU than to compute?  cuBLAS's mode of multiplying, the card, the driver, the pool.

As `cupy.cuda` has them; `test_cupy_surface.py` holds them to it.
"""

import os
from types import SimpleNamespace

import fake_nccl as nccl
import numpy as np
from fake_streams import Event, Stream, get_current_stream, get_elapsed_time

__all__ = ["Device", "Event", "MemoryPool", "Stream", "cublas", "get_current_stream", "get_elapsed_time", "linalg",
           "nccl", "product", "runtime"]

CUBLAS_DEFAULT_MATH, CUBLAS_TF32_TENSOR_OP_MATH = 0, 3
COMPUTE_TYPE_DEFAULT, COMPUTE_TYPE_TF32 = 1, 7
_device = [0]                                                  # those that were taken, the last one for good
_mode, _type = [CUBLAS_DEFAULT_MATH], [COMPUTE_TYPE_DEFAULT]


def product(a: np.ndarray, b: np.ndarray, out=None) -> np.ndarray:
    """a @ b as CuPy has cuBLAS take it: factors of TF32 are rounded to 10 bits, and sums are float32 at least.

    Of stacks cuBLAS's handle says whether they are TF32, of other matrices CuPy.  Stacks of float16 are multiplied as
    float32 and those of bfloat16 not at all.
    """
    stacks = max(a.ndim, b.ndim) > 2
    tf32 = _mode[0] == CUBLAS_TF32_TENSOR_OP_MATH if stacks else _type[0] == COMPUTE_TYPE_TF32
    if stacks and a.dtype.name == "bfloat16":
        raise TypeError("fake device: a stack of matrices of bfloat16, which CuPy cannot multiply")
    if a.dtype == b.dtype == np.float32 and tf32:
        a, b = _rounded(a), _rounded(b)
    if a.dtype.itemsize == 2 and a.dtype == b.dtype and out is None:
        with np.errstate(over="ignore"):
            return np.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
    return np.matmul(a, b, out=out)


def _rounded(x: np.ndarray) -> np.ndarray:
    bits = np.ascontiguousarray(x).view(np.uint32)
    return ((bits + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)).view(np.float32)


class Device:
    cublas_handle, compute_capability = 1, "90"

    def __init__(self, device: int | None = None):
        self.id = _device[-1] if device is None else device

    def use(self) -> None:
        assert self.id < runtime.getDeviceCount(), "invalid device ordinal"
        _device.append(self.id)

    def synchronize(self) -> None:
        pass


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
    getDeviceCount=lambda: int(os.environ.get("FAKE_DEVICES", 4)),
    driverGetVersion=lambda: 12080, runtimeGetVersion=lambda: 12090, memGetInfo=lambda: (70 << 30, 80 << 30),
    getDeviceProperties=lambda device: {"name": b"A fake device", "major": 9, "minor": 0, "multiProcessorCount": 132})
linalg = SimpleNamespace(
    COMPUTE_TYPE_TF32=COMPUTE_TYPE_TF32, get_compute_type=lambda dtype: _type[0],
    set_compute_type=lambda dtype, compute_type: _type.__setitem__(0, compute_type))

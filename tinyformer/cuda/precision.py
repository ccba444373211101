"""In which precision are products taken?  float32; TF32, which cuBLAS can be told; or with factors of 16 bits."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tinyformer.cuda.products import factors_of
from tinyformer.errors import InputError


@contextmanager
def in_precision(xp, name: str) -> Iterator[None]:
    """Inside this block the products of float32 arrays are taken in this precision; all else stays float32.

    tf32: factors keep 10 bits of 23 behind the point, and their range.  float16: 10 bits, and a range so short that
    the loss has to be scaled.  bfloat16: 7 bits, and the whole range.
    """
    if name == "tf32":
        cublas = xp.cuda.cublas
        handle = xp.cuda.Device().cublas_handle
        before = cublas.getMathMode(handle)
        cublas.setMathMode(handle, cublas.CUBLAS_TF32_TENSOR_OP_MATH)
        try:
            yield
        finally:
            cublas.setMathMode(handle, before)
    elif name in ("float16", "bfloat16"):
        with factors_of(np.dtype(np.float16) if name == "float16" else _bfloat16()):
            yield
    else:
        yield


def _bfloat16() -> np.dtype:
    try:
        import ml_dtypes
    except ImportError:
        raise InputError("precision bfloat16: NumPy has no such numbers; pip install ml_dtypes, which CuPy 14 takes "
                         "them from, or use --precision tf32") from None
    return np.dtype(ml_dtypes.bfloat16)

"""In which precision are products taken?  float32; TF32, which cuBLAS can be told; or with factors of 16 bits."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tinyformer.cuda.products import factors_of
from tinyformer.errors import InputError

HAVE_TF32 = 80                                                 # the first capability with tensor cores that take it


@contextmanager
def in_precision(xp, name: str) -> Iterator[None]:
    """Inside this block the products of float32 arrays are taken in this precision; all else stays float32.

    tf32: factors keep 10 bits of 23 behind the point, and their range.  float16: 10 bits, and a range so short that
    the loss has to be scaled.  bfloat16: 7 bits, and the whole range.  CuPy takes stacks of matrices in float32 at
    least, and so with factors of 16 bits the stacks, which are attention's, are taken in TF32, where the card has it.
    """
    if name == "float32":
        yield
    elif name == "tf32":
        if not has_tf32(xp):
            raise InputError("precision tf32: this card is older than the first that has it (capability 8.0); leave "
                             "precision out, or use --precision float16")
        with _tf32(xp):
            yield
    else:
        with factors_of(np.dtype(np.float16) if name == "float16" else _bfloat16()), _tf32(xp):
            yield


def has_tf32(xp) -> bool:
    """Does this card round factors to TF32 on their way in?"""
    return int(xp.cuda.Device().compute_capability) >= HAVE_TF32


@contextmanager
def _tf32(xp) -> Iterator[None]:
    """Where the card has it.  cuBLAS reads it from its handle for stacks, and CuPy says it with each other product."""
    if not has_tf32(xp):
        yield
        return
    cublas, linalg, handle = xp.cuda.cublas, xp._core._routines_linalg, xp.cuda.Device().cublas_handle
    before = cublas.getMathMode(handle), linalg.get_compute_type(np.float32)
    cublas.setMathMode(handle, cublas.CUBLAS_TF32_TENSOR_OP_MATH)
    linalg.set_compute_type(np.float32, linalg.COMPUTE_TYPE_TF32)
    try:
        yield
    finally:
        cublas.setMathMode(handle, before[0])
        linalg.set_compute_type(np.float32, before[1])


def _bfloat16() -> np.dtype:
    try:
        import ml_dtypes
    except ImportError:
        raise InputError("precision bfloat16: NumPy has no such numbers; pip install ml_dtypes, which CuPy 14 takes "
                         "them from, or use --precision tf32") from None
    return np.dtype(ml_dtypes.bfloat16)

"""Are factors rounded as each precision says, sums as long as those of float32, and stacks left to TF32?"""

import fake_cuda
import numpy as np
import pytest
from fake_device import TALLY, asarray, xp

from tinyformer.backend import to_host
from tinyformer.cuda.precision import in_precision
from tinyformer.cuda.products import product
from tinyformer.errors import InputError

RNG = np.random.default_rng(0)
BITS = {"tf32": 11, "float16": 11, "bfloat16": 8}              # of a factor, the one before the point included


@pytest.fixture(params=BITS)
def precision(request):
    if request.param == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="without it NumPy has no bfloat16")
    return request.param


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def taken(precision, a, b) -> np.ndarray:
    with in_precision(xp, precision):
        out = product(xp, asarray(a), asarray(b))
    assert out.dtype == np.float32
    return to_host(out)


def test_factors_are_rounded_and_no_more(precision):
    a, b = normal(20, 300), normal(300, 30)
    off = np.abs(taken(precision, a, b) - a @ b) / (np.abs(a) @ np.abs(b))
    assert 0 < off.max() < 3 * 0.5 ** BITS[precision]          # of two factors, and perhaps of the result


def test_sums_are_those_of_float32(precision):
    """A sum of 16 bits would stand still at 256 (bfloat16) or at 2,048."""
    n = 9000
    assert taken(precision, np.ones((1, n), np.float32), np.ones((n, 2), np.float32)) == pytest.approx(
        np.full((1, 2), n), rel=0.5 ** BITS[precision])


def test_stacks_are_taken_in_tf32_without_a_copy(precision):
    a, b = normal(2, 3, 4, 5), normal(2, 3, 5, 6)
    TALLY.clear()
    found = taken(precision, a, b)
    assert TALLY.launches == {"__matmul__": 1}
    assert (found == taken("tf32", a, b)).all() and not (found == a @ b).all()


def test_after_the_block_products_are_exact_again(precision):
    a = normal(7, 7)
    with pytest.raises(KeyError), in_precision(xp, precision):
        raise KeyError
    for each in (a, a[None]):
        assert (to_host(product(xp, asarray(each), asarray(each))) == each @ each).all()


def test_a_card_without_tf32_is_told_so_and_takes_stacks_exactly(monkeypatch):
    monkeypatch.setattr(fake_cuda.Device, "compute_capability", "75")
    with pytest.raises(InputError, match=r"precision tf32: this card is older .* \(capability 8.0\)"):
        taken("tf32", normal(2, 2), normal(2, 2))
    a = normal(2, 4, 4)
    assert (taken("float16", a, a) == a @ a).all()


def test_the_fake_device_multiplies_no_stack_of_bfloat16():
    bfloat16 = pytest.importorskip("ml_dtypes", reason="without it NumPy has no bfloat16").bfloat16
    with pytest.raises(TypeError, match="which CuPy cannot multiply"):
        asarray(normal(2, 3, 3)).astype(bfloat16) @ asarray(normal(2, 3, 3)).astype(bfloat16)

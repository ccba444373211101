"""Chance, checked by counting, and by drawing the same chance again."""

import numpy as np
import pytest
from walk import close, cotangent, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor
from tinyformer.ops.dropout import random_bytes
from tinyformer.rng import stream


def seeded():
    return np.random.default_rng(5)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_that_is_dropped_and_the_mean_that_stays(rate):
    size = 200_000
    out = ops.dropout(np.ones(size), rate=rate, rng=seeded()).data
    assert abs((out == 0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / size)
    assert np.allclose(out[out != 0], 1 / (1 - rate), rtol=2e-4)
    assert abs(out.mean() - 1) < 5 * np.sqrt(rate / (1 - rate) / size) + 2e-4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_passes_where_the_number_passed(dtype):
    x = Tensor(np.random.default_rng(0).normal(size=(30, 40)).astype(dtype))
    out = ops.dropout(x, rate=0.3, rng=seeded())
    out.backward(g := cotangent((30, 40), dtype))
    close(x.grad, g * (out.data / x.data), 1e-6)


def test_the_same_generator_state_is_the_same_dropout_and_the_next_is_another():
    rng = seeded()
    first, second = (ops.dropout(np.ones(100), rate=0.5, rng=rng).data for _ in range(2))
    assert (first == ops.dropout(np.ones(100), rate=0.5, rng=seeded()).data).all()
    assert (first != second).any()


@pytest.mark.parametrize("options", [{"rate": 0.5, "rng": None}, {"rate": 0.0, "rng": seeded()},
                                     {"rate": 0, "rng": None}])
def test_without_a_generator_or_a_rate_nothing_happens(options):
    x = Tensor(np.arange(4.0))
    out = ops.dropout(x, **options)
    out.backward(g := cotangent((4,)))
    assert (out.data == x.data).all() and (x.grad == g).all()


@pytest.mark.parametrize("shape", [(4, 5), (1, 5), (5,)], ids=["one shape", "a stretched axis", "a missing axis"])
@pytest.mark.parametrize("rate, rng", [(0.3, seeded), (0.0, seeded), (0.3, lambda: None)])
def test_a_sum_with_what_was_not_dropped_is_the_sum_of_the_two(shape, rate, rng):
    numbers = np.random.default_rng(0)
    same_as_twin(lambda x, h: ops.dropout_add(x, h, rate=rate, rng=rng()),
                 lambda x, h: x + ops.dropout(h, rate=rate, rng=rng()), numbers.normal(size=shape),
                 numbers.normal(size=(4, 5)))


def test_a_sum_with_what_was_not_dropped_has_the_bits_of_the_two_in_float32():
    x, h = np.random.default_rng(0).normal(size=(2, 500)).astype(np.float32)
    out = ops.dropout_add(x, h, rate=0.3, rng=seeded()).data
    assert out.dtype == np.float32 and (out == x + ops.dropout(h, rate=0.3, rng=seeded()).data).all()


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 1, 1, 1)])
def test_any_shape(shape):
    x = Tensor(np.ones(shape))
    ops.dropout(x, rate=0.5, rng=seeded()).backward(np.ones(shape))
    assert x.grad.shape == shape


def test_rates_near_the_ends():
    assert np.isfinite(ops.dropout(np.ones(1000), rate=0.9999999, rng=seeded()).data).all()
    assert (ops.dropout(np.ones(1000), rate=1e-12, rng=seeded()).data == 1).all()


@pytest.mark.parametrize("rng", [None, seeded()])
@pytest.mark.parametrize("rate", [1, 1.0, -0.1, 2.0, float("nan")])
def test_a_rate_that_is_none_is_refused_even_while_dropout_is_off(rate, rng):
    with pytest.raises(ValueError, match=f"dropout: the rate is {rate}; it must be at least 0 and below 1"):
        ops.dropout(np.ones(3), rate=rate, rng=rng)


def test_a_seed_is_no_generator():
    with pytest.raises(TypeError, match="dropout: rng is 3; it must be a numpy.random.Generator, or None"):
        ops.dropout(np.ones(3), rate=0.5, rng=3)


def test_bytes_in_words_are_the_bytes_one_by_one():
    """The fast way, where no half word waits, and the slow one in any order, on a generator with and without rows."""
    plain, fast = stream(3, "x"), stream(3, "x")
    for length in (16, 0, 24, 4, 12, 8, 16, 4, 16, 8000, 2, 2, 16, 1, 3, 8):
        assert plain.bytes(length) == bytes(random_bytes(fast, length))
    assert plain.random() == fast.random()
    other = np.random.default_rng(1)
    assert np.random.default_rng(1).bytes(16) == random_bytes(other, 16)

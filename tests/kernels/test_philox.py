"""Does a kernel drop what the host drops, and leave the generator where the host would?"""

import fake_device
import fake_kernels
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer import backend, ops
from tinyformer.cuda.philox import place_of
from tinyformer.rng import stream
from tinyformer.train.noise import Noise

pytestmark = pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")


@given(sizes=st.lists(st.integers(1, 70), min_size=1, max_size=6), rate=st.sampled_from([0.1, 0.5, 0.9]),
       step=st.integers(0, 3))
def test_the_same_bits_from_call_to_call(sizes, rate, step):
    here, there = stream(5, "dropout 0", step), stream(5, "dropout 0", step)
    for size in sizes:
        x = np.ones(size)
        kept = ops.dropout(x, rate=rate, rng=here).data
        fake_device.TALLY.clear()
        out = ops.dropout(fake_device.asarray(x), rate=rate, rng=there).data
        assert fake_device.TALLY.launches == {"drop": 1}       # by the kernel, and nothing else
        assert (backend.to_host(out) == kept).all()
    assert here.bytes(24) == there.bytes(24)                   # and the generators go on alike


@pytest.mark.parametrize("first, last", [(0, 2), (1, 3), (2, 5)])
def test_rows_of_a_batch_drop_what_they_would_in_the_whole(first, last):
    shapes = (5, 3), (5, 2, 7), (5, 1)
    part = Noise(3, 1).part(first, last, 5)
    here, there = part.generator(), part.generator()
    for shape in shapes:
        x = np.ones((last - first, *shape[1:]))
        kept = ops.dropout(x, rate=0.5, rng=here).data
        assert (backend.to_host(ops.dropout(fake_device.asarray(x), rate=0.5, rng=there).data) == kept).all()


def test_attention_drops_the_same_weights():
    packed = np.random.default_rng(0).normal(size=(2, 5, 12))
    here, there = (ops.self_attention(x, heads=2, rate=0.5, rng=stream(0, "dropout 0", 1)).data
                   for x in (packed, fake_device.asarray(packed)))
    np.testing.assert_allclose(backend.to_host(there), here, rtol=0, atol=1e-14)


def test_another_generator_draws_on_the_host():
    assert place_of(np.random.default_rng(0), 8) is None
    x = fake_device.asarray(np.ones(50))
    kept = backend.to_host(ops.dropout(x, rate=0.5, rng=np.random.default_rng(0)).data)
    assert (kept == ops.dropout(np.ones(50), rate=0.5, rng=np.random.default_rng(0)).data).all()

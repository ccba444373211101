"""How much must a GPU be told for one block of a transformer?  Each launch costs microseconds, however small it is."""

import fake_kernels
import numpy as np
import pytest
import small
from fake_device import TALLY, asarray

from tinyformer.engine import Tensor
from tinyformer.generate import Reading
from tinyformer.nn.blocks import PostNormBlock, PreNormBlock
from tinyformer.rng import stream
from tinyformer.train.noise import Noise

MOST_FORWARD, MOST_BACKWARD, MOST_FOR_A_TOKEN = 20, 35, 15
pytestmark = pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")


@pytest.mark.parametrize("rate", [0.0, 0.1])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind", [PostNormBlock, PreNormBlock])
def test_a_block_is_few_launches(kind, causal, rate):
    block = kind(32, 2, 64, stream(0, "weights"), causal=causal, rate=rate).to("fake")
    x = Tensor(asarray(np.random.default_rng(0).normal(size=(2, 6, 32)).astype(np.float32)))
    keep = None if causal else asarray(np.ones((2, 1, 1, 6), bool))
    TALLY.clear()
    out = block(x, keep, rng=Noise(0, 0).generator())
    forward, waits = TALLY.launches.total(), TALLY.waits
    assert forward <= MOST_FORWARD, TALLY.launches
    dout = asarray(np.ones(out.shape, np.float32))
    TALLY.clear()
    out.backward(dout)
    assert TALLY.launches.total() <= MOST_BACKWARD, TALLY.launches
    assert waits == TALLY.waits == 0
    print(f"{kind.__name__}, rate {rate}: {forward} launches forwards, {TALLY.launches.total()} backwards")


def test_a_token_is_few_launches_and_one_wait():
    found = []
    for layers in (1, 2):
        reading = Reading(small.gpt(dtype=np.float32, layers=layers).to("fake"), [[1, 2, 3]], cached=True)
        reading.step(np.array([4]))
        TALLY.clear()
        reading.step(np.array([5]))
        found.append(TALLY.launches.total())
        assert TALLY.waits == 1                                # for the logits, from which a token is chosen
    assert found[1] - found[0] <= MOST_FOR_A_TOKEN, TALLY.launches

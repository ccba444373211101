"""Is a layer without a generator told what to give, how large are weights, and what are a module's members called?"""

import copy
import pickle

import numpy as np
import pytest

from tinyformer import nn
from tinyformer.nn.first_numbers import deviation_at


@pytest.mark.parametrize("make", [
    lambda *rng: nn.Linear(3, 4, *rng), lambda *rng: nn.Embedding(3, 4, *rng), lambda *rng: nn.LayerNorm(4, *rng),
    lambda *rng: nn.SelfAttention(4, 2, *rng), lambda *rng: nn.CrossAttention(4, 2, *rng)])
def test_a_layer_says_what_rng_is(make):
    with pytest.raises(TypeError, match=r"layer: rng is missing; give np.random.default_rng\(0\), .*or None for zeros"):
        make()
    for wrong in (False, 0, np.random):
        with pytest.raises(TypeError, match="layer: rng is "):
            make(wrong)
    weightless = make(None)
    assert {p.data.strides for p in weightless.parameters()} <= {(0,), (0, 0)}
    assert weightless.count() == make(np.random.default_rng(0)).count()


def test_a_layer_says_what_a_size_is():
    rng = np.random.default_rng(0)
    with pytest.raises(TypeError, match=r"layer: a size is \(3,\); it must be a whole number"):
        nn.LayerNorm((3,), rng)
    with pytest.raises(ValueError, match="layer: a size is -1; it must not be negative"):
        nn.Linear(3, -1, rng)


def test_a_module_tells_what_its_members_are_called_here():
    layer = nn.Linear(2, 2, np.random.default_rng(0))
    with pytest.raises(AttributeError, match="a Linear has no attribute 'eval'; here: nothing: there is no such"):
        layer.eval()
    with pytest.raises(AttributeError, match="here: model.state"):
        layer.state_dict()
    assert not hasattr(layer, "gain") and getattr(layer, "buffers", None) is None
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert np.array_equal(twin.weight.data, layer.weight.data)


@pytest.mark.parametrize("width, expected", [(768, 0.02), (192, 0.04), (48, 0.08), (3072, 0.01)])
def test_narrow_models_begin_with_larger_weights_so_that_their_sums_are_as_large(width, expected):
    assert deviation_at(width) == pytest.approx(expected, rel=1e-15)

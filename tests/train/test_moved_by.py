"""Does an optimizer take what PyTorch's take: a list of tensors, and a learning rate once and for all?"""

import numpy as np
import pytest

from tinyformer import Tensor, nn
from tinyformer.train import SGD, AdamW, Muon


@pytest.mark.parametrize("kind, by_name, by_place", [
    (SGD, {}, {}), (AdamW, {}, {}), (Muon, {"hidden": {"weight": 1}}, {"hidden": {"0": 1}})])
def test_a_list_and_a_rate_of_its_own_move_as_names_and_a_rate_each_step(kind, by_name, by_place):
    def moved(make, rate):
        model = nn.Linear(3, 2, np.random.default_rng(0))
        optimizer = make(model)
        for _ in range(3):
            (model(np.ones((1, 3), np.float32)) ** 2).sum().backward()
            optimizer.step(*rate)
            optimizer.zero_grad()
        return model.weight.data

    named = moved(lambda model: kind(model.named_parameters(), **by_name), [0.1])
    assert np.array_equal(named, moved(lambda model: kind(model.parameters(), lr=0.1, **by_place), []))
    assert np.array_equal(named, moved(lambda model: kind(iter(model.parameters()), lr=7, **by_place), [0.1]))


def test_no_learning_rate_is_told():
    optimizer = AdamW([Tensor(np.ones(2))])
    with pytest.raises(TypeError, match=r"AdamW: there is no learning rate; give it to the step, step\(1e-3\)"):
        optimizer.step()


def test_what_nobody_would_see_move_is_refused():
    x = Tensor(np.ones((2, 2)))
    for given, message in ((x, r"are a Tensor.* give a list: \[x\]"), ([x * 2], "parameter 0 was computed, by scale"),
                           ({"w": np.ones(2)}, "parameter w is a ndarray; an optimizer moves tensors")):
        with pytest.raises(TypeError, match=message):
            AdamW(given, lr=0.1)

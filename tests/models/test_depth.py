"""Does a frozen layer stand still to the last bit, and does a slower one move as much less as it should?"""

import numpy as np
import pytest
import small

from tinyformer.errors import InputError
from tinyformer.models import PairScorer, SpanFinder, TextClassifier, TokenTagger
from tinyformer.models.parts.depth import depths, freeze, layer_rates
from tinyformer.train.optimizers import SGD, AdamW
from tinyformer.train.step import gradients

CASES = {"a text": lambda: small.head(TextClassifier), "tags": lambda: small.head(TokenTagger),
         "a score": lambda: small.head(PairScorer), "a span": lambda: small.head(SpanFinder),
         "GPT-2": lambda: small.head(TextClassifier, small.gpt()),
         "GPT-1": lambda: small.head(TextClassifier, small.gpt(norm="post")),
         "ALBERT": lambda: small.head(TextClassifier, shared=True, factor=4)}


@pytest.fixture(params=CASES)
def model(request):
    return CASES[request.param]()


@pytest.mark.parametrize("layers", ["all", 1, 2])
def test_what_is_frozen_gets_no_gradient_and_keeps_every_bit(model, layers):
    freeze(model, layers)
    batch, before = small.head_batch(type(model)), {n: a.copy() for n, a in model.state().items()}
    frozen = {name for name, p in model.named_parameters().items() if not p.requires_grad}
    assert frozen == {name for name, depth in depths(model).items()
                      if (name.startswith("encoder.") if layers == "all" else depth <= layers)}
    assert "encoder.words.weight" in frozen and "linear.weight" not in frozen
    optimizer = AdamW(model, weight_decay=0.5)
    for _ in range(5):
        optimizer.zero_grad()
        gradients(model, batch)
        assert {name for name, p in model.named_parameters().items() if p.grad is not None} == set(before) - frozen
        optimizer.step(1e-2)
    for name, array in model.state().items():
        assert (array.tobytes() == before[name].tobytes()) == (name in frozen), name


def test_the_gradient_of_the_rest_is_the_same_as_without_freezing(model):
    batch = small.head_batch(type(model))
    whole = small.gradients(model, lambda: model.loss(batch))
    freeze(model, 1)
    some = small.gradients(model, lambda: model.loss(batch))
    for name, g in some.items():
        assert g is None if not model.named_parameters()[name].requires_grad else np.array_equal(g, whole[name])
    freeze(model, 0)
    assert all(p.requires_grad for p in model.parameters())


def test_the_depths_run_from_the_words_to_the_head():
    found = depths(small.head(TextClassifier))
    assert found["encoder.words.weight"] == found["encoder.norm.gain"] == 0
    assert found["encoder.layers.0.feed.widen.weight"] == 1 and found["encoder.layers.1.attend.out.bias"] == 2
    assert found["encoder.pooler.weight"] == found["linear.weight"] == 3
    albert = depths(small.head(TextClassifier, shared=True, factor=4))
    assert [albert[f"encoder.{name}.weight"] for name in ("words", "widen", "pooler")] == [0, 0, 3]
    assert depths(small.head(TextClassifier, small.gpt()))["encoder.norm.gain"] == 3, "GPT-2's norm is the last"


def test_a_deeper_layer_moves_by_the_share_of_its_depth(model):
    """One step of plain descent is the learning rate times the gradient, times decay for each layer in between."""
    batch, before = small.head_batch(type(model)), {n: a.copy() for n, a in model.state().items()}
    rates = layer_rates(model, 0.5)
    optimizer = SGD(model, momentum=0.0, rates=rates)
    gradients(model, batch)
    grads = {name: p.grad.copy() for name, p in model.named_parameters().items()}
    optimizer.step(0.1)
    for name, array in model.state().items():
        assert rates[name] == 0.5 ** (model.config.layers + 1 - depths(model)[name])
        np.testing.assert_allclose(before[name] - array, 0.1 * rates[name] * grads[name], rtol=0, atol=1e-12)


def test_with_adamw_the_lower_layers_move_less():
    """Adam's first step is the rate itself, whatever the gradient: what it moves by is the share alone."""
    head = small.head(TextClassifier)
    before = {name: array.copy() for name, array in head.state().items()}
    gradients(head, small.head_batch(TextClassifier))
    AdamW(head, weight_decay=0.0, rates=layer_rates(head, 0.5)).step(1e-3)
    moved = [max(np.abs(array - before[name]).max() for name, array in head.state().items()
                 if depths(head)[name] == depth) for depth in range(4)]
    assert moved == pytest.approx([1.25e-4, 2.5e-4, 5e-4, 1e-3], rel=1e-3)


@pytest.mark.parametrize("layers", [-1, 3, "some", 1.5])
def test_a_number_of_layers_that_are_not_there_is_refused(layers):
    with pytest.raises(InputError, match="a number of layers from 0 to 2"):
        freeze(small.head(TextClassifier), layers)


@pytest.mark.parametrize("decay", [0, 1.1, -1])
def test_a_decay_that_is_none_is_refused(decay):
    with pytest.raises(InputError, match="layer decay"):
        layer_rates(small.head(TextClassifier), decay)

"""Do two models go through a text, neither seeing what it guesses, and does a head get the layers as it weighs them?"""

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small
from walk import close

from tinyformer.backend import to_host
from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.models import ELMo, ELMoConfig, SpanFinder, TextClassifier, encoder_of
from tinyformer.models.parts.depth import freeze
from tinyformer.models.parts.size import least_numbers
from tinyformer.ops import cross_entropy, lstm
from tinyformer.train import load_model, save_model
from tinyformer.train.step import accumulate


@pytest.mark.parametrize("backwards", [False, True])
def test_neither_direction_sees_what_it_guesses(backwards):
    model, batch = small.elmo(), small.text_batch()
    changed = batch.ids.copy()
    changed[:, 3] = (changed[:, 3] + 1) % small.VOCABULARY
    (*_, one), (*_, other) = (model.one_way(ids, backwards=backwards) for ids in (batch.ids, changed))
    moved = (np.abs(one.data - other.data) > 1e-12).any(axis=(0, 2))
    assert moved.tolist() == [(place <= 3) if backwards else (place >= 3) for place in range(7)]


def test_the_loss_is_that_of_two_language_models():
    """Written out for one row: the second layer adds what entered it, and both compare with the table of words."""
    model, batch = small.elmo(), small.text_batch(rows=2)
    text = np.concatenate([batch.ids[1], batch.targets[1, -1:]])

    def told(layer, x, backwards):
        return lstm(x, layer.weight, layer.recurrent, layer.bias, layer.projection, backwards=backwards)

    losses = []
    for side, read, target in (("right", text[:-1], text[1:]), ("left", text[1:], text[:-1])):
        first, second = (getattr(layer, side) for layer in model.layers)
        x = told(first, model.words(read[None]), side == "left")
        x = told(second, x, side == "left") + x
        losses.append(cross_entropy(model.words.scores(x), target=target[None]).item())
    only = type(batch)(batch.ids[1:], batch.targets[1:])
    assert model.loss(only).item() == pytest.approx(np.mean(losses), rel=1e-12)
    (total, count), (right, same) = model.measure(only).values()
    assert total / count == pytest.approx(np.mean(losses), rel=1e-12) and count == same == 14 and 0 <= right <= 14


def test_parts_add_up_and_another_device_agrees():
    batch, here, there = small.text_batch(5), small.elmo(), small.elmo().to("fake")
    whole = small.gradients(here, lambda: here.loss(batch))
    for model in (here, there):
        for p in model.parameters():
            p.grad = None
        accumulate(model, batch, 2)
        for name, p in model.named_parameters().items():
            assert np.abs(to_host(p.grad) - whole[name]).max() <= 1e-10, name


# ---- below a head ----------------------------------------------------------------------------------------------------


def test_the_layers_are_mixed_as_the_head_weighs_them():
    model, ids = small.elmo(), small.text_batch().ids
    below, states = encoder_of(model, np.random.default_rng(0)), small.elmo().states(ids)
    assert [state.shape for state in states] == [(3, 7, 8)] * 3 and model.mix is None
    close(states[0].data[..., :4], model.words.weight.data[ids], 1e-15)
    close(states[0].data[..., 4:], model.words.weight.data[ids], 1e-15)
    close(below.vectors(ids).data, sum(state.data for state in states) / 3, 1e-14)
    close(model.vectors(ids).data, sum(state.data for state in states) / 3, 1e-14)
    below.mix.data[...], below.gain.data[...] = np.log([1, 2, 5]), 3
    close(below.vectors(ids).data, 3 * sum(s * w for s, w in zip([0.125, 0.25, 0.625], [x.data for x in states],
                                                                 strict=True)), 1e-14)


def test_padding_changes_nothing():
    below, batch = encoder_of(small.elmo(), np.random.default_rng(0)), small.head_batch(TextClassifier)
    noisy = np.where(batch.keep, batch.ids, 1)
    one, other = (below(ids, batch.segments, batch.keep).data for ids in (batch.ids, noisy))
    close(one[batch.keep], other[batch.keep], 1e-14)
    close(one[1, :5], below(batch.ids[1:2, :5], batch.segments[1:2, :5]).data[0], 1e-14)


def test_a_frozen_one_learns_its_weights_alone_and_gets_a_gradient_through_none_of_the_rest():
    head = TextClassifier(encoder_of(small.elmo(), np.random.default_rng(0)), ["a", "b", "c"], np.random.default_rng(1))
    freeze(head, "all")
    head.loss(small.head_batch(TextClassifier)).backward()
    learned = {name for name, p in head.named_parameters().items() if p.grad is not None}
    assert learned == {"encoder.mix", "encoder.gain", "encoder.pooler.weight", "encoder.pooler.bias", "linear.weight",
                       "linear.bias"}


@pytest.mark.parametrize("kind", [TextClassifier, SpanFinder])
def test_a_folder_opens_as_what_was_saved(kind, tmp_path):
    saved = small.head(kind, encoder_of(small.elmo(), np.random.default_rng(0)))
    save_model(tmp_path / "head", saved)
    found, _ = load_model(tmp_path / "head")
    batch = small.head_batch(kind)
    assert type(found) is kind and isinstance(found.encoder, ELMo)
    assert found.loss(batch).item() == saved.loss(batch).item()
    again = encoder_of(found, np.random.default_rng(1))        # a tagger's gets a pooler again
    assert again.pooler is not None and again.mix is found.encoder.mix


def test_the_published_size():
    """75.6 million in four LSTMs with their projections; the words were made from letters there, and are no part."""
    model = ELMo(ELMoConfig(**{**ELMoConfig.presets()["elmo"], "vocabulary": 1}), None)
    each = 4 * 4096 * (512 + 512 + 1) + 512 * 4096
    assert model.count() == 512 + 4 * each == least_numbers(model.config)
    with pytest.raises(InputError, match="width is 9; half of it belongs to each direction"):
        ELMoConfig(vocabulary=3, width=9)


def test_forget_gates_begin_open():
    bias = ELMo(ELMoConfig(vocabulary=5, width=4, inner=3), np.random.default_rng(0)).layers[0].left.bias
    assert isinstance(bias, Tensor) and bias.data.tolist() == [0] * 3 + [1] * 3 + [0] * 6

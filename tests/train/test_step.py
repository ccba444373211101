"""Do the parts of a batch add up to the batch, and is the gradient's length what clipping makes of it?"""

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer.backend import to_device, to_host
from tinyformer.engine import Tensor
from tinyformer.train.noise import Noise
from tinyformer.train.step import accumulate, clip_gradients, gradient_norm, gradients, number


def collect(model) -> dict[str, np.ndarray]:
    found = {name: p.grad for name, p in model.named_parameters().items()}
    for p in model.parameters():
        p.grad = None
    return found


@pytest.mark.parametrize("make, batch", [
    pytest.param(small.bert, small.pretraining_batch(5, seed=8), id="BERT"),
    pytest.param(small.gpt, small.text_batch(5), id="GPT")])
@pytest.mark.parametrize("pieces", [2, 3, 5])
def test_parts_with_unequal_counts_add_up_to_the_big_batch(make, batch, pieces):
    model = make()
    parts = batch.split(pieces)
    assert len({part.counts["tokens"] for part in parts}) > 1, "equal counts would prove nothing"
    whole_loss = float(gradients(model, batch)[0])
    whole = collect(model)
    loss = float(accumulate(model, batch, pieces)[0])
    found = collect(model)
    assert loss == pytest.approx(whole_loss, rel=1e-10)
    for name, g in whole.items():
        assert np.abs(found[name] - g).max() <= 1e-10 * max(1.0, np.abs(g).max()), name


def test_the_mean_of_the_parts_means_is_something_else():
    model, batch = small.gpt(), small.text_batch(5)
    means = np.mean([float(model.loss(part).data) for part in batch.split(2)])
    assert abs(means - float(model.loss(batch).data)) > 1e-4


@pytest.mark.parametrize("pieces", [2, 3, 5])
def test_the_parts_drop_what_the_batch_drops(pieces):
    """Dropout is a function of seed, step and row, and so the parts add up with it as without."""
    model, batch = small.bert(dropout=0.3), small.pretraining_batch(5, seed=8)
    whole_loss = float(accumulate(model, batch, 1, Noise(7, 3))[0])
    whole = collect(model)
    assert float(accumulate(model, batch, pieces, Noise(7, 3))[0]) == pytest.approx(whole_loss, rel=1e-10)
    found = collect(model)
    for name, g in whole.items():
        assert np.abs(found[name] - g).max() <= 1e-10 * max(1.0, np.abs(g).max()), name
    assert float(accumulate(model, batch, pieces, Noise(7, 4))[0]) != pytest.approx(whole_loss, rel=1e-3)


def leaves(device, *grads, dtype=np.float64):
    found = [Tensor(to_device(np.zeros_like(g, dtype), device)) for g in grads]
    for leaf, g in zip(found, grads, strict=True):
        leaf.grad = to_device(np.array(g, dtype), device)
    return found


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_clipping_shortens_and_keeps_the_direction(device):
    a, b = np.random.default_rng(0).normal(size=(300, 200)), np.array([3.0, -4.0])
    long = np.sqrt((a * a).sum() + 25)
    tensors = leaves(device, a, b)
    assert number(clip_gradients(tensors, 2.0)) == pytest.approx(long, rel=1e-12)
    assert np.allclose(to_host(tensors[0].grad), a * 2 / long, rtol=1e-12)
    assert number(gradient_norm(tensors)) == pytest.approx(2.0, rel=1e-12)
    tensors = leaves(device, b)
    assert number(clip_gradients(tensors, 5.5)) == 5.0
    assert np.array_equal(to_host(tensors[0].grad), b), "short enough: untouched"


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_no_length_is_too_small_or_too_large(device):
    tensors = leaves(device, np.zeros(3), dtype=np.float32)
    assert number(clip_gradients(tensors, 1.0)) == 0.0
    assert np.array_equal(to_host(tensors[0].grad), np.zeros(3))
    tensors = leaves(device, np.array([3e30, 4e30]), dtype=np.float32)          # their squares overflow float32
    assert number(clip_gradients(tensors, 1.0)) == pytest.approx(5e30, rel=1e-6)
    assert np.allclose(to_host(tensors[0].grad), [0.6, 0.8], rtol=1e-6)
    assert tensors[0].grad.dtype == np.float32


def test_without_gradients_or_limit_nothing_is_clipped():
    assert clip_gradients([Tensor(np.zeros(2))], 1.0) == 0.0
    tensors = leaves("cpu", np.array([30.0, 40.0]))
    assert clip_gradients(tensors, None) == 50.0
    assert np.array_equal(tensors[0].grad, [30.0, 40.0])

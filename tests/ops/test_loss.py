"""Losses against smaller ops, and against what they must not count."""

import numpy as np
import pytest
from fake_device import xp as fake
from hypothesis import given
from hypothesis import strategies as st
from walk import close, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor

from .layouts import arrays, shapes


def twin(target, ignore_index=-100, label_smoothing=0.0, count=None):
    """-sum q log p over the rows that count, with q written out."""
    def cross_entropy(logits):
        classes = logits.shape[-1]
        counted = target != ignore_index
        q = np.eye(classes)[np.where(counted, target, 0)] * (1 - label_smoothing) + label_smoothing / classes
        q = q * counted[..., None]
        total = counted.sum() if count is None else count
        return (ops.log_softmax(logits) * q).sum() * (-1 / total if counted.any() else 0.0)
    return cross_entropy


@given(shapes.filter(lambda s: len(s) < 4), st.integers(1, 4), st.integers(0, 99), st.sampled_from([-100, 0, 1]),
       st.sampled_from([0.0, 0.1, 1.0]), st.sampled_from([None, 7]), st.data())
def test_cross_entropy_equals_smaller_ops(shape, classes, seed, ignore_index, smoothing, count, data):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, classes, size=shape)
    target = np.where(rng.random(shape) < 0.3, ignore_index, target)
    options = {"ignore_index": ignore_index, "label_smoothing": smoothing, "count": count}
    logits = data.draw(arrays(shape=(*shape, classes)))
    same_as_twin(lambda x: ops.cross_entropy(x, target=target, **options), twin(target, **options), logits)


@pytest.mark.parametrize("scale", [1.0, -3.0])
def test_the_gradient_follows_the_incoming_one(scale):
    rng = np.random.default_rng(0)
    target = np.array([2, -100, 0])
    same_as_twin(lambda x: ops.cross_entropy(x, target=target) * scale, lambda x: twin(target)(x) * scale,
                 rng.normal(size=(3, 4)))


def test_parts_of_a_batch_add_up_to_the_whole():
    """With unequal numbers of counted targets the mean of means is wrong; sums over one count are right."""
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(6, 5)), np.array([1, -100, -100, 4, 0, -100])
    whole = Tensor(logits)
    ops.cross_entropy(whole, target=target).backward()
    parts = [Tensor(logits[:2]), Tensor(logits[2:])]
    total = 0.0
    for x, t in zip(parts, (target[:2], target[2:]), strict=True):
        loss = ops.cross_entropy(x, target=t, count=3)
        loss.backward()
        total += loss.item()
    close(total, ops.cross_entropy(logits, target=target).data, 1e-14)
    close(np.concatenate([x.grad for x in parts]), whole.grad, 1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_and_infinity_at_ignored_labels_have_no_influence(dtype):
    logits = np.array([[np.nan, np.inf, -np.inf], [1, 2, 3], [np.nan] * 3], dtype)
    x = Tensor(logits)
    loss = ops.cross_entropy(x, target=np.array([-100, 1, -100]))
    loss.backward()
    close(loss.data, ops.cross_entropy(logits[1:2], target=np.array([1])).data, 1e-7)
    assert (x.grad[[0, 2]] == 0).all() and np.isfinite(x.grad).all()


@pytest.mark.parametrize("options", [{}, {"count": 7}, {"label_smoothing": 0.1}])
@pytest.mark.parametrize("shape", [(0,), (2,), (2, 0), (2, 3)])
def test_where_nothing_counts_the_loss_is_0_and_so_is_its_gradient(shape, options):
    x = Tensor(np.full((*shape, 4), np.nan))
    loss = ops.cross_entropy(x, target=np.full(shape, -100), **options)
    loss.backward()
    assert loss.item() == 0 and (x.grad == 0).all() and x.grad.shape == x.shape


def test_infinite_logits():
    x = Tensor([[-np.inf, 0.0, 1.0]])
    loss = ops.cross_entropy(x, target=np.array([2]))
    loss.backward()
    close(loss.data, np.log1p(np.exp(-1.0)), 1e-14)
    assert np.isfinite(x.grad).all() and x.grad[0, 0] == 0
    assert ops.cross_entropy(x, target=np.array([0])).item() == np.inf
    assert ops.cross_entropy(np.array([[1e30, -1e30]]), target=np.array([1])).item() == 2e30


def test_an_even_guess_costs_the_logarithm_of_the_number_of_classes():
    for classes in (1, 2, 50):
        close(ops.cross_entropy(np.zeros((3, classes)), target=np.zeros(3, int)).data, np.log(classes), 1e-14)


def test_targets_may_be_a_list_small_integers_or_on_the_device():
    logits = np.random.default_rng(0).normal(size=(2, 300))
    expected = ops.cross_entropy(logits, target=np.array([7, 255])).data
    assert ops.cross_entropy(logits, target=[7, 255]).data == expected
    assert ops.cross_entropy(logits, target=np.array([7, 255], np.uint8)).data == expected
    there = ops.cross_entropy(Tensor(logits).to("fake"), target=fake.asarray([7, 255]))
    close(there.to("cpu").data, expected, 1e-14)


@given(arrays(low=-40, high=40), st.integers(0, 99))
def test_binary_cross_entropy_equals_smaller_ops(x, seed):
    t = np.asarray(np.random.default_rng(seed).random(x.shape))
    if x.size:
        same_as_twin(lambda x: ops.binary_cross_entropy_with_logits(x, target=t),
                     lambda x: (x * (1 - t) + ops.log(1 + ops.exp(-x))).mean(), np.where(abs(x) > 30, x / 2, x))
    loss = ops.binary_cross_entropy_with_logits(leaf := Tensor(x), target=t)
    loss.backward()
    assert leaf.grad.shape == x.shape and np.isfinite(leaf.grad).all()


@given(arrays(), st.integers(0, 99))
def test_mean_squared_error_equals_smaller_ops(x, seed):
    t = np.asarray(np.random.default_rng(seed).normal(size=x.shape))
    same_as_twin(lambda x: ops.mean_squared_error(x, target=t), lambda x: ((x - t) * (x - t)).mean(), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_scores_do_not_overflow(dtype):
    x = Tensor(np.array([-1e30, 1e30, 0], dtype))
    loss = ops.binary_cross_entropy_with_logits(x, target=np.array([0.0, 1.0, 0.5]))
    loss.backward()
    assert np.isclose(loss.item(), np.log(2) / 3) and (x.grad == 0).all()


@pytest.mark.parametrize("call, error, message", [
    (lambda: ops.cross_entropy(np.ones((2, 3)), target=np.zeros(3, int)), ValueError,
     r"cross_entropy: logits are \(2, 3\), target is \(3,\); target must be \(2,\), one class number for each row"),
    (lambda: ops.cross_entropy(np.ones((2, 3)), target=np.array([0, 3])), IndexError,
     "cross_entropy: id 3 is out of range; 3 "),
    (lambda: ops.cross_entropy(np.ones((2, 3)), target=np.array([0, -1])), IndexError,
     "cross_entropy: id -1 is out of range"),
    (lambda: ops.cross_entropy(np.ones((2, 3)), target=np.zeros(2)), TypeError,
     "cross_entropy: ids have dtype float64; they must"),
    (lambda: ops.binary_cross_entropy_with_logits(np.ones(2), target=np.ones(1)), ValueError,
     r"binary_cross_entropy_with_logits: x is \(2,\), target is \(1,\); they must be equal"),
    (lambda: ops.mean_squared_error(np.ones((2, 1)), target=np.ones(2)), ValueError,
     r"mean_squared_error: x is \(2, 1\), target is \(2,\); they must be equal"),
])
def test_errors_name_op_shapes_and_rule(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_whole_batch_without_a_target_costs_nothing_and_warns():
    x = Tensor(np.ones((2, 3)))
    with pytest.warns(UserWarning, match="every target of the batch is ignored") as caught:
        loss = ops.cross_entropy(x, target=np.array([-100, -100]), count=0)
    loss.backward()
    assert caught[0].filename == __file__
    assert loss.item() == 0 and (x.grad == 0).all()
    with pytest.raises(ValueError, match="count is 0 and 1 targets count; it must be at least 1"):
        ops.cross_entropy(x, target=np.array([-100, 1]), count=0)
    with pytest.raises(ValueError, match="count is -1"):
        ops.cross_entropy(x, target=np.array([-100, -100]), count=-1)

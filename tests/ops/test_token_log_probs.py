"""The log-probability of given tokens against smaller ops, against cross-entropy, and where it must not look."""

import numpy as np
import pytest
from fake_device import xp as fake
from hypothesis import given
from hypothesis import strategies as st
from walk import close, same_as_twin

from tinyformer import ops
from tinyformer.backend import to_host
from tinyformer.engine import Tensor

from .layouts import arrays, shapes


def twin(ids, ignore_index=-100):
    """The place of each id in log_softmax, picked by a product with ones and zeros."""
    def token_log_probs(logits):
        counted = ids != ignore_index
        chosen = np.eye(logits.shape[-1])[np.where(counted, ids, 0)] * counted[..., None]
        return (ops.log_softmax(logits) * chosen).sum(axis=-1)
    return token_log_probs


@given(shapes.filter(lambda s: len(s) < 4), st.integers(1, 4), st.integers(0, 99), st.sampled_from([-100, 0, 1]),
       st.data())
def test_it_equals_smaller_ops(shape, classes, seed, ignore_index, data):
    rng = np.random.default_rng(seed)
    ids = np.where(rng.random(shape) < 0.3, ignore_index, rng.integers(0, classes, size=shape))
    logits = data.draw(arrays(shape=(*shape, classes)))
    same_as_twin(lambda x: ops.token_log_probs(x, ids=ids, ignore_index=ignore_index), twin(ids, ignore_index), logits)


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_weighted_by_one_over_the_count_it_is_cross_entropy(dtype, tolerance):
    rng = np.random.default_rng(0)
    logits, ids = rng.normal(size=(4, 6, 9)).astype(dtype), rng.integers(0, 9, (4, 6))
    ids[1, 2:] = -100
    one, other = Tensor(logits), Tensor(logits)
    weights = np.full(ids.shape, 1 / (ids != -100).sum(), dtype)
    loss, same = -(ops.token_log_probs(one, ids=ids) * weights).sum(), ops.cross_entropy(other, target=ids)
    loss.backward()
    same.backward()
    close(loss.data, same.data, tolerance)
    close(one.grad, other.grad, tolerance)


def test_a_weight_for_each_token_is_the_gradient_of_that_token():
    """REINFORCE in one line: the gradient of sum w log p is the sum of w times each token's own gradient."""
    rng = np.random.default_rng(1)
    logits, ids, weights = rng.normal(size=(3, 5)), np.array([4, 0, 2]), np.array([1.5, 0.0, -2.0])
    x = Tensor(logits)
    (ops.token_log_probs(x, ids=ids) * weights).sum().backward()
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    close(x.grad, weights[:, None] * (np.eye(5)[ids] - p), 1e-14)
    assert (x.grad[1] == 0).all()


def test_infinite_logits():
    x = Tensor([[-np.inf, 0.0, 1.0], [-np.inf, 0.0, 1.0]])
    found = ops.token_log_probs(x, ids=np.array([2, 0]))
    found.backward(np.array([1.0, 1.0]))
    close(found.data[0], -np.log1p(np.exp(-1.0)), 1e-14)
    assert found.data[1] == -np.inf, "what cannot be has probability 0"
    assert np.isfinite(x.grad).all() and x.grad[0, 0] == 0


def test_nothing_to_ask():
    for shape in ((0,), (2, 0), (3,)):
        x = Tensor(np.full((*shape, 4), np.nan))
        found = ops.token_log_probs(x, ids=np.full(shape, -100))
        found.backward(np.ones(shape))
        assert found.shape == shape and (found.data == 0).all() and (x.grad == 0).all()


def test_the_same_on_another_device():
    rng = np.random.default_rng(2)
    logits, ids = rng.normal(size=(2, 3, 7)), np.array([[1, -100, 6], [0, 3, 3]])
    there = Tensor(logits).to("fake")
    for given_ids in (ids, fake.asarray(ids)):
        close(to_host(ops.token_log_probs(there, ids=given_ids).data), ops.token_log_probs(logits, ids=ids).data, 1e-14)


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_an_id_outside_the_vocabulary_is_refused_on_both_devices(device):
    logits = Tensor(np.ones((2, 3))).to(device)
    for wrong in (3, -1):
        with pytest.raises(IndexError, match=f"token_log_probs: id {wrong} is out of range; 3 "):
            ops.token_log_probs(logits, ids=np.array([0, wrong]))


@pytest.mark.parametrize("logits, ids, error, message", [
    (np.ones((2, 3)), np.zeros(3, int), ValueError, r"logits are \(2, 3\), ids are \(3,\); ids must be \(2,\)"),
    (np.ones((2, 3)), np.zeros(2), TypeError, "ids have dtype float64"),
    (np.ones((2, 0)), np.zeros(2, int), ValueError, "at least one token"),
    (np.array(1.0), np.array(0), ValueError, "at least one token")])
def test_errors_name_op_shapes_and_rule(logits, ids, error, message):
    with pytest.raises(error, match=f"token_log_probs: .*{message}"):
        ops.token_log_probs(logits, ids=ids)

"""Ops whose rows depend on one another, batch norm and the contrastive loss, against smaller ops; what they refuse."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walk import close, same_as_twin

from tinyformer import ops
from tinyformer.engine import Tensor

from .layouts import arrays

few = settings(max_examples=30)


@few
@given(st.integers(2, 5), st.integers(1, 4), st.data())
def test_batch_norm_is_made_of_smaller_ops(rows, width, data):
    x = data.draw(arrays(shape=(rows, 2, width))) + np.arange(rows)[:, None, None]             # no channel is constant
    gain, bias = (data.draw(arrays(shape=(width,))) for _ in range(2))

    def twin(x, gain, bias):
        centred = x - ops.mean(x, axis=(0, 1), keepdims=True)
        return centred / ops.sqrt(ops.var(x, axis=(0, 1), keepdims=True) + 1e-5) * gain + bias

    same_as_twin(ops.batch_norm, twin, x, gain, bias, tolerance=1e-9)
    mean, variance = np.arange(width) - 1.0, np.arange(width) + 0.5
    same_as_twin(lambda *inputs: ops.batch_norm(*inputs, mean=mean, variance=variance, eps=0.1),
                 lambda x, gain, bias: (x - mean) / np.sqrt(variance + 0.1) * gain + bias, x, gain, bias)


@few
@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([0.07, 0.5, 2.0]), st.data())
def test_nt_xent_is_a_cross_entropy_between_rows(pairs, width, temperature, data):
    z = data.draw(arrays(shape=(2 * pairs, width)))
    z = z + np.where(z < 0, -0.5, 0.5)                         # none of length 0
    rows = np.arange(2 * pairs)

    def twin(z):
        unit = ops.normalize(z)
        scores = ops.where(unit @ unit.T * (1 / temperature), -1e30, keep=rows[:, None] != rows)
        return ops.cross_entropy(scores, target=(rows + pairs) % (2 * pairs))

    same_as_twin(lambda z: ops.nt_xent(z, temperature=temperature), twin, z, tolerance=1e-9)


def test_what_neither_can_see_has_no_gradient():
    rng = np.random.default_rng(0)
    x, z = Tensor(rng.normal(size=(6, 3))), Tensor(rng.normal(size=(6, 3)))
    ops.batch_norm(x, np.ones(3), np.zeros(3), eps=1e-12).backward(rng.normal(size=(6, 3)))
    assert np.abs(x.grad.sum(0)).max() < 1e-12                 # a channel may be shifted,
    assert np.abs((x.grad * x.data).sum(0)).max() < 1e-9       # and scaled,
    ops.nt_xent(z).backward()
    assert np.abs((z.grad * z.data).sum(-1)).max() < 1e-12     # and a row may be longer


def test_knowing_nothing_costs_the_logarithm_of_the_others():
    rng = np.random.default_rng(1)
    z = rng.normal(size=(64, 200))
    assert ops.nt_xent(z, temperature=100.0).item() == pytest.approx(math.log(63), abs=1e-2)
    assert ops.nt_xent(np.concatenate([z[:32], z[:32]]), temperature=0.02).item() < 1e-8


def test_a_mean_that_is_given_leaves_each_row_alone():
    rng = np.random.default_rng(2)
    x, constants = rng.normal(size=(4, 3)), dict(mean=np.ones(3), variance=np.full(3, 4.0))
    whole = ops.batch_norm(x, np.ones(3), np.zeros(3), **constants).data
    close(whole[1:2], ops.batch_norm(x[1:2], np.ones(3), np.zeros(3), **constants).data, 0)
    close(whole, (x - 1) / np.sqrt(4 + 1e-5), 1e-12)


@pytest.mark.parametrize("call, message", [
    (lambda: ops.batch_norm(np.ones((1, 2)), np.ones(2), np.ones(2)), r"batch_norm: x is \(1, 2\), one row"),
    (lambda: ops.batch_norm(np.ones((3, 2)), np.ones(3), np.ones(2)), r"batch_norm: x is \(3, 2\), gain is \(3,\)"),
    (lambda: ops.batch_norm(np.ones((0, 2)), np.ones(2), np.ones(2)), "at least one row"),
    (lambda: ops.batch_norm(np.ones((3, 2)), np.ones(2), np.ones(2), mean=np.ones(2)), "belong together"),
    (lambda: ops.batch_norm(np.ones((3, 2)), np.ones(2), np.ones(2), mean=np.ones(2), variance=np.ones(1)),
     r"variance is \(1,\); both must be \(2,\)"),
    (lambda: ops.nt_xent(np.ones((3, 2))), r"nt_xent: z is \(3, 2\); it must be \(2N, D\)"),
    (lambda: ops.nt_xent(np.ones((2, 2, 2))), r"nt_xent: z is \(2, 2, 2\)"),
    (lambda: ops.nt_xent(np.ones((0, 2))), r"nt_xent: z is \(0, 2\)"),
    (lambda: ops.nt_xent(np.ones((2, 2)), temperature=0.0), "temperature is 0.0; it must be a finite number above 0")])
def test_errors_name_op_shapes_and_rule(call, message):
    with pytest.raises(ValueError, match=message):
        call()

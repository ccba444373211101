"""Weights of one byte: as near as is said, a quarter of the memory, and nearly the same perplexity."""

import math

import numpy as np
import pytest
import small
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.cli import main
from tinyformer.data.batches import TextWindows
from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.generate import write
from tinyformer.models import GPT, GPTConfig
from tinyformer.nn.int8_layers import PIECE, Int8Rows, keep_in_bytes
from tinyformer.train import Settings, evaluate, train
from tinyformer.train.threads import blas_threads


@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 99), st.sampled_from([1e-20, 1.0, 1e20]))
def test_no_number_is_off_by_more_than_half_a_step(outputs, inputs, seed, size):
    weight = (np.random.default_rng(seed).normal(size=(outputs, inputs)) * size).astype(np.float32)
    weight[0] = 0                                              # a row without a largest number
    rows = Int8Rows(weight)
    found = rows.taken(np.arange(outputs))
    largest = np.abs(weight).max(1, keepdims=True)
    assert (np.abs(found - weight) <= largest / 254 * (1 + 1e-5)).all() and not found[0].any()


@pytest.mark.parametrize("shape", [(1, 3), (300, 3), (2 * PIECE // 500 + 1, 500), (3, PIECE + 1)])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_product_is_that_of_the_rounded_weights(shape, count):
    rng = np.random.default_rng(0)
    kept, x = Int8Rows(rng.normal(size=shape).astype(np.float32)), rng.normal(size=(count, shape[1])).astype(np.float32)
    true = x.astype(np.float64) @ kept.taken(np.arange(shape[0])).T
    np.testing.assert_allclose(kept.product(x), true, atol=1e-5 * math.sqrt(shape[1]))
    assert kept.nbytes == math.prod(shape) + 4 * shape[0]


def test_perplexity_stays_within_a_hundredth():
    """Of a model that has learned: the text is a walk on a graph, on which each id is followed by one of three."""
    rng = np.random.default_rng(0)
    follows, ids = rng.integers(0, 40, (40, 3)), [0]
    for turn in rng.integers(0, 3, 6000):
        ids.append(follows[ids[-1], turn])
    batches = TextWindows(np.array(ids[:5000]), batch_size=16, block=32, seed=0)
    held_out = TextWindows(np.array(ids[5000:]), batch_size=16, block=32, seed=0)
    model = GPT(GPTConfig(vocabulary=40, layers=2, heads=2, width=64, context=32, dropout=0.0), rng)
    with blas_threads(1):                                      # of small products, which threads only slow down
        train(model, batches, Settings(steps=100, learning_rate=3e-3, warmup=10), progress=False)
    loss, before = evaluate(model, held_out.in_order())["lm loss"], sum(p.data.nbytes for p in model.parameters())
    assert loss < 1.4 < math.log(40)
    written = list(write(model, [0], 20))
    in_bytes = keep_in_bytes(model)
    assert in_bytes < 0.28 * before
    assert sum(p.data.nbytes for p in model.parameters() if p.data.strides != (0,) * p.ndim) < 0.03 * before
    assert abs(math.exp(evaluate(model, held_out.in_order())["lm loss"] - loss) - 1) < 0.01
    assert list(write(model, [0], 20))[:3] == written[:3]


@pytest.mark.parametrize("make", [small.gpt, small.seq2seq])
def test_every_layer_takes_part(make):
    """Where one read its old weight, it would find NaN."""
    model, rounded = make(dtype=np.float32), make(dtype=np.float32)
    for p in rounded.parameters():
        if p.ndim == 2:
            p.data[...] = Int8Rows(p.data).taken(np.arange(len(p.data)))
    keep_in_bytes(model)
    ids = np.random.default_rng(0).integers(0, small.VOCABULARY, (2, 7))
    given = (ids,) if make is small.gpt else (ids, ids[:, :4])
    with no_grad():
        np.testing.assert_allclose(model(*given).data, rounded(*given).data, rtol=1e-4, atol=1e-4)


def test_who_wants_to_learn_or_to_go_elsewhere_is_refused():
    model = small.gpt(dtype=np.float32)
    keep_in_bytes(model)
    with pytest.raises(ValueError, match="weights in int8 do not learn"):
        model.loss(small.text_batch())
    with pytest.raises(ValueError, match="GPT: has no Linear and no Embedding whose weights are floats"):
        keep_in_bytes(model)
    with pytest.raises(IndexError, match="embedding: id 13 is out of range"), no_grad():
        model(np.array([[13]]))
    with pytest.raises(InputError, match="made from float32 on the CPU, and this model is float64"):
        keep_in_bytes(small.gpt())
    assert np.isnan(model.words.weight.data).all() and isinstance(model.words.weight, Tensor)


def test_the_command_writes_with_them(capsys, gpt):
    words = ["generate", "--model", str(gpt), "--prompt", "The ", "--tokens", "12"]
    assert main([*words, "--weights", "int8"]) == 0
    out, said = capsys.readouterr()
    assert out.startswith("The ") and len(out) == 17 and "weights in int8: " in said and "MB in place of" in said
    assert main([*words, "--weights", "int8", "--beams", "2"]) == 0
    assert main([*words, "--weights", "int4"]) == 2

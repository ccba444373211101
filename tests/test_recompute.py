"""Computed again in backward: the same gradients bit for bit, and most of the memory of the layers saved."""

import gc
import json
import tracemalloc
from contextlib import nullcontext

import numpy as np
import pytest
import small

from tinyformer import ops
from tinyformer.engine import Tensor, no_grad
from tinyformer.errors import InputError
from tinyformer.gradcheck import check
from tinyformer.kept import bytes_kept
from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.nn import Linear, Module
from tinyformer.nn.recomputed_blocks import recomputing
from tinyformer.recompute import recompute
from tinyformer.train import Settings, train
from tinyformer.train.noise import Noise

MODELS = [pytest.param(small.bert, small.pretraining_batch, {}, id="BERT"),
          pytest.param(small.bert, small.pretraining_batch, {"shared": True}, id="ALBERT"),
          pytest.param(small.gpt, small.text_batch, {}, id="GPT"),
          pytest.param(small.seq2seq, small.seq2seq_batch, {}, id="seq2seq"),
          pytest.param(small.vectors, small.vector_batch, {}, id="vectors")]


@pytest.mark.parametrize("make, batch, changes", MODELS)
@pytest.mark.parametrize("noise", [Noise(1, 2), Noise(1, 2).part(1, 4, 7)], ids=["whole", "some rows"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_are_the_same_bit_for_bit_with_dropout(make, batch, changes, noise, dtype):
    found = []
    for context in (nullcontext(), recomputing):
        model = make(dtype=dtype, dropout=0.2, **changes)
        with context(model) if context is recomputing else context:
            found.append(small.gradients(model, lambda m=model: m.loss(batch(), rng=noise.generator())))
    for name, grad in found[0].items():
        assert np.array_equal(grad, found[1][name]) if grad is not None else found[1][name] is None, name


def test_the_peak_of_six_layers_is_much_lower():
    """Counted, not timed: what Python's allocator hands out between the first op and the last gradient."""
    config = BertConfig(vocabulary=50, layers=6, heads=4, width=64, context=64, dropout=0.1)
    batch, peaks = small.pretraining_batch(8, 64, vocabulary=50), []
    for context in (lambda model: nullcontext(), recomputing):
        model = BertForPretraining(config, np.random.default_rng(0))
        with context(model):
            for _ in range(2):                                 # what is made once and kept is made the first time
                for p in model.parameters():
                    p.grad = None
                gc.collect()
                tracemalloc.start()
                try:
                    loss = model.loss(batch, rng=Noise(0, 0).generator())
                    kept = sum(bytes_kept(loss).values())
                    loss.backward()
                    peak = tracemalloc.get_traced_memory()[1]
                finally:
                    tracemalloc.stop()
        peaks.append((peak, kept))
    (whole, all_kept), (less, inputs) = peaks
    assert less < 0.6 * whole, f"{less:,} of {whole:,} bytes"
    assert inputs < 0.2 * all_kept


def test_every_gradient_of_a_recomputed_function_is_right():
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(4, 3))

    def function(x, y):
        return recompute(lambda a, factor, b: ops.gelu(ops.affine(a, weight)) * factor + ops.tanh(b), x, 2.0, y)

    assert check(function, rng.normal(size=(2, 3)), rng.normal(size=(2, 4))).ok


def test_leaves_that_are_mentioned_get_their_gradient_and_frozen_inputs_none():
    layer, x = Linear(3, 2, np.random.default_rng(0)).to(dtype=np.float64), Tensor(np.ones((4, 3)), requires_grad=False)
    recompute(layer, x).backward(np.ones((4, 2)))              # nothing comes in that asks for a gradient: just called
    plain = layer.weight.grad.copy()
    y = Tensor(np.ones((4, 3)))
    recompute(layer, y).backward(np.ones((4, 2)))
    assert np.array_equal(layer.weight.grad, 2 * plain) and x.grad is None and y.grad is not None


def test_an_input_that_is_not_used_gets_zeros_and_a_second_pass_gives_the_same():
    x, y = Tensor(np.ones(3)), Tensor(np.ones(3))
    out = recompute(lambda x, y, rng: ops.dropout(ops.exp(x), rate=0.5, rng=rng), x, y, np.random.default_rng(1))
    out.backward(np.ones(3), retain_graph=True)
    first = x.grad.copy()
    out.backward(np.ones(3))
    assert np.array_equal(x.grad, 2 * first) and not y.grad.any()


def test_what_is_computed_outside_must_come_in_as_an_input():
    x = Tensor(np.ones(3))
    outside = ops.exp(x)
    with pytest.raises(ValueError, match="computed outside.*hand it over as one of the inputs"):
        recompute(lambda y: y * outside, x).backward(np.ones(3))


def test_without_a_graph_it_is_a_call():
    with no_grad():
        assert not recompute(ops.exp, Tensor(np.ones(3))).requires_grad
    rng = np.random.default_rng(5)
    recompute(lambda x, rng: ops.dropout(x, rate=0.5, rng=rng), Tensor(np.ones(4)), rng)
    other = np.random.default_rng(5)
    other.bytes(8)
    assert rng.bytes(4) == other.bytes(4)                      # and drew from the generator once


class Batches:
    def batch(self, step):
        return small.text_batch(4, seed=step)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_is_the_same_run_and_says_how_it_was_computed(tmp_path, workers):
    weights = []
    for way in (False, True):
        model = small.gpt(dtype=np.float32, dropout=0.1)
        train(model, Batches(), Settings(steps=3, workers=workers, recompute=way), out=tmp_path / str(way),
              progress=False)
        weights.append(model.state())
        state = json.loads((tmp_path / str(way) / "checkpoint-00000003" / "trainer_state.json").read_text("utf-8"))
        assert state["settings"]["recompute"] is way
        assert {type(layer).__name__ for layer in model.layers} == {"PreNormBlock"}
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_run_may_go_on_the_other_way(tmp_path):
    train(small.gpt(dtype=np.float32), Batches(), Settings(steps=2), out=tmp_path / "a", progress=False)
    history = train(small.gpt(dtype=np.float32), Batches(), Settings(steps=4, recompute=True), out=tmp_path / "a",
                    resume=True, progress=False)
    assert not any("recompute" in note for note in history.notes)


def test_a_model_without_known_layers_is_refused():
    class Own(Module):
        def __init__(self):
            self.weight = Tensor(np.ones(2))

    with pytest.raises(InputError, match="recompute: Own has no block of tinyformer.nn"):
        train(Own(), [1], Settings(steps=1, recompute=True), loss=lambda m, *_: m.weight.sum(), progress=False)

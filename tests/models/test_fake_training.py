"""Does training come out on another device where it comes out on the host?  On the strict fake one, always tested;
on a GPU, where there is one.

Dropout is on: its masks are drawn on the host, so that all devices drop the same numbers.
"""

from functools import partial

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer.backend import cuda_trouble, to_host
from tinyformer.models import (
    MultiLabelClassifier,
    PairClassifier,
    PairScorer,
    SpanFinder,
    TextClassifier,
    TokenTagger,
)
from tinyformer.models.parts.depth import freeze
from tinyformer.nn.lora import ALL, add_lora
from tinyformer.train.noise import Noise
from tinyformer.train.optimizers import AdamW
from tinyformer.train.step import accumulate, clip_gradients

STEPS = 20
DEVICES = ["fake", pytest.param("cuda", marks=[
    pytest.mark.gpu, pytest.mark.skipif(cuda_trouble() is not None, reason=str(cuda_trouble()))])]


def _head(kind, make_encoder=None):
    """A head as the models beside it stand in the table: how it is made, with which options, and its batches."""
    def make(spread, **options):
        return small.head(kind, make_encoder(spread, **options) if make_encoder else None, spread, **options)

    return make, {}, partial(small.head_batch, kind)


def _tuned_a_little(spread, **options):
    """A head on a BERT whose products stay, with additions beside all of them."""
    model = small.head(TextClassifier, None, spread, **options)
    freeze(model, "all")
    add_lora(model, 2, np.random.default_rng(0), on=ALL)
    return model


MODELS = {
    "BERT": (small.bert, {}, small.pretraining_batch),
    "ALBERT": (small.bert, dict(shared=True, factor=4, pair_objective="sop"), small.pretraining_batch),
    "RoBERTa": (small.roberta, {}, small.pretraining_batch),
    "DistilBERT": (small.distilbert, {}, small.pretraining_batch),
    "GPT-2": (small.gpt, {}, small.text_batch),
    "GPT-1": (small.gpt, dict(norm="post"), small.text_batch),
    "Llama": (small.llama, {}, small.text_batch),
    "T5": (small.t5, {}, small.seq2seq_batch),
    "BART": (small.seq2seq, {}, small.seq2seq_batch),
    "a class for a text, LoRA": (_tuned_a_little, {}, partial(small.head_batch, TextClassifier)),
}
HEADS = {                                     # in float64 alone: what one adds to its model is a product and a loss
    "a class for a text": _head(TextClassifier),
    "any labels for a text": _head(MultiLabelClassifier),
    "a tag for each token": _head(TokenTagger),
    "a class for a pair": _head(PairClassifier),
    "a score for a pair": _head(PairScorer),
    "a span": _head(SpanFinder),
    "a class for a text, GPT-2": _head(TextClassifier, small.gpt),
}


def _model(name: str, dtype):
    make, options, _ = (MODELS | HEADS)[name]
    return make(spread=False, dtype=dtype, dropout=0.1, **options)


def _weights(model) -> np.ndarray:
    return np.concatenate([array.ravel() for array in model.state().values()])


def _trained(name: str, device: str, dtype):
    """The losses of 20 steps, each of two parts of a batch, and all weights after them.

    AdamW with BERT's eps of 1e-6: with 1e-8 it would also follow gradients that are nothing but rounding in float32
    (that of the key's bias is: it adds the same to all scores of a query), and those differ from device to device.
    """
    model, draw_batch = _model(name, dtype).to(device), (MODELS | HEADS)[name][2]
    optimizer = AdamW(model, eps=1e-6, weight_decay=0.1)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        losses.append(accumulate(model, draw_batch(rows=4, seed=step), 2, Noise(0, step))[0])
        clip_gradients(model.parameters(), 1.0)
        optimizer.step(1e-3)
    assert {p.device for p in model.parameters()} == {device}
    return np.array([to_host(loss) for loss in losses]), _weights(model)


@pytest.mark.parametrize("name, dtype, tolerance", [*((name, np.float64, 1e-10) for name in MODELS | HEADS),
                                                    *((name, np.float32, 1e-4) for name in MODELS)])
@pytest.mark.parametrize("device", DEVICES)
def test_twenty_steps_end_where_numpy_ends(device, name, dtype, tolerance):
    losses, weights = _trained(name, "cpu", dtype)
    their_losses, their_weights = _trained(name, device, dtype)
    assert their_losses.dtype == losses.dtype == dtype
    assert np.abs(their_losses - losses).max() <= tolerance * np.abs(losses).max()
    assert np.linalg.norm(their_weights - weights) <= tolerance * np.linalg.norm(weights)
    start = _weights(_model(name, dtype))
    assert np.linalg.norm(weights - start) > 0.005 * np.linalg.norm(start)     # they have come some way

"""Does the encoder see everything, the decoder nothing that is to come, and both nothing of the padding?"""

import math
from dataclasses import replace

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer.backend import to_host
from tinyformer.errors import InputError
from tinyformer.generate import rewrite, rewrite_beams
from tinyformer.models import Seq2Seq, Seq2SeqConfig, TextClassifier, TokenTagger
from tinyformer.models.seq2seq import Encoder
from tinyformer.ops import cross_entropy
from tinyformer.train.optimizers import AdamW
from tinyformer.train.step import clip_gradients, gradients

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def logits(model, batch):
    return model(batch.ids, batch.decoder_ids, batch.keep).data


@pytest.mark.parametrize("scale_words", [False, True])
def test_an_untrained_model_knows_nothing(scale_words):
    vocabulary = 1000
    config = Seq2SeqConfig(vocabulary=vocabulary, width=64, context=32, scale_words=scale_words)
    model = Seq2Seq(config, np.random.default_rng(0))
    loss = model.loss(small.seq2seq_batch(16, 32, vocabulary)).item()
    assert loss == pytest.approx(math.log(vocabulary), rel=0.03)


@DTYPES
def test_a_target_token_changes_nothing_before_itself(dtype):
    """Not by one bit; and it does change everything from itself on."""
    model, batch = small.seq2seq(dtype=dtype), small.seq2seq_batch(length=9)
    before = logits(model, batch)
    for t in range(batch.decoder_ids.shape[1]):
        changed = batch.decoder_ids.copy()
        changed[:, t] = (changed[:, t] + 1) % small.VOCABULARY
        after = model(batch.ids, changed, batch.keep).data
        assert np.array_equal(after[:, :t], before[:, :t])
        assert (after != before)[:, t:].any(axis=2).all()


def test_every_real_source_token_changes_every_row_and_padding_none():
    model, batch = small.seq2seq(), small.seq2seq_batch()
    before = logits(model, batch)
    for s in range(batch.ids.shape[1]):
        changed = batch.ids.copy()
        changed[:, s] = (changed[:, s] + 1) % small.VOCABULARY
        differs = (model(changed, batch.decoder_ids, batch.keep).data != before).any(axis=2)
        assert (differs == batch.keep[:, s, None]).all()


@DTYPES
def test_padding_may_be_left_away(dtype):
    model, batch = small.seq2seq(dtype=dtype), small.seq2seq_batch()
    alone = model(batch.ids[1:2, :5], batch.decoder_ids[1:2, :4]).data
    together = logits(model, batch)[1:2, :4]
    assert np.abs(alone - together).max() <= (1e-5 if dtype == np.float32 else 1e-12)


def test_nothing_is_learned_from_the_source_padding():
    model, batch = small.seq2seq(), small.seq2seq_batch()
    one = small.gradients(model, lambda: model.loss(batch))
    changed = batch.ids.copy()
    changed[~batch.keep] = (changed[~batch.keep] + 1) % small.VOCABULARY
    other = small.gradients(model, lambda: model.loss(replace(batch, ids=changed)))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_the_parts_of_a_batch_give_the_gradient_of_the_whole():
    model, batch = small.seq2seq(), small.seq2seq_batch(rows=5)
    whole = small.gradients(model, lambda: model.loss(batch))
    for p in model.parameters():
        p.grad = None
    for part in batch.split(2):
        model.loss(part, counts=batch.counts).backward()
    for name, p in model.named_parameters().items():
        assert np.abs(p.grad - whole[name]).max() <= 1e-10 * max(np.abs(whole[name]).max(), 1e-3), name


def test_dropout_stands_where_the_paper_puts_it():
    """After both embeddings, and in each layer on the attention weights and on each part's output."""
    model, batch = small.seq2seq(dropout=0.2, decoder_layers=3), small.seq2seq_batch()
    draws = small.CountingGenerator()
    model.loss(batch, rng=draws)
    B, S, T, C, H = *batch.ids.shape, batch.decoder_ids.shape[1], 8, 2
    reads = [B * S * C] + 2 * [B * H * S * S, B * S * C, B * S * C]
    writes = [B * T * C] + 3 * [B * H * T * T, B * T * C, B * H * T * S, B * T * C, B * T * C]
    assert draws.sizes == reads + writes


def test_the_loss_is_that_of_all_places_where_something_is_asked():
    model, batch = small.seq2seq(), small.seq2seq_batch()
    plain = cross_entropy(model(batch.ids, batch.decoder_ids, batch.keep), target=batch.targets)
    assert model.loss(batch).item() == pytest.approx(plain.item(), rel=1e-13)


def test_words_serve_three_times():
    model = small.seq2seq()
    assert sum(p.shape == (small.VOCABULARY, 8) for p in model.parameters()) == 1
    assert model.encoder.words is model.decoder.words is model.words


def test_one_batch_is_learned_by_heart():
    model, batch = small.seq2seq(spread=False, dtype=np.float32, width=32, inner=64), small.seq2seq_batch()
    optimizer = AdamW(model)
    for _ in range(150):
        optimizer.zero_grad()
        loss, _ = gradients(model, batch)
        clip_gradients(model.parameters(), 1.0)
        optimizer.step(3e-3)
    assert loss < 0.05
    (right, count), = [value for name, value in model.measure(batch).items() if "accuracy" in name]
    assert right == count == batch.counts["tokens"]


def test_measure_counts_the_targets_that_count():
    model, batch = small.seq2seq(), small.seq2seq_batch()
    (total, count), (right, of) = model.measure(batch).values()
    assert count == of == batch.counts["tokens"] and 0 <= right <= of
    assert total / count == pytest.approx(model.loss(batch).item(), rel=1e-12)


def test_alignments_are_the_weights_that_the_decoder_uses():
    """They sum to 1 over the real source, and with them the first layer's cross-attention comes out again."""
    model, batch = small.seq2seq(), small.seq2seq_batch()
    memory = model.encode(batch.ids, batch.keep)
    found = model.decoder.alignments(batch.decoder_ids, memory, batch.keep)
    assert [w.shape for w in found] == 2 * [(3, 2, 5, 7)]
    assert all(np.allclose(w.data.sum(-1), 1) and not w.data[1, :, :, 5:].any() for w in found)
    layer = model.decoder.layers[0]
    x = layer.look_back(model.decoder.embed(batch.decoder_ids))
    _, value = layer.cross.keys_values(memory)
    brought = np.einsum("bhts,bhsd->bthd", found[0].data, value.data).reshape(3, 5, 8)
    ours = layer.cross(x, memory, batch.keep[:, None, None]).data
    assert np.abs(layer.cross.out(brought).data - ours).max() < 1e-12


@pytest.mark.parametrize("head", [TextClassifier, TokenTagger])
def test_the_encoder_carries_a_head(head):
    model, batch = small.seq2seq(), small.seq2seq_batch()
    top = head(model.encoder, ["a", "b", "c"], np.random.default_rng(0)).to(dtype=np.float64)
    hidden = model.encode(batch.ids, batch.keep).data
    read = hidden[:, 0] if head is TextClassifier else hidden
    scores = top(batch.ids, None, batch.keep).data
    assert np.abs(scores - (read @ top.linear.weight.data.T + top.linear.bias.data)).max() < 1e-12


def test_too_long_an_input_says_how_long_it_may_be():
    long, short = np.zeros((1, 10), np.int64), np.zeros((1, 9), np.int64)
    with pytest.raises(ValueError, match="Encoder: 10 positions; this model has room for 9"):
        small.seq2seq()(long, short)
    with pytest.raises(ValueError, match="Decoder: 10 positions; this model has room for 9"):
        small.seq2seq()(short, long)


@pytest.mark.parametrize("field, value", [("decoder_layers", -1), ("decoder_layers", 1.5), ("end_id", 13),
                                          ("pad_id", -1), ("start_id", True)])
def test_a_config_that_cannot_be_is_named(field, value):
    with pytest.raises(InputError, match=f"config: {field} is {value}"):
        small.seq2seq(**{field: value})


# ---- writing step by step --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-10)])
def test_the_cache_changes_nothing(dtype, tolerance):
    """Up to the last position that there is room for, one at a time and several at once."""
    model, batch = small.seq2seq(dtype=dtype), small.seq2seq_batch(length=9 + 2)
    ids, keep = batch.ids[:, :9], batch.keep[:, :9]
    whole = model(ids, batch.decoder_ids, keep).data
    for cuts in ([1] * 9, [4, 1, 3, 1], [9]):
        cache, parts, first = model.start(ids, keep), [], 0
        for size in cuts:
            parts.append(model.step(batch.decoder_ids[:, first:first + size], cache).data)
            first += size
        assert cache.length == 9 and np.abs(np.concatenate(parts, axis=1) - whole).max() <= tolerance
    with pytest.raises(ValueError, match="10 positions"):
        model.step(batch.decoder_ids[:, :1], cache)


def test_the_encoder_runs_once_however_long_the_target_grows(monkeypatch):
    model, read = small.seq2seq(end_id=12), []
    model.words.weight.data[12] = 0                            # an end that is never the most probable
    encode = Encoder.__call__
    monkeypatch.setattr(Encoder, "__call__", lambda self, ids, *a, **k: read.append(ids.shape) or encode(
        self, ids, *a, **k))
    assert [len(ids) for ids in rewrite(model, [[2, 5, 6, 3], [2, 4, 3]], 7)] == [7, 7] and read == [(2, 4)]
    assert len(rewrite_beams(model, [2, 5, 3], 7, beams=3)[0].ids) == 7 and read[1:] == [(1, 3)]


@pytest.mark.parametrize("device", ["cpu", "fake"])
def test_rows_of_the_cache_can_be_copied_and_dropped(device):
    model, batch, rows = small.seq2seq().to(device), small.seq2seq_batch(), np.array([2, 1, 1])
    cache = model.start(batch.ids, batch.keep)
    model.step(batch.decoder_ids[:, :2], cache)
    cache.take(rows)
    after = to_host(model.step(batch.decoder_ids[rows, 2:3], cache).data)
    whole = to_host(model(batch.ids, batch.decoder_ids[:, :3], batch.keep).data)[rows, 2:3]
    assert np.abs(after - whole).max() <= 1e-12

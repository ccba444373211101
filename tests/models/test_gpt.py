"""Does GPT look back only, in both its forms, and start from ignorance?"""

import math

import numpy as np
import pytest
import small

from tinyformer.models import GPT, GPTConfig

FORMS = [pytest.param(dict(norm="pre"), id="GPT-2"), pytest.param(dict(norm="pre", bias=False), id="GPT-2, no bias"),
         pytest.param(dict(norm="post"), id="GPT-1")]


@pytest.mark.parametrize("form", FORMS)
def test_an_untrained_model_knows_nothing(form):
    vocabulary = 1000
    model = GPT(GPTConfig(vocabulary=vocabulary, width=64, context=32, **form), np.random.default_rng(0))
    loss = model.loss(small.text_batch(16, 32, vocabulary)).item()
    assert loss == pytest.approx(math.log(vocabulary), rel=0.03)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS)
def test_a_token_changes_nothing_before_itself(form, dtype):
    """Not by one bit, whichever token it is; and it does change everything from itself on."""
    model, ids = small.gpt(dtype=dtype, **form), small.text_batch(length=9).ids
    before = model(ids).data
    for t in range(ids.shape[1]):
        changed = ids.copy()
        changed[:, t] = (changed[:, t] + 1) % small.VOCABULARY
        after = model(changed).data
        assert np.array_equal(after[:, :t], before[:, :t])
        assert (after != before)[:, t:].any(axis=2).all()


@pytest.mark.parametrize("form", FORMS)
def test_no_gradient_comes_from_what_follows(form):
    """The logits at position t leave every later position's vector without a gradient."""
    model, ids = small.gpt(**form), small.text_batch(length=9).ids
    for t in range(ids.shape[1]):
        logits = model(ids)
        cotangent = np.zeros(logits.shape)
        cotangent[:, t] = np.random.default_rng(t).normal(size=cotangent[:, t].shape)
        model.positions.weight.grad = None
        logits.backward(cotangent)
        gradient = model.positions.weight.grad
        assert gradient[:t + 1].any(axis=1).all() and not gradient[t + 1:].any()


@pytest.mark.parametrize("form", FORMS)
def test_the_parts_of_a_batch_give_the_gradient_of_the_whole(form):
    """Unequal numbers of targets: each part is told the count of the whole."""
    model, batch = small.gpt(**form), small.text_batch(rows=4)
    whole = small.gradients(model, lambda: model.loss(batch))
    for p in model.parameters():
        p.grad = None
    for part in batch.split(2):
        model.loss(part, counts=batch.counts).backward()
    for name, p in model.named_parameters().items():
        assert np.abs(p.grad - whole[name]).max() <= 1e-10 * max(np.abs(whole[name]).max(), 1e-3), name


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_dropout_stands_where_the_paper_puts_it(norm):
    """After the embedding, and in each layer on the attention weights and on both parts' outputs."""
    model, batch = small.gpt(dropout=0.2, layers=3, norm=norm), small.text_batch()
    draws = small.CountingGenerator()
    model.loss(batch, rng=draws)
    B, T, C, H = *batch.ids.shape, 8, 2
    assert draws.sizes == [B * T * C] + 3 * [B * H * T * T, B * T * C, B * T * C]


def test_what_writes_into_the_stream_of_sums_starts_smaller():
    """GPT-2 divides by sqrt(2 L), for 2 L products that are added up."""
    model = GPT(GPTConfig(vocabulary=10, layers=8, heads=2, width=64), np.random.default_rng(0))
    block = model.layers[3]
    for weight in (block.attend.out.weight, block.feed.narrow.weight):
        assert weight.data.std() == pytest.approx(0.02 / math.sqrt(2 * 8), rel=0.05)
    assert block.attend.project.weight.data.std() == pytest.approx(0.02, rel=0.05)


def test_words_serve_twice():
    """One table reads and writes: its gradient is that of the input plus that of the output."""
    model, batch = small.gpt(), small.text_batch()
    assert sum(p.shape == (small.VOCABULARY, 8) for p in model.parameters()) == 1
    gradient = small.gradients(model, lambda: model.loss(batch))["words.weight"]
    absent = np.setdiff1d(np.arange(small.VOCABULARY), batch.ids)
    assert absent.size and gradient[absent].any()              # words never read still learn from being no answer


def test_too_long_an_input_says_how_long_it_may_be():
    with pytest.raises(ValueError, match="GPT: 10 positions; this model has room for 9"):
        small.gpt()(np.zeros((1, 10), np.int64))


def test_measure_counts_the_targets_that_count():
    model, batch = small.gpt(), small.text_batch()
    (total, count), (right, of) = model.measure(batch).values()
    assert count == of == batch.counts["tokens"] and 0 <= right <= of
    assert total / count == pytest.approx(model.loss(batch).item(), rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_attentions_are_the_weights_that_the_layers_use(form):
    """With them, and the values, each layer's attention comes out again; nobody looks ahead; no graph is kept."""
    model, ids = small.gpt(**form), small.text_batch(length=9).ids
    found = model.attentions(ids)
    assert [w.shape for w in found] == 2 * [(3, 2, 9, 9)] and not any(w.requires_grad for w in found)
    x = model.words(ids) + model.positions(np.arange(9))
    for layer, weights in zip(model.layers, found, strict=True):
        assert np.allclose(weights.data.sum(-1), 1) and not np.triu(weights.data, 1).any()
        read = layer.attend_norm(x) if form["norm"] == "pre" else x
        value = layer.attend.project(read).data[..., 16:].reshape(3, 9, 2, 4)
        brought = np.einsum("bhts,bshd->bthd", weights.data, value).reshape(3, 9, 8)
        assert np.abs(layer.attend.out(brought).data - layer.attend(read, causal=True).data).max() < 1e-12
        x = layer(x)

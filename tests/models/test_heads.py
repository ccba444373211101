"""Do the heads read what they say they read, and nothing else?"""

from dataclasses import replace

import numpy as np
import pytest
import small

from tinyformer.models import (
    GPT,
    MultiLabelClassifier,
    PairClassifier,
    PairScorer,
    SpanFinder,
    TextClassifier,
    TokenTagger,
    encoder_of,
)
from tinyformer.models.parts.encoders import with_dropout
from tinyformer.train.optimizers import AdamW
from tinyformer.train.step import accumulate, gradients

HEADS = [TextClassifier, MultiLabelClassifier, TokenTagger, PairClassifier, PairScorer, SpanFinder]
each_head = pytest.mark.parametrize("kind", HEADS, ids=lambda kind: kind.__name__)


# ---- the encoder below a head ----

def test_every_model_gives_its_encoder_with_the_same_weights():
    bert, gpt = small.bert(), small.gpt()
    assert encoder_of(bert) is bert.bert and encoder_of(bert.bert) is bert.bert and encoder_of(gpt) is gpt
    for kind in HEADS:
        head = small.head(kind, bert.bert)
        assert encoder_of(head) is head.encoder and head.encoder.words.weight is bert.bert.words.weight
    with pytest.raises(TypeError, match="the model is a Linear"):
        encoder_of(bert.pair)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_encoder_without_a_pooler_gets_a_new_one(dtype):
    tagger = small.head(TokenTagger, dtype=dtype)
    assert encoder_of(tagger).pooler is None
    with pytest.raises(ValueError, match="no pooler, which this head reads"):
        TextClassifier(encoder_of(tagger), "ab", None)
    with pytest.raises(ValueError, match="this encoder has no pooler"):
        encoder_of(tagger).pool(None)
    one, same, other = (encoder_of(tagger, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert tagger.encoder.pooler is None, "the tagger stays what it is"
    assert one.words.weight is tagger.encoder.words.weight
    assert one.pooler.weight.dtype == dtype and np.array_equal(one.pooler.weight.data, same.pooler.weight.data)
    assert not np.array_equal(one.pooler.weight.data, other.pooler.weight.data)
    assert np.isfinite(small.head(TextClassifier, one).loss(small.head_batch(TextClassifier)).item())


def test_a_copy_with_other_dropout_has_the_same_numbers_and_shares_none():
    for encoder in (small.bert().bert, small.head(TokenTagger).encoder, small.gpt()):
        copy = with_dropout(encoder, 0.25)
        assert copy.config == encoder.config.but(dropout=0.25)
        for name, p in copy.named_parameters().items():
            mine = encoder.named_parameters()[name]
            assert np.array_equal(p.data, mine.data) and not np.shares_memory(p.data, mine.data)


def test_a_gpt_carries_what_reads_one_position():
    for kind in HEADS:
        if kind.pooled:
            assert isinstance(small.head(kind, small.gpt()).encoder, GPT)
        else:
            with pytest.raises(TypeError, match="take a Bert"):
                small.head(kind, small.gpt())


# ---- what a head reads ----

CASES = {**{kind.__name__: lambda kind=kind: small.head(kind) for kind in HEADS},
         "TextClassifier on GPT-2": lambda: small.head(TextClassifier, small.gpt()),
         "MultiLabelClassifier on GPT-2": lambda: small.head(MultiLabelClassifier, small.gpt()),
         "PairScorer on GPT-1": lambda: small.head(PairScorer, small.gpt(norm="post"))}


@pytest.fixture(params=CASES)
def case(request):
    """A model and a batch with padding in it."""
    model = CASES[request.param]()
    return model, small.head_batch(type(model))


def outputs(model, batch) -> list[np.ndarray]:
    """All scores, and those of padded places left out."""
    scores = model.logits(batch)
    scores = [s.data for s in (scores if isinstance(scores, tuple) else (scores,))]
    return [s if s.shape[:2] != batch.keep.shape else s[batch.keep] for s in scores]


def test_what_stands_at_padding_changes_nothing(case):
    model, batch = case
    before, loss = outputs(model, batch), model.loss(batch).item()
    assert not batch.keep.all()
    for seed in range(5):
        rng = np.random.default_rng(seed)
        words, segments = (rng.integers(0, most, batch.ids.shape) for most in (small.VOCABULARY, 2))
        changed = replace(batch, ids=np.where(batch.keep, batch.ids, words),
                          segments=np.where(batch.keep, batch.segments, segments))
        assert all(np.array_equal(a, b) for a, b in zip(outputs(model, changed), before, strict=True))
        assert model.loss(changed).item() == loss


def test_more_padding_changes_nothing(case):
    model, batch = case
    filler = {"keep": False, "answerable": False, "labels": -100}
    T = batch.ids.shape[1]
    wider = replace(batch, **{name: np.pad(a, ((0, 0), (0, 2)), constant_values=filler.get(name, 1))
                              for name, a in vars(batch).items() if a.shape[1:] == (T,)})
    assert wider.ids.shape[1] == T + 2
    for a, b in zip(outputs(model, wider), outputs(model, batch), strict=True):
        assert np.abs(a - b).max() < 1e-12
    assert model.loss(wider).item() == pytest.approx(model.loss(batch).item(), rel=1e-12)


def test_a_word_that_stands_at_padding_alone_gets_no_gradient(case):
    model, batch = case
    last = small.VOCABULARY - 1
    batch = replace(batch, ids=np.where(batch.keep, np.minimum(batch.ids, last - 1), last))
    small.gradients(model, lambda: model.loss(batch))
    gradient = model.encoder.words.weight.grad
    assert not gradient[last].any() and gradient[batch.ids[0, 0]].any()


@pytest.mark.parametrize("pieces", [2, 3, 5])
def test_the_parts_of_a_batch_add_up_to_the_whole(case, pieces):
    model, _ = case
    batch = small.head_batch(type(model), rows=5)
    whole = small.gradients(model, lambda: model.loss(batch))
    loss = model.loss(batch).item()
    for p in model.parameters():
        p.grad = None
    assert accumulate(model, batch, pieces)[0] == pytest.approx(loss, rel=1e-12)
    for name, p in model.named_parameters().items():
        assert (p.grad is None) == (whole[name] is None)
        if p.grad is not None:
            np.testing.assert_allclose(p.grad, whole[name], rtol=0, atol=1e-12 * max(1, np.abs(whole[name]).max()))
    measured = [model.measure(part) for part in batch.split(pieces)]
    for name, (total, count) in model.measure(batch).items():
        assert sum(m[name][0] for m in measured) == pytest.approx(total, rel=1e-12)
        assert sum(m[name][1] for m in measured) == count


def test_the_loss_that_is_measured_is_the_loss_that_is_trained(case):
    model, batch = case
    (total, count), = (value for name, value in model.measure(batch).items() if name.endswith("loss"))
    assert total / count == pytest.approx(model.loss(batch).item(), rel=1e-12)


def test_one_batch_is_learned_by_heart(case):
    model, batch = case
    optimizer = AdamW(model, weight_decay=0.0)
    for _ in range(300):
        optimizer.zero_grad()
        gradients(model, batch)
        optimizer.step(5e-3)
    assert model.loss(batch).item() < (0.03 if isinstance(model, MultiLabelClassifier) else 0.01)
    said = model.predict(batch)
    if isinstance(model, SpanFinder):
        assert np.array_equal(said[0].argmax(-1), batch.starts) and np.array_equal(said[1].argmax(-1), batch.ends)
    elif isinstance(model, PairScorer):
        assert np.abs(said - batch.labels).max() < 0.15
    elif isinstance(model, MultiLabelClassifier):
        assert np.abs(said - batch.labels).max() < 0.05
    elif isinstance(model, TokenTagger):
        assert np.array_equal(said[batch.labels != -100], batch.labels[batch.labels != -100])
    else:
        assert said.min(-1).max() < 0.05 and np.array_equal(said.argmax(-1), batch.labels)
        np.testing.assert_allclose(said.sum(-1), 1, rtol=1e-12)


def test_a_tagger_reads_every_position_and_labels_count_at_their_own():
    model, batch = small.head(TokenTagger), small.head_batch(TokenTagger)
    assert model.logits(batch).shape == (*batch.ids.shape, 3)
    counted = batch.labels != -100
    scores = model.logits(batch).data
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    chosen = np.take_along_axis(p, np.maximum(batch.labels, 0)[..., None], -1)[..., 0]
    assert model.loss(batch).item() == pytest.approx(-np.log(chosen[counted]).mean(), rel=1e-12)
    assert not counted[~batch.keep].any() and 0 < counted.sum() < batch.keep.sum()


@pytest.mark.parametrize("kind", [TextClassifier, MultiLabelClassifier, PairClassifier, PairScorer])
def test_bert_classifies_by_the_first_position_alone(kind):
    model, batch = small.head(kind), small.head_batch(kind)
    hidden = model.encoder(batch.ids, batch.segments, batch.keep).retain_grad()
    scores = model.linear(model.encoder.pool(hidden))
    assert np.array_equal(scores.data.reshape(model.logits(batch).shape), model.logits(batch).data)
    scores.backward(np.random.default_rng(0).normal(size=scores.shape))
    assert hidden.grad[:, 0].any(axis=1).all() and not hidden.grad[:, 1:].any()


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("kind", [TextClassifier, MultiLabelClassifier, PairClassifier, PairScorer])
def test_gpt_classifies_by_the_last_real_token_alone(kind, norm):
    model, batch = small.head(kind, small.gpt(norm=norm)), small.head_batch(kind)
    hidden = model.encoder.hidden(batch.ids).data
    last = batch.keep.sum(-1) - 1
    assert len(set(last)) > 1
    expected = hidden[np.arange(len(batch)), last] @ model.linear.weight.data.T
    np.testing.assert_allclose(model.logits(batch).data, expected.reshape(model.logits(batch).shape), rtol=1e-12)
    assert model.linear.bias is None
    without = model(batch.ids[:1, :last[0] + 1]).data              # no padding, and nobody says so
    np.testing.assert_allclose(without, model.logits(batch).data[:1], rtol=1e-12)


def test_each_label_is_a_question_of_its_own():
    """As so many classifiers of yes and no: sigmoid(s) is the softmax of (s, 0)."""
    model, batch = small.head(MultiLabelClassifier), small.head_batch(MultiLabelClassifier, rows=5)
    scores = model.logits(batch).data
    p = np.exp(scores) / (np.exp(scores) + 1)
    np.testing.assert_allclose(model.predict(batch), p, rtol=1e-12)
    losses = -np.log(np.where(batch.labels == 1, p, 1 - p))
    assert model.loss(batch).item() == pytest.approx(losses.mean(), rel=1e-12)
    found = model.measure(batch)
    assert found["label accuracy"] == (((p > 0.5) == batch.labels).sum(), 15) and found["label loss"][1] == 5
    others = replace(batch, labels=np.where(np.arange(3) == 1, batch.labels, 1 - batch.labels))
    gradients = [small.gradients(model, lambda b=b: model.loss(b))["linear.weight"].copy() for b in (batch, others)]
    assert np.array_equal(gradients[0][1], gradients[1][1]) and not np.allclose(gradients[0], gradients[1])


def test_a_pair_is_told_apart_by_its_segments():
    for kind in (PairClassifier, PairScorer):
        model, batch = small.head(kind), small.head_batch(kind)
        one = replace(batch, segments=np.zeros_like(batch.segments))
        assert not np.allclose(model.logits(one).data, model.logits(batch).data)


def test_a_span_stands_in_the_document_or_at_the_first_position():
    model, batch = small.head(SpanFinder), small.head_batch(SpanFinder)
    for scores, allowed in zip(model.predict(batch), (batch.answerable,) * 2, strict=True):
        assert np.isneginf(scores[~allowed]).all() and np.isfinite(scores[allowed]).all()
        assert allowed[:, 0].all() and not allowed[~batch.keep].any()
    free = [s.data for s in model.logits(batch)]
    losses = []
    for scores, places in zip(free, (batch.starts, batch.ends), strict=True):
        p = np.exp(scores) * batch.answerable
        losses += [-np.log(p[np.arange(len(batch)), places] / p.sum(-1))]
    assert model.loss(batch).item() == pytest.approx(np.mean(losses), rel=1e-12)


def test_labels_need_names_of_their_own():
    encoder = small.bert().bert
    for labels in ((), ("a", "b", "a")):
        with pytest.raises(ValueError, match="give each class a name of its own"):
            TextClassifier(encoder, labels, None)


@each_head
def test_dropout_comes_from_the_generator_alone(kind):
    model, batch = small.head(kind, dropout=0.5), small.head_batch(kind)
    still = [model.loss(batch).item() for _ in range(2)]
    noisy = [model.loss(batch, rng=np.random.default_rng(seed)).item() for seed in (1, 1, 2)]
    assert still[0] == still[1] != noisy[0] == noisy[1] != noisy[2]
    generator = small.CountingGenerator()
    model.loss(batch, rng=generator)
    B, T = batch.ids.shape
    in_front_of_the_head = {TokenTagger: [B * T * 8], SpanFinder: []}.get(kind, [B * 8])
    encoder = small.CountingGenerator()
    model.hidden(batch.ids, batch.segments, batch.keep, encoder)
    assert generator.sizes == encoder.sizes + in_front_of_the_head

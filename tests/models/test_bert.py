"""Does BERT do what its paper says: start from ignorance, ignore padding, read both ways, and learn?"""

import math

import numpy as np
import pytest
import small

from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.ops import cross_entropy
from tinyformer.train.optimizers import AdamW

ALBERT = dict(shared=True, factor=4, pair_objective="sop")
KINDS = [pytest.param({}, id="BERT"), pytest.param(ALBERT, id="ALBERT")]


@pytest.mark.parametrize("options", [{}, dict(shared=True, factor=16, pair_objective="sop")], ids=["BERT", "ALBERT"])
def test_an_untrained_model_knows_nothing(options):
    """Every word is as likely as any other, so the loss is ln V; of two sentences' order it knows ln 2."""
    vocabulary = 1000
    config = BertConfig(vocabulary=vocabulary, width=64, context=32, **options)
    model = BertForPretraining(config, np.random.default_rng(0))
    batch = small.pretraining_batch(16, 32, vocabulary)
    hidden = model(batch.ids, batch.segments, batch.keep)
    words = cross_entropy(model.word_logits(hidden, batch.positions), target=batch.targets).item()
    pairs = cross_entropy(model.pair_logits(hidden), target=batch.pair_labels).item()
    assert words == pytest.approx(math.log(vocabulary), rel=0.03)
    assert pairs == pytest.approx(math.log(2), rel=0.03)
    assert model.loss(batch).item() == pytest.approx(words + pairs, rel=1e-6)


@pytest.mark.parametrize("options", KINDS)
def test_what_stands_at_padding_changes_no_real_position(options):
    model, batch = small.bert(**options), small.pretraining_batch()
    before = model(batch.ids, batch.segments, batch.keep).data
    for seed in range(5):
        rng = np.random.default_rng(seed)
        ids = np.where(batch.keep, batch.ids, rng.integers(0, small.VOCABULARY, batch.ids.shape))
        segments = np.where(batch.keep, batch.segments, rng.integers(0, 2, batch.ids.shape))
        after = model(ids, segments, batch.keep).data
        assert np.array_equal(after[batch.keep], before[batch.keep])


@pytest.mark.parametrize("options", KINDS)
def test_more_padding_changes_no_real_position(options):
    model, batch = small.bert(**options), small.pretraining_batch()
    before = model(batch.ids, batch.segments, batch.keep).data
    ids, segments = (np.pad(x, ((0, 0), (0, 2)), constant_values=1) for x in (batch.ids, batch.segments))
    after = model(ids, segments, np.pad(batch.keep, ((0, 0), (0, 2)))).data[:, :-2]
    assert np.abs(after - before)[batch.keep].max() < 1e-12
    alone = model(batch.ids[1:2, :-2], batch.segments[1:2, :-2]).data          # the padded row without its padding
    assert np.abs(alone - before[1:2, :-2]).max() < 1e-12


def test_no_gradient_comes_from_padding():
    """A word that stands at padded places alone gets exactly none."""
    model, batch = small.bert(), small.pretraining_batch()
    ids = np.where(batch.keep, np.minimum(batch.ids, small.VOCABULARY - 2), small.VOCABULARY - 1)
    hidden = model(ids, batch.segments, batch.keep)
    hidden.backward(np.random.default_rng(0).normal(size=hidden.shape) * batch.keep[:, :, None])
    gradient = model.bert.words.weight.grad
    assert not gradient[-1].any()
    assert gradient[np.unique(ids[batch.keep])].any(axis=1).all()


def test_every_position_sees_every_other():
    model, batch = small.bert(), small.pretraining_batch()
    before = model(batch.ids).data
    for t in range(batch.ids.shape[1]):
        ids = batch.ids.copy()
        ids[:, t] = (ids[:, t] + 1) % small.VOCABULARY
        assert (model(ids).data != before).any(axis=(0, 2)).all()


def test_only_the_asked_positions_are_scored():
    model, batch = small.bert(), small.pretraining_batch()
    hidden = model(batch.ids, batch.segments, batch.keep)
    everywhere = model.word_logits(hidden).data                # (B * T, V)
    assert everywhere.shape == (batch.ids.size, small.VOCABULARY)
    np.testing.assert_allclose(model.word_logits(hidden, batch.positions).data, everywhere[batch.positions], rtol=1e-12)


def test_the_pair_head_reads_the_first_position_alone():
    model, batch = small.bert(), small.pretraining_batch()
    hidden = model(batch.ids, batch.segments, batch.keep)
    logits = model.pair_logits(hidden.retain_grad())
    assert logits.shape == (len(batch), 2)
    logits.backward(np.random.default_rng(0).normal(size=logits.shape))
    assert hidden.grad[:, 0].any(axis=1).all() and not hidden.grad[:, 1:].any()


def test_segments_count_as_the_first_where_none_are_given():
    model, batch = small.bert(), small.pretraining_batch()
    assert np.array_equal(model(batch.ids).data, model(batch.ids, np.zeros_like(batch.ids)).data)
    assert not np.array_equal(model(batch.ids).data, model(batch.ids, batch.segments).data)


def test_without_a_pair_objective_there_is_no_pair_head():
    model, batch = small.bert(pair_objective="none"), small.pretraining_batch()
    hidden = model(batch.ids, batch.segments, batch.keep)
    words = cross_entropy(model.word_logits(hidden, batch.positions), target=batch.targets)
    assert model.loss(batch).item() == words.item()
    assert not any(name.startswith("pair") for name in model.named_parameters())
    assert "pair accuracy" not in model.measure(batch)


def test_the_form_of_gelu_holds_in_the_layers_and_in_the_head():
    """The two forms differ in the fourth digit, so that a mixture of them would hardly be noticed otherwise."""
    exact, batch = small.bert(activation="gelu"), small.pretraining_batch()
    bent = small.bert(activation="gelu_tanh").load(exact.state())
    hidden = exact(batch.ids)
    for one, other in ((hidden, bent(batch.ids)), (exact.word_logits(hidden), bent.word_logits(hidden))):
        assert 1e-6 < np.abs(one.data - other.data).max() < 1e-2


def test_too_long_an_input_says_how_long_it_may_be():
    with pytest.raises(ValueError, match="Bert: 10 positions; this model has room for 9"):
        small.bert()(np.zeros((1, 10), np.int64))


def test_a_shared_layer_gets_the_sum_of_the_gradients_of_its_uses():
    """Three uses of one layer, against three layers that hold copies of its weights."""
    shared, batch = small.bert(layers=3, shared=True), small.pretraining_batch()
    apart = small.bert(layers=3)
    apart.load({name: shared.state()[_first(name)] for name in apart.named_parameters()})
    assert shared.loss(batch).item() == pytest.approx(apart.loss(batch).item(), rel=1e-14)
    ours = small.gradients(shared, lambda: shared.loss(batch))
    theirs = small.gradients(apart, lambda: apart.loss(batch))
    assert len(theirs) > len(ours)
    for name, gradient in ours.items():
        total = sum(g for other, g in theirs.items() if _first(other) == name)
        np.testing.assert_allclose(gradient, total, rtol=0, atol=1e-12 * max(np.abs(total).max(), 1))


def _first(name: str) -> str:
    """The name under which the shared model keeps what the other one calls `name`."""
    return name.replace("layers.1.", "layers.0.").replace("layers.2.", "layers.0.")


@pytest.mark.parametrize("options", KINDS)
def test_the_parts_of_a_batch_give_the_gradient_of_the_whole(options):
    """Unequal numbers of targets: each part is told the counts of the whole."""
    model, batch = small.bert(**options), small.pretraining_batch(rows=4)
    whole = small.gradients(model, lambda: model.loss(batch))
    parts = batch.split(2)
    assert parts[0].counts["tokens"] != parts[1].counts["tokens"]
    for p in model.parameters():
        p.grad = None
    total = 0.0
    for part in parts:
        loss = model.loss(part, counts=batch.counts)
        loss.backward()
        total += loss.item()
    assert total == pytest.approx(model.loss(batch).item(), rel=1e-12)
    for name, p in model.named_parameters().items():
        assert np.abs(p.grad - whole[name]).max() <= 1e-10 * max(np.abs(whole[name]).max(), 1e-3), name


def test_measure_counts_what_is_right():
    model, batch = small.bert(), small.pretraining_batch()
    found = model.measure(batch)
    hidden = model(batch.ids, batch.segments, batch.keep)
    logits = model.word_logits(hidden, batch.positions)
    assert found["mlm accuracy"] == (int((logits.data.argmax(-1) == batch.targets).sum()), len(batch.targets))
    assert found["pair accuracy"][1] == len(batch.pair_labels)
    loss = sum(total / count for name, (total, count) in found.items() if name.endswith("loss"))
    assert loss == pytest.approx(model.loss(batch).item(), rel=1e-12)


def test_dropout_is_a_matter_of_the_generator_alone():
    model, batch = small.bert(dropout=0.2), small.pretraining_batch()

    def loss(seed=None):
        return model.loss(batch, rng=None if seed is None else np.random.default_rng(seed)).item()

    assert loss() == loss() and loss(1) == loss(1)
    assert len({loss(), loss(1), loss(2)}) == 3


@pytest.mark.parametrize("shared", [False, True])
def test_dropout_stands_where_the_paper_puts_it(shared):
    """After the embedding, and in each layer on the attention weights and on both parts' outputs."""
    model, batch = small.bert(dropout=0.2, layers=3, shared=shared), small.pretraining_batch()
    draws = small.CountingGenerator()
    model.loss(batch, rng=draws)
    B, T, C, H = *batch.ids.shape, 8, 2
    assert draws.sizes == [B * T * C] + 3 * [B * H * T * T, B * T * C, B * T * C]


def test_one_batch_is_learned_by_heart():
    """Eight pairs, always with the same words masked: 200 steps are enough to know them all."""
    vocabulary, mask_id = 300, 299
    config = BertConfig(vocabulary=vocabulary, layers=2, heads=2, width=64, context=24, dropout=0.0)
    model = BertForPretraining(config, np.random.default_rng(0))
    batch = small.pretraining_batch(8, 24, vocabulary - 1)
    np.put(batch.ids, batch.positions, mask_id)
    optimizer = AdamW(model)
    for step in range(1, 201):
        optimizer.zero_grad()
        model.loss(batch).backward()
        optimizer.step(3e-3)
        if step % 10 == 0:
            found = {name: total / count for name, (total, count) in model.measure(batch).items()}
            if found["mlm loss"] < 0.05 and found["pair accuracy"] == 1:
                return
    pytest.fail(f"not learned in 200 steps: {found}")

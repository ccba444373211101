"""Is its gradient the update of the published program, are words drawn and left out as published, does it learn?"""

import json
import math
from dataclasses import replace

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer.backend import to_host
from tinyformer.data.word_windows import WordBatch, WordWindows
from tinyformer.errors import CheckpointError, InputError
from tinyformer.models import TextClassifier, TokenTagger, WordVectors, WordVectorsConfig, encoder_of
from tinyformer.models.parts.depth import freeze
from tinyformer.pretraining.negative_sampling import frequency_loss
from tinyformer.train import Settings, load_model, save_model, train
from tinyformer.train.step import accumulate

V, C, K = 11, 4, 3
KINDS = ("cbow", "skip-gram")


def model(kind="cbow") -> WordVectors:
    found = WordVectors(WordVectorsConfig(vocabulary=V, width=C, kind=kind), np.random.default_rng(0))
    found.to(dtype=np.float64)
    for p in found.parameters():
        p.data += np.random.default_rng(1).normal(size=p.shape)
    return found


def batch(rows=3, length=6, seed=0) -> WordBatch:
    rng = np.random.default_rng(seed)
    reach = rng.integers(1, 4, size=(rows, length))
    reach[1, 4:], reach[2, 1:] = 0, 0                          # padding, and a row of one word, which sees none
    ids = np.where(reach > 0, rng.integers(0, V, size=reach.shape), 0)
    return WordBatch(ids, reach, rng.integers(0, V, size=(rows, length, K)))


def published(m: WordVectors, rows: WordBatch) -> tuple[float, np.ndarray, np.ndarray, int]:
    """word2vec.c, with its loops: (loss, gradients of both tables, guesses), no table being moved on the way."""
    syn0, syn1 = m.words.weight.data, m.guessed.data
    d0, d1, loss, guesses = np.zeros_like(syn0), np.zeros_like(syn1), 0.0, 0
    sigmoid = lambda x: 1 / (1 + math.exp(-x))                 # noqa: E731
    for sentence, reach, drawn in zip(rows.ids, rows.reach, rows.drawn, strict=True):
        words = [word for word, r in zip(sentence, reach, strict=True) if r]
        for place, word in enumerate(words):
            first, last = max(0, place - reach[place]), min(len(words), place + reach[place] + 1)
            near = [words[c] for c in range(first, last) if c != place]
            if not near:
                continue
            looking = [near] if m.config.kind == "cbow" else [[one] for one in near]
            for group in looking:
                neu1, neu1e = sum(syn0[c] for c in group) / len(group), np.zeros(C)
                guesses += 1
                for d, target in enumerate([word, *drawn[place]]):
                    if d and target == word:
                        continue
                    f, label = neu1 @ syn1[target], int(d == 0)
                    g = label - sigmoid(f)
                    loss -= math.log(sigmoid(f) if label else sigmoid(-f))
                    neu1e += g * syn1[target]
                    d1[target] -= g * neu1
                for c in group:
                    d0[c] -= neu1e / len(group)
    return loss / guesses, d0 / guesses, d1 / guesses, guesses


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_the_update_of_the_published_program(kind):
    m, rows = model(kind), batch()
    loss, d0, d1, guesses = published(m, rows)
    found = small.gradients(m, lambda: m.loss(rows))
    assert rows.counts["centres" if kind == "cbow" else "pairs"] == guesses
    assert m.loss(rows).item() == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(found["words.weight"], d0, atol=1e-13)
    np.testing.assert_allclose(found["guessed"], d1, atol=1e-13)
    (total, count), = m.measure(rows).values()
    assert (total / count, count) == (pytest.approx(loss, rel=1e-12), guesses)


@pytest.mark.parametrize("kind", KINDS)
def test_parts_add_up_and_another_device_agrees(kind):
    rows, here, there = batch(5), model(kind), model(kind).to("fake")
    whole = small.gradients(here, lambda: here.loss(rows))
    for m in (here, there):
        for p in m.parameters():
            p.grad = None
        accumulate(m, rows, 2)
        for name, p in m.named_parameters().items():
            assert np.abs(to_host(p.grad) - whole[name]).max() <= 1e-12, name


# ---- what is drawn ---------------------------------------------------------------------------------------------------


def windows(ids, **more) -> WordWindows:
    usual = dict(batch_size=50, length=40, window=4, negative=5, sample=0.0, seed=3)
    return WordWindows(np.asarray(ids), V, **{**usual, **more})


def test_frequent_words_are_left_out_as_published():
    rng = np.random.default_rng(0)
    ids = rng.choice(V, p=np.arange(1, V + 1) / 66, size=20_000)
    text = windows(ids, sample=0.02)
    shares = np.bincount(ids, minlength=V) / len(ids)
    np.testing.assert_allclose(text.kept, np.minimum(1, np.sqrt(0.02 / shares)))
    seen = np.zeros(V)
    for step in range(20):
        rows = text.batch(step)
        seen += np.bincount(rows.ids[rows.keep], minlength=V)
    np.testing.assert_allclose(seen / (20 * 50 * 40), shares * text.kept, atol=0.004)


def test_draws_follow_the_counts_to_the_power_of_three_quarters():
    ids = np.repeat(np.arange(1, V), [1, 16, 81, 256, 625, 10, 10, 10, 10, 10])
    drawn = np.bincount(windows(ids).batch(0).drawn.ravel(), minlength=V)
    wanted = np.bincount(ids, minlength=V) ** 0.75
    assert drawn[0] == 0
    np.testing.assert_allclose(drawn / drawn.sum(), wanted / wanted.sum(), atol=0.02)


def test_each_word_looks_one_to_window_places_far_and_sees_over_what_was_left_out():
    rows = windows(np.arange(5000) % V, sample=1e-3).batch(0)
    assert sorted({*rows.reach[rows.keep].tolist()}) == [1, 2, 3, 4]
    counts = np.bincount(rows.reach[rows.keep])[1:]
    assert counts.min() > 0.8 * counts.mean()
    for ids, keep, near, reach in zip(rows.ids, rows.keep, rows.near, rows.reach, strict=True):
        real = int(keep.sum())
        assert keep[:real].all() and len(ids) == rows.ids.shape[1]
        for t in range(len(ids)):
            wanted = [s for s in range(real) if s != t and abs(s - t) <= reach[t]] if t < real else []
            assert np.flatnonzero(near[t]).tolist() == wanted


def test_a_batch_depends_on_the_seed_and_the_step_alone_and_unknown_words_are_passed_over():
    text, again = (windows(np.arange(5000) % V, passed_over=(0, 1)) for _ in range(2))
    again.batch(7)
    for one, other in zip(text.batch(2)._arrays(), again.batch(2)._arrays(), strict=True):
        assert np.array_equal(one, other)
    assert not np.isin(text.batch(0).drawn, (0, 1)).any() and text.counts[:2].sum() == 0
    assert sum(len(rows) for rows in text.in_order(7)) == len(text.ids) // 40
    with pytest.raises(InputError, match="the text has 30 words of the vocabulary, and a row takes 40"):
        windows(np.full(30, 3))


def test_the_baseline_is_the_best_of_who_sees_the_asked_word_alone():
    """A bias for each word, found by descent, cannot go below it."""
    ids = np.repeat(np.arange(V), np.arange(1, V + 1) ** 2)
    text = windows(ids)
    p, q = text.counts / text.counts.sum(), np.diff(text.bounds, prepend=0) / text.bounds[-1]
    bias = np.zeros(V)
    for _ in range(3000):
        bias += 5 * (p / (1 + np.exp(bias)) - 5 * q / (1 + np.exp(-bias)))
    cost = (p * np.log1p(np.exp(-bias))).sum() + 5 * (q * np.log1p(np.exp(bias))).sum()
    assert frequency_loss(text, 5) == pytest.approx(cost, abs=1e-4)


# ---- what is learned -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_words_in_the_same_company_become_alike(kind):
    """Ten words in two groups, which stand among their own alone."""
    rng = np.random.default_rng(0)
    ids = np.concatenate([rng.integers(1, 6, size=8) + 5 * rng.integers(2) for _ in range(600)])
    text = windows(ids, batch_size=16, window=2)
    m = WordVectors(WordVectorsConfig(vocabulary=V, width=8, kind=kind), np.random.default_rng(0))
    train(m, text, Settings(steps=120, learning_rate=0.02, weight_decay=0.0), progress=False)
    unit = m.words.weight.data[1:]
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    cosines, same = unit @ unit.T, np.arange(10)[:, None] // 5 == np.arange(10) // 5
    assert cosines[same & ~np.eye(10, dtype=bool)].min() > cosines[~same].max() + 0.3


# ---- below a head, and in a folder -----------------------------------------------------------------------------------


def test_a_head_stands_on_a_copy_without_the_table_of_guesses():
    m = model()
    below = encoder_of(m, np.random.default_rng(0))
    assert below.words is m.words and below.guessed is None and m.pooler is None and below.pooler is not None
    with pytest.raises(ValueError, match="table of words that are guessed"):
        below.loss(batch())
    text, pair = np.array([[1, 2, 3, 4]]), np.array([[0, 0, 1, 1]])
    order = below(text[:, ::-1].copy()).data[:, 0] - below(text).data[:, 0]
    assert np.abs(order).max() < 1e-12, "a bag of words has no order"
    assert np.abs(below(text, pair).data[:, 0] - below(text).data[:, 0]).max() > 1e-3, "but two texts are two"
    assert (below(text).data[:, 1:] == m.words.weight.data[text][:, 1:]).all()


def test_all_is_frozen_but_what_nothing_has_taught():
    head = TextClassifier(encoder_of(model(), np.random.default_rng(0)), ["a", "b"], np.random.default_rng(1))
    freeze(head, "all")
    learns = [name for name, p in head.named_parameters().items() if p.requires_grad]
    assert learns == ["encoder.pooler.weight", "encoder.pooler.bias", "linear.weight", "linear.bias"]


@pytest.mark.parametrize("make", [
    pytest.param(model, id="vectors"), pytest.param(lambda: encoder_of(model(), np.random.default_rng(0)), id="reader"),
    pytest.param(lambda: small.head(TextClassifier, encoder_of(model(), np.random.default_rng(0))), id="classifier"),
    pytest.param(lambda: small.head(TokenTagger, encoder_of(model(), np.random.default_rng(0))), id="tagger")])
def test_a_folder_opens_as_what_was_saved(make, tmp_path):
    saved = make()
    save_model(tmp_path / "m", saved)
    found, _ = load_model(tmp_path / "m")
    assert type(found) is type(saved) and found.config == saved.config
    assert getattr(found, "labels", None) == getattr(saved, "labels", None)
    ours, theirs = saved.state(), found.state()
    assert ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("change, said", [
    (dict(tinyformer={"vocabulary": V, "wdth": 3}), "must name sizes of a word2vec"),
    (dict(tinyformer={"vocabulary": V, "width": "4"}), "width is '4'"), (dict(tinyformer=None), "must name sizes"),
    (dict(tinyformer={"vocabulary": V, "kind": "glove"}), "kind is 'glove'"),
    (dict(tinyformer={"vocabulary": 10**8}), "belongs to another model"),
    (dict(architectures=["BertModel"]), "architectures is 'BertModel'"),
    (dict(model_type="word3vec"), "it must be one of: bert, .*word2vec"),
    (dict(architectures=["TextClassifier"], id2label={"1": "a"}), "without a gap")])
def test_a_config_that_cannot_be_meant_is_named(change, said, tmp_path):
    save_model(tmp_path / "m", model())
    path = tmp_path / "m" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    (tmp_path / "m" / "MANIFEST.json").unlink()
    with pytest.raises(CheckpointError, match=said):
        load_model(tmp_path / "m")


def test_a_kind_that_is_none_is_refused():
    with pytest.raises(InputError, match="kind is 'glove'; it must be cbow or skip-gram"):
        replace(model().config, kind="glove")

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.data.batches import MaskedBatches, PretrainingBatch, TextBatch, TextWindows
from tinyformer.data.encode import sentence_ids, text_ids
from tinyformer.data.masking import IGNORED
from tinyformer.errors import InputError
from tinyformer.rng import stream


def same(one, two):
    assert type(one) is type(two)
    for name, array in vars(one).items():
        np.testing.assert_array_equal(array, getattr(two, name), err_msg=name)
    return True


@pytest.fixture
def corpus(words):
    rng = stream(3, "corpus")
    text = [" ".join(f"Word{id}{' ##ing' if id % 5 == 0 else ''}" for id in rng.integers(0, 60, n)) + " ."
            for n in rng.integers(2, 20, 400)]
    documents = ["\n\n".join(text[start:start + 80]) for start in range(0, 400, 80)]
    return sentence_ids(documents, words)


SETTINGS = dict(batch_size=8, max_length=48, seed=5)


@pytest.mark.parametrize("options", [{}, {"static": True}, {"whole_word": True}, {"objective": "sop"},
                                     {"objective": "none"}])
def test_a_batch_is_a_pure_function_of_seed_and_step(corpus, words, options):
    one, two = (MaskedBatches(corpus, words, **SETTINGS, **options) for _ in range(2))
    steps = [0, 1, 2, 40, 3 * one.steps_per_epoch]
    forwards = [one.batch(step) for step in steps]
    backwards = [two.batch(step) for step in reversed(steps)][::-1]
    assert all(same(a, b) for a, b in zip(forwards, backwards, strict=True))
    other = MaskedBatches(corpus, words, **(SETTINGS | {"seed": 6}), **options).batch(0)
    assert not np.array_equal(other.ids, forwards[0].ids)


def test_each_step_has_noise_of_its_own(words):
    words.tokens += [f"word{i}" for i in range(60)]
    batches = MaskedBatches([[[5 + i % 60 for i in range(4600)]]], words, objective="none", **SETTINGS)
    places = {tuple(batches.batch(step).positions) for step in range(10)}      # all rows are full
    assert len(places) == 10


@pytest.mark.parametrize("objective", ["nsp", "sop", "none"])
def test_rows_are_laid_out_as_bert_reads_them(corpus, words, objective):
    batches = MaskedBatches(corpus, words, objective=objective, **SETTINGS)
    for batch in (batches.batch(step) for step in range(20)):
        B, T = batch.ids.shape
        assert (B, T) == (8, 48) == (len(batch), batches.max_length)
        original = batch.ids.copy()
        original.flat[batch.positions] = batch.targets
        assert (original[:, 0] == words.cls_id).all()
        assert (batch.keep == (original != words.pad_id)).all()
        assert (np.diff(batch.keep.astype(int), axis=1) <= 0).all()            # padding at the end alone
        ends = batch.keep.sum(1) - 1
        assert (original[np.arange(B), ends] == words.sep_id).all()
        separators = original == words.sep_id
        if objective != "none":
            assert (separators.sum(1) == 2).all()
            after = np.cumsum(separators, axis=1) - separators                 # separators before this place
            assert (batch.segments == np.where(batch.keep, after, 0)).all()
            assert batch.pair_labels.shape == (B,) and batch.counts["pairs"] == B
        else:
            assert batch.pair_labels is None and "pairs" not in batch.counts and not batch.segments.any()
        assert batch.counts["tokens"] == len(batch.targets) == len(batch.positions) >= B
        assert not set(batch.targets.tolist()) & words.special_ids
        assert batch.ids.dtype == batch.targets.dtype == batch.positions.dtype == batch.segments.dtype == np.int64


def test_dynamic_noise_changes_with_the_epoch_and_static_noise_stays(corpus, words):
    for static in (True, False):
        batches = MaskedBatches(corpus, words, static=static, **(SETTINGS | {"batch_size": 4}))
        examples = len(batches.pairs)
        first, second = {}, {}
        for seen, epoch in ((first, 0), (second, 1)):
            for place in range(epoch * examples, (epoch + 1) * examples):
                index = int(batches.order.epoch(epoch)[place - epoch * examples])
                batch = batches.batch(place // 4)
                seen[index] = batch.ids[place % 4].tobytes()
        assert set(first) == set(second) == set(range(examples))               # each once in an epoch
        equal = np.mean([first[index] == second[index] for index in first])
        assert equal == 1 if static else equal < 0.1


def test_whole_words_are_masked_together(corpus, words):
    batches = MaskedBatches(corpus, words, whole_word=True, rate=0.3, **SETTINGS)
    ing = words.encode("##ing")[0]
    for batch in (batches.batch(step) for step in range(10)):
        chosen = np.zeros(batch.ids.size, dtype=bool)
        chosen[batch.positions] = True
        original = batch.ids.flatten()
        original[batch.positions] = batch.targets
        for place in np.flatnonzero(original == ing):
            if original[place - 1] not in words.special_ids:
                assert chosen[place] == chosen[place - 1]


def test_chinese_words_are_masked_together(words):
    sentence = words.encode(" ".join("\u6211\u7231\u5317\u4eac\u5929\u5b89\u95e8"))
    batches = MaskedBatches([[sentence] * 50], words, objective="none", rate=0.3, whole_word=True,
                            word_list={"\u5317\u4eac", "\u5929\u5b89\u95e8"}, **SETTINGS)
    pairs = 0
    for batch in (batches.batch(step) for step in range(10)):
        found = dict(zip(batch.positions.tolist(), batch.targets.tolist(), strict=True))
        for place, id in found.items():
            if id == sentence[2] and batch.ids.reshape(-1)[place + 1] != words.sep_id:
                pairs += 1
                assert found[place + 1] == sentence[3]
    assert pairs > 20


def test_validation_sees_every_example_once_and_always_the_same(corpus, words):
    batches = MaskedBatches(corpus, words, **SETTINGS)
    runs = [list(batches.in_order()) for _ in range(2)]
    assert all(same(a, b) for a, b in zip(*runs, strict=True))
    assert sum(map(len, runs[0])) == len(batches.pairs)
    assert max(map(len, batches.in_order(3))) == 3


@pytest.mark.parametrize("negatives", ["same", "other"])
def test_pairs_for_evaluation_are_counted_and_balanced(corpus, words, negatives):
    batches = MaskedBatches(corpus, words, **SETTINGS)
    labels = np.concatenate([batch.pair_labels for batch in batches.pair_batches(2001, negatives)])
    assert len(labels) == 2001
    assert abs(labels.mean() - 0.5) < 0.05


def test_pairs_for_evaluation_need_documents(corpus, words):
    batches = MaskedBatches(corpus[:1], words, **SETTINGS)
    with pytest.raises(InputError, match="gave 0 of 10 pairs with negatives 'other'"):
        list(batches.pair_batches(10, "other"))


@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 1000))
def test_micro_batches_put_together_are_the_batch(rows, n, seed):
    rng = stream(seed, "split")
    ids = rng.integers(0, 9, (rows, 6))
    positions = np.flatnonzero(rng.random(rows * 6) < 0.3)
    batch = PretrainingBatch(ids, ids % 2, ids > 0, positions, ids.reshape(-1)[positions], np.arange(rows) % 2)
    parts = batch.split(n)
    assert len(parts) == min(n, rows) and all(len(part) for part in parts)
    for part in parts:
        assert (part.ids.reshape(-1)[part.positions] == part.targets).all()
    for name in ("ids", "segments", "keep", "targets", "pair_labels"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(batch, name))
    for key, count in batch.counts.items():
        assert sum(part.counts[key] for part in parts) == count
    text = TextBatch(ids, np.where(ids == 0, IGNORED, ids))
    assert text.counts == {"tokens": int((ids != 0).sum())}
    assert np.array_equal(np.concatenate([part.targets for part in text.split(n)]), text.targets)


def test_a_batch_splits_into_one_part_or_more(corpus, words):
    batch = MaskedBatches(corpus, words, objective="none", **SETTINGS).batch(0)
    with pytest.raises(ValueError, match="n is 0"):
        batch.split(0)


def test_windows_of_text():
    ids = np.arange(1000) % 97
    windows = TextWindows(ids, batch_size=6, block=16, seed=2)
    batch = windows.batch(4)
    assert batch.ids.shape == batch.targets.shape == (6, 16) and batch.counts == {"tokens": 96}
    assert (batch.targets == (batch.ids + 1) % 97).all()
    assert same(TextWindows(ids, batch_size=6, block=16, seed=2).batch(4), batch)
    assert not np.array_equal(windows.batch(5).ids, batch.ids)
    starts = np.concatenate([windows.batch(step).ids[:, 0] for step in range(200)])
    assert len(np.unique(starts)) == 97                                        # they begin anywhere


def test_the_validation_split_of_tiny_shakespeare_is_1742_windows():
    ids = np.arange(111_540)
    batches = list(TextWindows(ids, batch_size=100, block=64, seed=0).in_order())
    assert sum(map(len, batches)) == 1742
    seen = np.concatenate([batch.ids for batch in batches]).reshape(-1)
    assert (seen == np.arange(1742 * 64)).all()


@pytest.mark.parametrize("tokens", [0, 1, 64])
def test_a_text_shorter_than_a_block_is_named(tokens):
    with pytest.raises(InputError, match=f"has {tokens} tokens, .* of 64 .* are 65"):
        TextWindows(np.zeros(tokens, dtype=int), batch_size=2, block=64, seed=0)
    TextWindows(np.zeros(65, dtype=int), batch_size=2, block=64, seed=0).batch(0)


def test_a_tokenizer_without_special_tokens_is_named(corpus, words):
    words.mask_id = None
    with pytest.raises(InputError, match="special tokens mask,"):
        MaskedBatches(corpus, words, **SETTINGS)


def test_documents_become_ids(words):
    assert sentence_ids(["A b. C d.", "", "E."], words) == [[[5, 6], [7, 8]], [], [[9]]]
    assert text_ids(["A b.", "E."], words).tolist() == [5, 6, 9]
    words.eos_id = 2
    assert text_ids(["A b.", "E."], words).tolist() == [5, 6, 2, 9, 2]
    assert text_ids([], words).dtype == np.int64


@pytest.mark.parametrize("length", [0, 1, 8])
def test_a_text_shorter_than_one_block_and_the_token_after_it_is_named(length):
    with pytest.raises(InputError, match=f"the text has {length} tokens, but one block of 8 .* are 9; give a longer"):
        TextWindows(np.arange(length), batch_size=2, block=8, seed=0)
    assert len(TextWindows(np.arange(9), batch_size=2, block=8, seed=0).batch(1)) == 2

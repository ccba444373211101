"""Do the encoder and the decoder get what belongs to them, the same for every run with one seed?"""

import numpy as np
import pytest

from tinyformer.data.masking import IGNORED
from tinyformer.data.noise import NOISES, reassemble, sentinels_needed
from tinyformer.data.seq2seq import DenoisingBatches, PairBatches, pack, seq2seq_batch, share_in_source
from tinyformer.errors import InputError
from tinyformer.text import CharTokenizer
from tinyformer.text.base import Tokenizer, sentinel_names

ROLES = tuple(Tokenizer.roles.values())
TOKENS = CharTokenizer([*ROLES, *sentinel_names(4), *"abcdefghijklmnopqrstuvwxyz"])
PAD, _, CLS, SEP, MASK = range(5)
LETTERS = range(9, 35)


def documents(count=20, seed=0):
    rng = np.random.default_rng(seed)
    return [[rng.integers(9, 35, rng.integers(1, 9)).tolist() for _ in range(rng.integers(1, 12))]
            for _ in range(count)]


def batches(noise="infill", **changes):
    settings = dict(batch_size=8, max_length=24, seed=5, noise=noise)
    return DenoisingBatches(documents(), TOKENS, **{**settings, **changes})


def test_a_batch_by_hand():
    batch = seq2seq_batch([([9, 10], [11, 12, 13]), ([9, 10, 11], [14])], TOKENS)
    assert batch.ids.tolist() == [[CLS, 9, 10, SEP, PAD], [CLS, 9, 10, 11, SEP]]
    assert batch.keep.tolist() == [[True] * 4 + [False], [True] * 5]
    assert batch.decoder_ids.tolist() == [[CLS, 11, 12, 13], [CLS, 14, PAD, PAD]]
    assert batch.targets.tolist() == [[11, 12, 13, SEP], [14, SEP, IGNORED, IGNORED]]
    assert batch.counts == {"tokens": 6}


def test_what_copying_would_get_right():
    """11, one 12 and the end of 11, 12, 12 and the end; then the end alone."""
    batch = seq2seq_batch([([11, 12, 10], [11, 12, 12]), ([MASK], [9])], TOKENS)
    assert share_in_source([batch]) == (3 + 1) / (4 + 2)
    assert share_in_source(batches("permute").in_order()) == 1.0


def test_the_decoder_sees_masks_where_nothing_is_asked():
    batch = seq2seq_batch([([9, MASK, MASK, 12], [IGNORED, 10, 11, IGNORED])], TOKENS)
    assert batch.decoder_ids.tolist() == [[CLS, MASK, 10, 11, MASK]]
    assert batch.targets.tolist() == [[IGNORED, 10, 11, IGNORED, IGNORED]]


@pytest.mark.parametrize("noise", NOISES)
def test_a_batch_is_a_function_of_the_seed_and_the_step(noise):
    one, other = batches(noise), batches(noise)
    later = [other.batch(step) for step in (7, 3)][1]          # asked in another order, by a run that began later
    for name in ("ids", "keep", "decoder_ids", "targets"):
        assert np.array_equal(getattr(one.batch(3), name), getattr(later, name))
    assert not np.array_equal(one.batch(3).targets, batches(noise, seed=6).batch(3).targets)


@pytest.mark.parametrize("noise", NOISES)
def test_no_row_is_longer_than_the_model(noise):
    long = [[np.random.default_rng(i).integers(9, 35, 200).tolist()] for i in range(5)]
    held = DenoisingBatches(long, TOKENS, batch_size=8, max_length=24, seed=5, noise=noise)
    for step in range(40):
        batch = held.batch(step)
        assert batch.ids.shape[1] <= 24 and batch.decoder_ids.shape == batch.targets.shape and len(batch) == 8
        assert batch.targets.shape[1] <= 24 and batch.counts["tokens"] > 0


@pytest.mark.parametrize("noise", sorted(set(NOISES) - {"mass", "spans"}))
def test_the_target_is_the_row_and_an_end(noise):
    held = batches(noise)
    rows = {tuple(np.concatenate(row)) for row in held.rows}
    for target in held.batch(0).targets:
        target = target[target != IGNORED]
        assert tuple(target[:-1]) in rows and target[-1] == SEP


def test_spans_reassemble_out_of_the_batch():
    held = batches("spans")
    rows = {tuple(np.concatenate(row)) for row in held.rows}
    batch = held.batch(0)
    for source, keep, target in zip(batch.ids, batch.keep, batch.targets, strict=True):
        target = target[target != IGNORED][:-1]
        assert tuple(reassemble(source[keep][1:-1], target, TOKENS.sentinel_ids)) in rows


def test_every_row_comes_once_in_an_epoch():
    held = batches("rotate", batch_size=len(batches().rows))
    first = sorted(tuple(row[row != IGNORED]) for row in held.batch(0).targets)
    assert held.steps_per_epoch == 1 and first == sorted((*np.concatenate(row), SEP) for row in held.rows)
    assert not np.array_equal(held.batch(0).targets, held.batch(1).targets)


def test_validation_is_every_row_in_order_with_the_same_noise():
    held = batches("infill")
    one, other = list(held.in_order(16)), list(held.in_order(16))
    assert sum(map(len, one)) == len(held.rows)
    assert all(np.array_equal(a.ids, b.ids) for a, b in zip(one, other, strict=True))


def test_rows_are_whole_sentences_of_one_document():
    document = [[1] * 5, [2] * 4, [3] * 25, [], [4] * 2]
    assert [[len(piece) for piece in row] for row in pack(document, 10)] == [[5, 4], [10], [10], [5, 2]]


def test_parts_of_a_batch_are_its_rows():
    batch = batches().batch(0)
    parts = batch.split(3)
    assert [len(part) for part in parts] == [2, 3, 3]
    for name in ("ids", "keep", "decoder_ids", "targets"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(batch, name))


def test_given_pairs_are_cut_to_the_room_there_is():
    pairs = [(list(LETTERS), list(LETTERS)), ([9], [10])]
    held = PairBatches(pairs, TOKENS, batch_size=2, max_length=10, seed=0)
    (batch,) = held.in_order()
    assert batch.ids.shape == batch.targets.shape == (2, 10)
    assert batch.ids[0].tolist() == [CLS, *LETTERS[:8], SEP] and batch.targets[0].tolist() == [*LETTERS[:9], SEP]


def test_what_cannot_be_done_is_said():
    bare = CharTokenizer([*ROLES, *"abc"])
    needed = sentinels_needed(22)
    with pytest.raises(InputError, match=f"noise spans needs {needed} sentinels for rows of 24 tokens, .* has 0"):
        DenoisingBatches([[[5, 6]]], bare, batch_size=1, max_length=24, seed=0, noise="spans")
    with pytest.raises(InputError, match="special tokens cls, sep, mask"):
        DenoisingBatches([[[1]]], CharTokenizer(["[PAD]", *"abc"]), batch_size=1, max_length=24, seed=0)
    with pytest.raises(InputError, match="noise is 'swap'; choose one of: infill"):
        batches("swap")
    with pytest.raises(InputError, match="takes no rate"):
        batches("rotate", rate=0.3)
    with pytest.raises(InputError, match="max_length is 2"):
        batches(max_length=2)
    with pytest.raises(InputError, match="text is empty"):
        DenoisingBatches([[]], TOKENS, batch_size=1, max_length=24, seed=0)


def test_sentinels_are_tokens_like_the_other_special_ones():
    assert TOKENS.sentinel_ids == [5, 6, 7, 8] and TOKENS.special_ids == set(range(9))
    assert TOKENS.encode("a<extra_id_2>b") == [9, 7, 10]
    assert TOKENS.decode([9, 7, 10]) == "a<extra_id_2>b" and TOKENS.decode([9, 7, 10], skip_special=True) == "ab"

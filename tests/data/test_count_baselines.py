import math

import numpy as np
import pytest

from tinyformer.data.batches import PretrainingBatch
from tinyformer.data.counts import NeighbourTable, best_constant_accuracy, unigram_entropy
from tinyformer.rng import stream


def test_unigram_entropy_and_the_best_constant_guess():
    ids = np.array([0, 0, 0, 0, 1, 1, 3, 3])
    assert unigram_entropy(ids, 5) == pytest.approx(0.5 * math.log(2) + 2 * 0.25 * math.log(4))
    assert unigram_entropy(np.arange(7), 7) == pytest.approx(math.log(7))
    assert unigram_entropy(np.zeros(9, dtype=int), 4) == 0
    assert best_constant_accuracy(ids, 5) == 0.5


def test_the_table_backs_off_from_both_to_one_to_none():
    table = NeighbourTable([np.array([1, 2, 3, 1, 2, 3, 1, 4, 3, 5, 4, 6, 2, 2])], vocab_size=9)
    left, right = np.array([1, 5, 1, 8, 8]), np.array([3, 6, 8, 6, 8])
    #   1 _ 3: 2 twice, 4 once;  5 _ 6: 4;  1 _ ?: 2;  ? _ 6: 4;  ? _ ?: 2 is the most frequent
    assert table.predict(left, right).tolist() == [2, 4, 2, 4, 2]
    assert table.ranked(1, 3) == [(2, pytest.approx(2 / 3)), (4, pytest.approx(1 / 3))]
    assert table.ranked(8, 6, k=1) == [(4, 1.0)]
    assert table.ranked(8, 8, k=1) == [(2, pytest.approx(4 / 14))]


def test_documents_do_not_touch_each_other():
    table = NeighbourTable([np.array([1, 2]), np.array([3, 4])], vocab_size=6)
    assert table.ranked(1, 3, k=9) == [(2, 1.0)]                               # by its left alone
    with pytest.raises(ValueError, match="no tokens"):
        NeighbourTable([], 6)


def test_the_table_equals_plain_counting_and_scores_batches():
    ids = stream(0, "ids").integers(1, 6, 3000)
    table = NeighbourTable([ids], vocab_size=8)
    left, right = np.meshgrid(np.arange(1, 6), np.arange(1, 6))
    for a, b, guess in zip(left.ravel(), right.ravel(), table.predict(left, right).ravel(), strict=True):
        between = ids[1:-1][(ids[:-2] == a) & (ids[2:] == b)]
        assert (between == guess).sum() == np.bincount(between).max()

    rows = ids[:60].reshape(4, 15)
    positions = np.array([3, 4, 20])
    noisy = rows.copy()
    noisy.reshape(-1)[positions] = 7                                           # a mask
    flat = rows.reshape(-1)
    batch = PretrainingBatch(noisy, rows * 0, rows > 0, positions, flat[positions])
    clean = table.predict(flat[positions - 1], flat[positions + 1]) == flat[positions]
    assert table.accuracy([batch, batch]) == pytest.approx(clean.mean())
    blind = table.predict(np.array([flat[2], 7, flat[19]]), np.array([7, flat[5], flat[21]])) == flat[positions]
    assert table.accuracy([batch], noisy=True) == pytest.approx(blind.mean())


def test_the_entropy_of_one_token_is_0_without_a_minus():
    assert str(unigram_entropy(np.zeros(5, int), 1)) == "0.0"

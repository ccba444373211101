"""Is what is asked known from the row, and not from its places?"""

import numpy as np
import pytest

from tinyformer.phenomena.parts.repeats import FIRST, LENGTH, STRETCH, Repeats, best_loss


@pytest.mark.parametrize("whole", [False, True])
def test_the_next_letter_follows_from_what_was_read(whole):
    """Where the current letter stood among the first twelve, the next one stands behind it; elsewhere it does not."""
    batch = Repeats(50, seed=3, whole=whole).batch(7)
    assert batch.ids.shape == batch.targets.shape == batch.repeated.shape == (50, LENGTH - 1)
    for ids, targets, repeated in zip(batch.ids, batch.targets, batch.repeated, strict=True):
        first = ids[:FIRST].tolist()
        assert len(set(first)) == FIRST and set(ids) == set(first)
        assert (targets[:FIRST - 1] == -100).all() and not repeated[:FIRST].any()
        np.testing.assert_array_equal(targets[FIRST - 1:-1], ids[FIRST:])
        for t in range(FIRST, LENGTH - 1):
            behind = first.index(ids[t]) + 1
            assert repeated[t] == (behind < FIRST and targets[t] == first[behind])
    assert batch.repeated.sum(1).min() >= (FIRST - 1 if whole else 5)


def test_position_alone_does_not_help():
    """No place is to be copied from in more than a third of the rows; with `whole` one is in all of them."""
    def commonest(batch) -> float:
        shares = []
        for t in range(FIRST, LENGTH - 2):
            rows = batch.ids[batch.repeated[:, t]]
            source = (rows[:, :FIRST] == rows[:, t, None]).argmax(1)           # where the current letter stood
            shares.append(np.bincount(source).max() / len(rows))
        return max(shares)

    assert commonest(Repeats(2000, seed=5).batch(0)) < 1 / 3
    assert commonest(Repeats(200, seed=5, whole=True).batch(0)) == 1


def test_the_best_loss_is_that_of_the_lengths():
    """Counted in rows: how often a stretch that has said n letters, and could go on, does go on."""
    went_on, stopped = np.zeros(6), np.zeros(6)
    for row in Repeats(4000, seed=9).batch(0).repeated[:, FIRST:]:
        for n, more in enumerate(row[:5], 1):                  # the first stretch, which no end of the row cuts off
            went_on[n], stopped[n] = went_on[n] + more, stopped[n] + (not more)
            if not more:
                break
    share = went_on[1:] / (went_on + stopped)[1:]
    reached = np.cumprod(share)
    assert -(reached * np.log(share)).sum() / reached.sum() == pytest.approx(best_loss(), abs=0.02)


def test_who_heeds_where_a_stretch_began_does_better():
    """By all beginnings and lengths there are, each with its chance."""
    low, high = STRETCH
    chance = {(begin, size): 1 / (FIRST - size + 1) for size in range(low, high + 1)
              for begin in range(FIRST - size + 1)}
    total = count = 0.0
    for begin in range(FIRST):
        for n in range(1, high):
            more, reached = (sum(chance.get((begin, size), 0) for size in range(least, high + 1))
                             for least in (max(n + 1, low), max(n, low)))
            if more:
                total, count = total - more * np.log(more / reached), count + more
    assert total / count == pytest.approx(0.196, abs=5e-4) and best_loss() == pytest.approx(0.217, abs=5e-4)


def test_batches_are_fresh_and_pure():
    batches = Repeats(8, seed=1)
    assert np.array_equal(batches.batch(3).ids, Repeats(8, seed=1).batch(3).ids)
    assert not np.array_equal(batches.batch(3).ids, batches.batch(4).ids)
    parts = batches.batch(3).split(3)
    assert np.array_equal(np.concatenate([part.repeated for part in parts]), batches.batch(3).repeated)

"""Is of sounds asked what should be asked, at places that a batch's seed and step decide, and are clusters k-means?"""

import numpy as np
import pytest

from tinyformer.data.clusters import _far_apart, distances, k_means, nearest
from tinyformer.data.frames import Sounds, further_on, hide_stretches, hide_units, padded, stretches
from tinyformer.data.masking import IGNORED
from tinyformer.errors import InputError

RNG = np.random.default_rng
ROWS = [RNG(n).normal(size=(length, 3)).astype(np.float32) for n, length in enumerate((4, 9, 30))]
MARKS = [np.arange(len(row)) + 100 * n for n, row in enumerate(ROWS)]


def test_rows_of_several_lengths_are_padded_with_zeros():
    found, keep = padded(ROWS)
    assert found.shape == (3, 30, 3) and keep.sum(1).tolist() == [4, 9, 30]
    assert all(np.array_equal(each[real], row) for each, real, row in zip(found, keep, ROWS, strict=True))
    assert not found[~keep].any()


def test_stretches_cover_their_share_and_never_padding():
    keep = np.arange(200) < np.array([[200]] * 50 + [[3]])
    hidden = stretches(keep, 0.4, 5, RNG(0))
    assert not (hidden & ~keep).any() and hidden.any(1).all()
    assert 0.28 < hidden[:50].mean() < 0.4, "some stretches overlap"
    edges = np.diff(np.pad(hidden[0].astype(int), 1))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    assert lengths.min() >= 5


def test_what_is_asked_is_what_stood_there():
    truth, keep = padded(ROWS)
    units, _ = padded(MARKS)
    batch = hide_stretches(truth, keep, 0.3, 2, RNG(1))
    assert not batch.vectors[batch.hidden].any() and np.array_equal(batch.truth, truth)
    assert np.array_equal(batch.vectors[~batch.hidden], truth[~batch.hidden])
    told = hide_units(truth, keep, units, 0.3, 2, RNG(1))
    assert np.array_equal(told.hidden, batch.hidden) and np.array_equal(told.vectors, batch.vectors)
    assert np.array_equal(told.targets, np.where(batch.hidden, units, IGNORED))
    assert told.counts == {"units": int(batch.hidden.sum())}
    later = further_on(truth, keep, 3)
    assert np.array_equal(later.vectors, truth) and later.hidden.sum(1).tolist() == [1, 6, 27]
    assert np.array_equal(later.truth[2, :27], truth[2, 3:]) and later.counts == {"numbers": 34 * 3}


def test_batches_depend_on_seed_and_step_alone_and_labels_follow_their_vectors():
    def batches(seed=0):
        return Sounds([row[:, :1] * 0 + mark[:, None] for row, mark in zip(ROWS, MARKS, strict=True)],
                      lambda *asked: asked, batch_size=2, length=8, seed=seed, labels=MARKS)

    first = batches()
    for step in (7, 0, 3):
        vectors, keep, labels, _ = first.batch(step)
        assert all(np.array_equal(*pair) for pair in zip((vectors, keep, labels), batches().batch(step), strict=False))
        assert np.array_equal(vectors[..., 0][keep], labels[keep]) and vectors.shape[1] <= 8
    assert first.steps_per_epoch == 2
    whole = [labels[keep] for _, keep, labels, _ in first.in_order()]
    assert np.array_equal(np.concatenate(whole), np.concatenate(MARKS))
    with pytest.raises(InputError, match="there is no sound to learn from"):
        Sounds([], None, batch_size=2, length=8, seed=0)


# ---- clusters --------------------------------------------------------------------------------------------------------


def test_clouds_that_lie_apart_are_found():
    middles = 20 * RNG(0).normal(size=(6, 4))
    x = np.concatenate([RNG(n).normal(size=(50, 4)) + middle for n, middle in enumerate(middles)])
    centres = k_means(x, 6, RNG(3))
    ids = nearest(x, centres)
    assert len(centres) == 6 and all(len({*ids[50 * n:50 * n + 50]}) == 1 for n in range(6))
    assert np.allclose(distances(x, centres) + (x**2).sum(1)[:, None], ((x[:, None] - centres)**2).sum(-1))


def test_there_are_no_more_clusters_than_different_vectors():
    assert len(k_means(np.repeat(np.eye(3), 4, axis=0), 5, RNG(0))) == 3


def test_scikit_learn_goes_the_same_way():
    cluster = pytest.importorskip("sklearn.cluster")
    x = RNG(0).normal(size=(400, 5))
    begun = _far_apart(x, 7, RNG(9))
    theirs = cluster.KMeans(7, init=begun, n_init=1, algorithm="lloyd", tol=0, max_iter=500).fit(x)
    ours = k_means(x, 7, RNG(9), rounds=500)
    assert np.abs(ours - theirs.cluster_centers_).max() < 1e-8 and np.array_equal(nearest(x, ours), theirs.labels_)

"""Do the settings of sampling do what they say?"""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.errors import CheckpointError, InputError
from tinyformer.generate import GREEDY, Sampling

LOGITS = np.log([0.05, 0.5, 0.15, 0.3])


def test_temperature_one_is_softmax():
    np.testing.assert_allclose(Sampling().probabilities(LOGITS), [0.05, 0.5, 0.15, 0.3])


def test_temperature_sharpens_and_flattens():
    squares = np.array([0.05, 0.5, 0.15, 0.3]) ** 2
    np.testing.assert_allclose(Sampling(temperature=0.5).probabilities(LOGITS), squares / squares.sum())
    assert Sampling(temperature=3).probabilities(LOGITS).max() < 0.5


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(top_k=1), Sampling(top_p=1e-9)])
def test_these_are_greedy(sampling):
    np.testing.assert_array_equal(sampling.probabilities(LOGITS), [0, 1, 0, 0])


def test_greedy_takes_the_first_of_equals():
    for sampling in (GREEDY, Sampling(top_k=1)):
        np.testing.assert_array_equal(sampling.probabilities(np.array([1.0, 2.0, 2.0])), [0, 1, 0])


def test_top_k_keeps_k():
    np.testing.assert_allclose(Sampling(top_k=2).probabilities(LOGITS), [0, 0.625, 0, 0.375])
    np.testing.assert_allclose(Sampling(top_k=99).probabilities(LOGITS), np.exp(LOGITS))


@pytest.mark.parametrize("p, kept", [(0.49, 1), (0.51, 2), (0.79, 2), (0.81, 3), (0.96, 4), (1.0, 4)])
def test_top_p_keeps_the_fewest_that_reach_p(p, kept):
    found = Sampling(top_p=p).probabilities(LOGITS)
    assert (found > 0).sum() == kept
    assert np.exp(LOGITS)[found > 0].sum() >= p - 1e-12
    np.testing.assert_allclose(found.sum(), 1)


@pytest.mark.parametrize("p, kept", [(0.25, 1), (0.5, 2), (0.75, 3)])
def test_what_is_exactly_p_has_reached_it(p, kept):
    assert (Sampling(top_p=p).probabilities(np.zeros(4)) > 0).sum() == kept         # sums of quarters are exact


def test_top_p_looks_at_what_top_k_left():
    assert (Sampling(top_k=3, top_p=0.5).probabilities(LOGITS) > 0).sum() == 1      # 0.5 / 0.95 is above 0.5


def test_draws_follow_the_probabilities():
    rng = np.random.default_rng(0)
    drawn = [Sampling().choose(LOGITS, rng) for _ in range(4000)]
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 4000, np.exp(LOGITS), atol=0.03)


def test_impossible_tokens_are_never_drawn():
    rng = np.random.default_rng(0)
    logits = np.array([-np.inf, 0.0, -np.inf, 0.0, -np.inf])
    assert {Sampling().choose(logits, rng) for _ in range(200)} == {1, 3}


@pytest.mark.parametrize("wrong", [dict(temperature=-0.1), dict(temperature=float("nan")), dict(top_k=-1),
                                   dict(temperature=float("inf")), dict(top_p=0.0), dict(top_p=1.5),
                                   dict(repetition_penalty=0.0), dict(repetition_penalty=float("nan"))])
def test_settings_out_of_range_are_named(wrong):
    with pytest.raises(InputError, match=next(iter(wrong)).replace("_", "-")):
        Sampling(**wrong)


def test_nan_is_not_drawn_from():
    with pytest.raises(CheckpointError, match="1 of 3 logits are NaN"):
        Sampling().probabilities(np.array([0, np.nan, 1]))
    for logits in ([0, np.inf, 1], [-np.inf, -np.inf]):
        with pytest.raises(CheckpointError, match=f"the highest is {max(logits)}"):
            Sampling(temperature=0).choose(np.array(logits), np.random.default_rng(0))
    assert Sampling(temperature=0).choose(np.array([0, -np.inf, 1]), np.random.default_rng(0)) == 2


def test_a_temperature_near_0_is_greedy_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shares = Sampling(temperature=1e-320).probabilities(np.array([1.0, 3.0, 2.0]))
    assert shares.tolist() == [0, 1, 0]


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=9), st.floats(0.01, 1), st.integers(0, 9))
def test_no_smaller_set_reaches_p(logits, p, k):
    """What top-p keeps reaches p of what top-k has left; without its least probable token it would not."""
    left = Sampling(top_k=k).probabilities(np.array(logits))
    kept = Sampling(top_k=k, top_p=p).probabilities(np.array(logits)) > 0
    assert (left > 0).sum() == min(k or len(logits), len(logits))
    assert left[kept].sum() >= p - 1e-12
    assert left[kept].sum() - left[kept].min() < p or kept.sum() == 1
    assert kept.all() or left[kept].min() >= left[~kept].max()


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9), st.integers(1, 12))
def test_top_k_keeps_the_first_of_equals(logits, k):
    kept = np.flatnonzero(Sampling(top_k=k).probabilities(np.array(logits)))
    assert sorted(kept) == sorted(np.argsort(-np.array(logits), kind="stable")[:k])


def test_the_penalty_lowers_what_stands_in_the_text_once_however_often_it_does():
    logits = np.array([2.0, 1.5, -1.0, -0.9])
    penalised = np.array([1.0, 1.5, -2.0, -0.9])               # ids 0 and 2 have been seen
    found = Sampling(repetition_penalty=2).probabilities(logits, [2, 0, 0])
    np.testing.assert_allclose(found, np.exp(penalised) / np.exp(penalised).sum())
    assert Sampling(0, repetition_penalty=2).choose(logits, None, [2, 0, 0]) == 1
    assert Sampling(0, repetition_penalty=2).choose(logits, None) == 0
    assert logits[0] == 2

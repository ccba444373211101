"""Does a model's text follow from its probabilities, and do the settings do what they say?"""

import warnings

import numpy as np
import pytest

from tinyformer.errors import CheckpointError, InputError
from tinyformer.generate import GREEDY, Sampling, beginning, next_logits, write, write_text
from tinyformer.models import GPT, GPTConfig
from tinyformer.text import ByteLevelBPE, CharTokenizer

LOGITS = np.log([0.05, 0.5, 0.15, 0.3])


@pytest.fixture(scope="module")
def model():
    config = GPTConfig(vocabulary=260, layers=1, heads=2, width=16, context=8, dropout=0.0)
    return GPT(config, np.random.default_rng(3)).to(dtype=np.float64)


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
                                   dict(temperature=float("inf")), dict(top_p=0.0), dict(top_p=1.5)])
def test_settings_out_of_range_are_named(wrong):
    with pytest.raises(InputError, match=next(iter(wrong)).replace("_", "-")):
        Sampling(**wrong)


def test_nan_is_not_drawn_from():
    with pytest.raises(CheckpointError, match="1 of 3 logits are NaN"):
        Sampling().probabilities(np.array([0, np.nan, 1]))


def test_next_logits_are_the_last_row_of_the_model(model):
    np.testing.assert_allclose(next_logits(model, [5, 9, 2]), model(np.array([[5, 9, 2]])).data[0, -1], rtol=1e-12)


def test_the_context_slides(model):
    long = list(range(40, 60))
    np.testing.assert_array_equal(next_logits(model, long), next_logits(model, long[-8:]))


def test_greedy_writes_the_most_probable(model):
    written = list(write(model, [65], 12))
    so_far = [65]
    for id in written:
        assert id == next_logits(model, so_far).argmax()
        so_far.append(id)
    assert len(written) == 12


def test_a_seed_repeats_and_another_differs(model):
    texts = [list(write(model, [65], 30, Sampling(), seed)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_writing_stops_at_the_stop_id():
    script = iter([3, 4, 7, 5])
    written = list(write(None, [1], 10, stop_id=7, ask=lambda model, ids: np.eye(9)[next(script)]))
    assert written == [3, 4]


def test_text_is_complete_characters(model):
    tokenizer = ByteLevelBPE.train(["naïve café " * 9], 260)
    pieces = list(write_text(model, tokenizer, "a", 60, Sampling(), seed=4))
    ids = list(write(model, tokenizer.encode("a"), 60, Sampling(), 4, tokenizer.eos_id))
    assert "".join(pieces) == tokenizer.decode(ids)


def test_an_empty_prompt_begins_where_documents_begin():
    assert beginning(ByteLevelBPE.train(["text"], 257)) == [256]
    assert beginning(CharTokenizer.train(["ab\n"])) == [0]
    with pytest.raises(InputError, match="prompt is empty"):
        beginning(CharTokenizer.train(["ab"]))
    with pytest.raises(InputError, match="at least one token"):
        next(write(None, [], 3))


def test_a_temperature_near_0_is_greedy_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shares = Sampling(temperature=1e-320).probabilities(np.array([1.0, 3.0, 2.0]))
    assert shares.tolist() == [0, 1, 0]

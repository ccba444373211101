import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.data.masking import IGNORED, chinese_words, mask_tokens, segmented_words, word_numbers
from tinyformer.rng import stream

V, SPECIAL, MASK = 2000, frozenset({0, 1, 2, 3, 1999}), 4
SPECIAL = SPECIAL | {MASK}
FACTS = dict(mask_id=MASK, vocab_size=V, special_ids=SPECIAL)


def rows(count=1600, T=80, seed=0):
    """[CLS] words [SEP] words [SEP] padding: over 1e5 tokens to choose from, at least 64 in each row."""
    rng = stream(seed, "rows")
    ids = rng.integers(5, V - 1, (count, T))
    ids[:, 0], ids[:, 40] = 2, 3
    for row, length in zip(ids, rng.integers(68, T + 1, count), strict=True):
        row[length - 1], row[length:] = 3, 0
    return ids


def ordinary(ids):
    return ~np.isin(ids, list(SPECIAL))


@pytest.mark.parametrize("whole_word", [False, True])
def test_the_rates_are_those_of_the_paper(whole_word):
    ids = rows()
    words = None
    if whole_word:
        words = word_numbers(ids, stream(1, "begins").random(ids.shape) < 0.7, SPECIAL)
    inputs, targets = mask_tokens(ids, rng=stream(0, "mask"), words=words, **FACTS)
    chosen = targets != IGNORED
    assert ordinary(ids).sum() > 100_000
    assert abs(chosen.sum() / ordinary(ids).sum() - 0.150) < 0.004
    shares = [(inputs == MASK)[chosen].mean(), ((inputs != MASK) & (inputs != ids))[chosen].mean(),
              (inputs == ids)[chosen].mean()]
    assert np.abs(np.array(shares) - [0.8, 0.1, 0.1]).max() < 0.015
    assert chosen.sum(1).min() >= 1


def test_only_ordinary_tokens_are_chosen_or_drawn_and_every_one_of_them_is():
    ids = rows()
    inputs, targets = mask_tokens(ids, rng=stream(0, "mask"), rate=1.0, proportions=(0, 1, 0), **FACTS)
    chosen = targets != IGNORED
    assert (chosen == ordinary(ids)).all()
    assert (targets[chosen] == ids[chosen]).all() and (inputs[~chosen] == ids[~chosen]).all()
    assert set(np.unique(inputs[chosen])) == set(range(V)) - SPECIAL        # 1e5 draws of 1,994 ids: all occur


def test_every_position_and_every_word_has_the_same_chance():
    ids = np.tile(np.arange(5, 69), (20_000, 1))
    begins = np.ones_like(ids, dtype=bool)
    begins[:, 10:14] = begins[:, 30] = begins[:, 63] = False
    _, targets = mask_tokens(ids, rng=stream(0, "a"), **FACTS)
    assert np.abs((targets != IGNORED).mean(0) - 0.15).max() < 0.012        # 4.7 standard errors
    _, targets = mask_tokens(ids, rng=stream(0, "b"), words=word_numbers(ids, begins, SPECIAL), **FACTS)
    assert np.abs((targets != IGNORED).mean(0) - 0.15).max() < 0.012


@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 10**6), st.floats(0.01, 1.0), st.booleans())
def test_what_holds_for_any_rows(B, T, seed, rate, whole_word):
    rng = stream(seed, "case")
    ids = rng.integers(0, 30, (B, T))
    before = ids.copy()
    words = word_numbers(ids, rng.random((B, T)) < 0.5, SPECIAL) if whole_word else None
    inputs, targets = mask_tokens(ids, rng=stream(seed, "mask"), rate=rate, words=words, **FACTS)
    chosen, can = targets != IGNORED, ordinary(ids)
    assert (ids == before).all()
    assert inputs.dtype == targets.dtype == ids.dtype
    assert not (chosen & ~can).any()
    assert (inputs[~chosen] == ids[~chosen]).all() and (targets[chosen] == ids[chosen]).all()
    assert (chosen.sum(1) >= np.minimum(can.sum(1), 1)).all()
    if not whole_word:
        expected = can.sum(1) * rate
        assert (np.abs(chosen.sum(1) - expected) < 1.0000001).all()
    else:
        for row in range(B):
            taken = [set(chosen[row][words[row] == word].tolist()) for word in range(words[row].max() + 1)]
            assert all(len(states) == 1 for states in taken)     # all pieces of a word, or none
            assert abs(taken.count({True}) - len(taken) * rate) < 1.0000001
    again = mask_tokens(ids, rng=stream(seed, "mask"), rate=rate, words=words, **FACTS)
    assert (again[0] == inputs).all() and (again[1] == targets).all()


def test_word_numbers_by_hand():
    #        CLS  a   ##b  c  SEP ##d ##e  f  PAD PAD
    ids = np.array([[2, 10, 20, 11, 3, 21, 22, 12, 0, 0]])
    assert word_numbers(ids, ids < 20, SPECIAL).tolist() == [[-1, 0, 0, 1, -1, 2, 2, 3, -1, -1]]


def test_chinese_words_by_list_and_by_segmentation():
    tokens = [*"\u6211\u7231\u5317\u4eac\u5929\u5b89\u95e8", "hel", "##lo", "!"]
    words = {"\u5317\u4eac", "\u5929\u5b89\u95e8", "\u5929\u5b89", "\u7231\u4e2d"}
    assert chinese_words(tokens, words) == [0, 1, 2, 2, 3, 3, 3, 4, 4, 5]
    assert chinese_words([], words) == [] and chinese_words(["a", "b"], set()) == [0, 1]
    segmentation = ["\u6211\u7231", "\u5317\u4eac", "\u5929\u5b89\u95e8", "Hello", "!"]
    assert segmented_words(tokens, segmentation) == [0, 0, 1, 1, 2, 2, 2, 3, 3, 4]
    tokens[1], tokens[9] = "[UNK]", "[UNK]"
    assert segmented_words(tokens, segmentation) == [0, 0, 1, 1, 2, 2, 2, 3, 3, 4]
    with pytest.raises(ValueError, match="token 'x' .* does not begin 'y'"):
        segmented_words(["x"], ["y"])
    with pytest.raises(ValueError, match="no word is left"):
        segmented_words(["x", "y"], ["x"])


@pytest.mark.parametrize("change, words", [
    ({"rate": 0.0}, "rate is 0.0"), ({"rate": 1.5}, "rate is 1.5"),
    ({"proportions": (0.8, 0.1, 0.2)}, "sum to 1"), ({"proportions": (1.2, -0.1, -0.1)}, "0 or more"),
    ({"special_ids": range(V)}, "none is left"), ({"vocab_size": 50}, "ids run from"),
    ({"words": np.full((2, 8), 8)}, "number the words of each row from 0"),
])
def test_wrong_settings_are_named(change, words):
    ids = np.full((2, 8), 60)
    with pytest.raises(ValueError, match=words):
        mask_tokens(ids, rng=stream(0, "mask"), **(FACTS | change))
    with pytest.raises(ValueError, match="whole numbers"):
        mask_tokens(ids * 1.0, rng=stream(0, "mask"), **FACTS)

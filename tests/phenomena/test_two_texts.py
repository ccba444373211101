"""Is no piece common to separate vocabularies, are partners those that stand together, and is a find counted as one?"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tinyformer.engine import Tensor
from tinyformer.phenomena.parts import found_across
from tinyformer.phenomena.parts.two_texts import BothTexts, TwoTexts, partners, plain_words

NAMES = [f"{letter}{letter}{letter}" for letter in "bcdfghjklmpq"]


@pytest.fixture
def texts() -> TwoTexts:
    """Lines of five words, and others where they end otherwise and stand the other way round; "paris ." in both."""
    rng = np.random.default_rng(0)
    lines = [rng.choice(NAMES, 5, replace=False).tolist() for _ in range(160)]
    one = [["paris", *line, "."] for line in lines]
    other = [["paris", *(word + "o" for word in line[::-1]), "."] for line in lines]
    judged = one[:60], other[:60]
    return TwoTexts((one[60:], other[60:]), judged, partners(judged), 200, 0)


def test_words_are_plain_and_partners_are_counted(texts):
    assert plain_words("L'Été, à 3 h!") == ["l", "'", "ete", ",", "a", "3", "h", "!"]
    assert plain_words("हिन्दी में, ที่นี่ Й한か\u3099") == ["हिन्दी", "में", ",", "ที่นี่", "и한が"]
    assert partners(([["हिन्दी"]] * 9, [["hindi"]] * 9)) == [("हिन्दी", "hindi")]
    assert sorted(texts.pairs) == [(name, name + "o") for name in sorted(NAMES)], "'paris' is spelled alike in both"
    assert partners(([["a"]] * 9, [[]] * 9)) == []


def test_separate_vocabularies_have_no_piece_in_common(texts):
    apart, special = texts.separate(), {0, 1, 2, 3, 4}
    for own, common in (texts, True), (apart, False):
        pieces = [{*np.unique(rows)} - special for rows in own.rows_to_read]
        assert own.tokenizer.special_ids == special and bool(pieces[0] & pieces[1]) == common
        assert own.tokenizer.unk_id not in np.concatenate(own.rows_to_read)
    assert apart.read[0] == texts.read[0] and len({*map(tuple, apart.pairs)} & {*texts.pairs}) == 0
    assert [*map(len, apart.read[1])] == [*map(len, texts.read[1])]


def test_a_batch_is_drawn_from_each_by_itself_and_says_what_was_hidden(texts):
    batch, again = (BothTexts(texts, 16).batch(3) for _ in range(2))
    assert (batch.ids == again.ids).all() and (batch.ids == texts.tokenizer.mask_id).any()
    whole = batch.ids.copy()
    whole.reshape(-1)[batch.positions] = batch.targets
    for half, rows in zip((whole[:8], whole[8:]), texts.rows_to_read, strict=True):
        assert {tuple(row) for row in half.tolist()} <= {tuple(row) for row in rows.tolist()}


class Plain:
    """Stands for a BERT whose vector of a word is that of its pair, and one number more that says its language."""

    def __init__(self, texts: TwoTexts):
        size = len(texts.pairs)
        self.table = np.zeros((len(texts.tokenizer), size + 2), np.float32)
        for number, pair in enumerate(texts.pairs):
            for language, word in enumerate(pair):
                (piece,) = texts.tokenizer.encode(word)
                self.table[piece, [number, size + language]] = 1
        self.bert = SimpleNamespace(states=lambda ids, keep: [Tensor(self.table[ids])] * 2)

    def word_logits(self, hidden, places):
        return hidden.reshape(-1, self.table.shape[1])[places] @ self.table.T


def test_words_and_lines_that_lie_at_one_place_find_each_other(texts):
    found = found_across.figures(Plain(texts), texts, 100, 1)
    assert (found["word"], found["words"]) == (1, 12) and found["line"] > 0.9, "few lines have the words of another"
    by_alpha = {each["alpha"]: each for each in found["shifts"]}
    half, whole = by_alpha[0.5], by_alpha[2.0]
    assert (half["translated"], whole["translated"]) == (0, 1) and half["switched"] < whole["switched"] == 1
    assert 1 / 12 < whole["commonest"] < 0.2


def test_where_no_piece_is_known_nothing_is_switched(texts):
    strange = replace(texts, judged=([["мир"]] * 9, texts.judged[1]))
    moved = found_across.shifted(Plain(texts), strange, np.zeros(len(texts.pairs) + 2))
    assert moved == {"switched": 0, "translated": 0, "commonest": 0}


def test_a_word_may_have_several_translations_and_one_that_is_not_known_counts_nothing():
    texts = SimpleNamespace(pairs=[("a", "x"), ("a", "y"), ("b", "nowhere"), ("c", "z")])
    asked = found_across.belonging(texts, (["a", "b", "c"], ["x", "y", "z"]))
    assert asked.astype(int).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    place = np.eye(3)
    assert found_across.words_found((place, place[[1, 0, 2]]), asked) == pytest.approx((2 / 2 + 2 / 3) / 2)

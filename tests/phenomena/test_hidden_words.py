"""Are hidden words counted as they are guessed, and are matched ones as common as one another?"""

import math
from collections import Counter

import numpy as np
import pytest
import small

from tinyformer.phenomena.parts.hidden_words import (
    CONTENT,
    FUNCTION,
    KINDS,
    frequencies,
    grouped,
    guessed,
    kind_of,
    matched,
    tag_of,
    whole_words,
)
from tinyformer.phenomena.parts.marked import Marked
from tinyformer.rng import stream
from tinyformer.text import WordPieceTokenizer
from tinyformer.tinyland import Chance, World


@pytest.fixture(scope="module")
def told():
    """(texts, tokenizer, every word that is one token)."""
    texts = list(World(0).documents(150))
    tokenizer = WordPieceTokenizer.train(texts, 400, specials=("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"))
    return texts, tokenizer, whole_words(World(1), 60, tokenizer)


def test_words_are_whole_and_have_their_part_of_speech(told):
    _, tokenizer, words = told
    assert len(set(words)) == len(words) > 500 and {one.label for one in words} <= set(KINDS)
    assert all(len(tokenizer.encode(one.word)) == 1 and one.text[one.start:].lower().startswith(one.word)
               for one in words)
    groups = grouped(words, tag_of, 20, Chance(stream(0, "some")))
    assert set(groups) == {one.label for one in words} and max(map(len, groups.values())) == 20
    assert all(one.label == tag for tag, places in groups.items() for one in places)
    kinds = grouped(words, kind_of, 30, Chance(stream(0, "some")))
    assert list(kinds) == [FUNCTION, CONTENT] and {len(places) for places in kinds.values()} == {30}


def test_matched_words_are_as_common_as_one_another(told):
    texts, tokenizer, words = told
    counts = frequencies(texts, tokenizer)
    assert counts == Counter(id for text in texts for id in tokenizer.encode(text))
    found = matched(words, counts, tokenizer, 100, Chance(stream(0, "some")))
    octaves = {kind: Counter(int(math.log2(counts[tokenizer.encode(one.word)[0]])) for one in places)
               for kind, places in found.items()}
    assert octaves[FUNCTION] == octaves[CONTENT] and 50 < sum(octaves[FUNCTION].values()) <= 100
    assert all(KINDS[one.label] == kind for kind, places in found.items() for one in places)


def test_a_model_that_always_says_the_same_is_right_where_that_stood():
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "dog", "ran", "."])
    model = small.bert(vocabulary=len(tokenizer), context=12)
    model.word_bias.data[:] = np.where(np.arange(len(tokenizer)) == 6, 1e3, 0)                 # "dog"
    text = "The dog ran, the dog."
    asked = [Marked(text, text.index(word), word, "") for word in ("dog", "ran", "The")]
    assert guessed(model, tokenizer, asked) == pytest.approx(100 / 3)
    assert guessed(model, tokenizer, asked[:1]) == 100

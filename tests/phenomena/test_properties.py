"""Does nothing that is asked of a layer stand in the spelling, and are its vectors those of the right word?"""

from collections import Counter, defaultdict

import numpy as np
import pytest
import small

from tinyformer.phenomena.parts.marked import Marked, row, vectors
from tinyformer.phenomena.parts.properties import properties
from tinyformer.text import WordPieceTokenizer


@pytest.fixture(scope="module")
def asked():
    return {each.name: each for each in properties(5, 300, 480)}


def test_there_are_six_and_no_label_is_commoner_than_another(asked):
    assert list(asked) == ["word", "part of speech", "sense", "who did it", "topic", "place in the story"]
    for name in ("word", "topic", "place in the story"):
        counts = Counter(one.label for one in asked[name].all)
        assert len(set(counts.values())) == 1 and asked[name].chance == 1 / len(counts)
    assert len(asked["place in the story"].all) == 480


@pytest.mark.parametrize("name", ["part of speech", "sense"])
def test_a_spelling_has_two_labels_as_often_one_as_the_other(asked, name):
    by_word = defaultdict(Counter)
    for one in asked[name].all:
        by_word[one.word][one.label] += 1
    assert len(by_word) >= 4 and asked[name].chance == 0.5
    assert all(len(counts) == 2 and len(set(counts.values())) == 1 for counts in by_word.values())


def test_who_did_it_is_known_neither_by_the_word_nor_by_its_place(asked):
    """At every place of a name, and of an animal, as often the doer as the other; by chance so it is in both voices."""
    groups, voices = defaultdict(Counter), defaultdict(Counter)
    for one in asked["who did it"].all:
        groups[one.text[:one.start].count(" "), one.text[one.start].isupper()][one.label] += 1
        voices[" by " in one.text][one.label] += 1
    assert len(groups) > 6 and all(counts["doer"] == counts["done to"] for counts in groups.values())
    assert len(voices) == 2 and all(0.3 < counts["doer"] / counts.total() < 0.7 for counts in voices.values())


def test_no_sentence_is_fitted_and_judged(asked):
    for each in asked.values():
        assert not {one.text for one in each.train} & {one.text for one in each.test}
        assert len(set(each.all)) == len(each.all) and 0.2 < len(each.test) / len(each.all) < 0.5
        assert all(one.text[one.start:].lower().startswith(one.word.split()[0]) for one in each.all)


def test_shuffled_labels_are_the_same_labels_of_other_places(asked):
    topic = asked["topic"]
    other = topic.shuffled(3)
    assert Counter(one.label for one in other.all) == Counter(one.label for one in topic.all)
    assert [one.text for one in other.train] == [one.text for one in topic.train] and other.test != topic.test
    assert topic.shuffled(3) == other != topic.shuffled(4)


def test_a_vector_is_that_of_the_first_piece_in_its_own_sentence():
    """In a batch with longer ones each layer gives what it gives alone."""
    words = ["the", "dog", "##s", "ran", "far", "."]
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])
    model = small.bert(vocabulary=len(tokenizer), context=12).bert
    marked = [Marked("The dogs ran.", 4, "dogs", ""), Marked("The dogs ran far, far.", 18, "far", "")]
    ids, place = row(tokenizer, marked[0])
    assert [tokenizer.tokens[id] for id in ids] == ["[CLS]", "the", "dog", "##s", "ran", ".", "[SEP]"] and place == 2
    assert row(tokenizer, marked[1])[1] == 7
    both = vectors(model, tokenizer, marked)
    assert both.shape == (len(model.layers) + 1, 2, model.config.width)
    for number, one in enumerate(marked):
        ids, place = row(tokenizer, one)
        alone = np.stack([state.data[0, place] for state in model.states(np.array([ids]))])
        np.testing.assert_allclose(both[:, number], alone, atol=1e-6)

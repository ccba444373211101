"""The second language: its words are others, one for one, and the order of words is an option."""

from collections import Counter

import pytest

from tinyformer.errors import InputError
from tinyformer.tinyland import ORDERS, World, dictionary, translate
from tinyformer.tinyland.grammar import Sentence, Word
from tinyformer.tinyland.language import to_b


@pytest.fixture(scope="module")
def corpus():
    world = World(seed=0)
    return [sentence for index in range(400) for sentence in world.document(index).sentences]


def test_the_dictionary_is_one_to_one_and_the_two_languages_share_no_word():
    words = dictionary()
    assert len(set(words.values())) == len(words) > 900
    assert not set(words) & set(words.values())
    assert words["dogs"] == words["dog"] + "i" and words["walks"] == words["walk"] + "as"


def test_every_word_of_the_corpus_has_its_other_word_and_the_way_back_is_exact(corpus):
    for sentence in corpus:
        other = translate(sentence)
        for one, two in zip(sentence.words, other.words, strict=True):
            known = any(letter.isalpha() for letter in one.text)
            assert known == (one.text.lower() != two.text.lower()), one.text
            assert to_b(two.text.lower()) == one.text.lower()
            assert (one.tag, one.entity, one.sense) == (two.tag, two.entity, two.sense)


def test_texts_of_the_two_languages_have_no_word_in_common():
    world = World(seed=0, kinds=["story", "facts", "passage", "retelling"])
    a, b = ({word.strip(".,?'").lower() for text in world.documents(100, language) for word in text.split()}
            for language in "ab")
    assert not a & b


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_moves_words_and_neither_adds_nor_drops_any(corpus, order):
    moved = 0
    for sentence in corpus[:300]:
        same, other = translate(sentence), translate(sentence, order=order)
        assert Counter(w.text.lower() for w in same.words) == Counter(w.text.lower() for w in other.words)
        assert other.words[-1].text == same.words[-1].text
        moved += [w.text.lower() for w in same.words] != [w.text.lower() for w in other.words]
    assert moved == 0 if order == "same" else moved > 20


def test_what_each_order_does():
    words = [("the", "DET"), ("big", "ADJ"), ("dog", "NOUN"), ("sleeps", "VERB"), ("here", "ADV"), (",", "PUNCT"),
             ("and", "CCONJ"), ("it", "PRON"), ("is", "AUX"), ("happy", "ADJ"), (".", "PUNCT")]
    sentence = Sentence(tuple(Word(text, tag) for text, tag in words))
    texts = {order: translate(sentence, "a", order).text for order in ORDERS}
    assert texts == {"same": "The big dog sleeps here, and it is happy.",
                     "noun-first": "The dog big sleeps here, and it is happy.",
                     "verb-last": "The big dog here sleeps, and it happy is.",
                     "reversed": "Happy is it and, here sleeps dog big the."}


def test_parallel_sentences_are_translations(corpus):
    pairs = list(World(seed=0).parallel(30, order="verb-last"))
    texts = {sentence.text: translate(sentence, order="verb-last").text for sentence in corpus}
    assert pairs == [(a, texts[a]) for a, _ in pairs]
    assert list(World(seed=0).parallel(10, start=20, order="verb-last")) == pairs[20:]


def test_an_unknown_language_or_order_is_named(corpus):
    with pytest.raises(InputError, match="order 'VSO'"):
        translate(corpus[0], order="VSO")
    with pytest.raises(InputError, match="language is 'c'"):
        list(World(0).documents(1, language="c"))

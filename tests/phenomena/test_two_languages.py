"""Do the two languages share what they are said to share and nothing else, and is what they have found asked so?"""

from collections import Counter

import numpy as np
import pytest

from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.phenomena.parts import aligned
from tinyformer.phenomena.parts.two_languages import (
    FIRST_WORD,
    LENGTH,
    LONGEST,
    NONE,
    OFTEN,
    PAD,
    PARTS,
    QUESTIONS,
    TOPICS,
    VOCABULARY,
    WORDS,
    Asked,
    BothLanguages,
    Languages,
    Tagged,
    part_of,
    patterns,
    sentences,
    topic_of,
)


def told(languages: Languages, language: int, count: int = 3000) -> np.ndarray:
    return languages.told(np.random.default_rng(1), language, count)[0]


def test_a_sentence_has_the_grammar_and_keeps_to_a_topic():
    words, built = sentences(np.random.default_rng(0), 3000)
    orders = {" ".join(PARTS[part] for part in each.parts) for each in patterns()}
    assert "article noun verb article noun" in orders and len(orders) == len(patterns()) == 32
    assert max(len(each.parts) for each in patterns()) == LONGEST
    assert sum(each.share for each in patterns()) == pytest.approx(1)
    for row, number in zip(words, built, strict=True):
        found, length = patterns()[number], len(patterns()[number].parts)
        assert (part_of(row[:length]) == found.parts).all() and (row[length:] == NONE).all()
        for question, (first, last) in found.spans.items():
            assert question in QUESTIONS and PARTS[found.parts[first]] == "article"
            assert PARTS[found.parts[last]] == "noun" and {*found.parts[first + 1:last]} <= {PARTS.index("adjective")}
    assert {*built} == {*range(32)}
    common = [Counter(topic_of(row[row != NONE]).tolist()).most_common(1)[0] for row in words]
    assert 0.88 < np.mean([count for _, count in common]) / np.mean((words != NONE).sum(1)) < 0.97
    often = np.bincount([topic for topic, _ in common], minlength=TOPICS) / len(words)
    np.testing.assert_allclose(often, np.array(OFTEN["topic"]) / 15, atol=0.03)
    each = np.bincount(words[words != NONE] % 4) / (words != NONE).sum()
    np.testing.assert_allclose(each, np.array(OFTEN["word"]) / 15, atol=0.02)


def test_the_two_have_no_word_in_common():
    languages = Languages(0)
    first, second = ({*languages.rows(told(languages, language), language)[0].ravel().tolist()} - {*range(FIRST_WORD)}
                     for language in (0, 1))
    assert not first & second and len(first) == len(second) == WORDS
    assert max(first) < FIRST_WORD + WORDS <= min(second) and max(second) < VOCABULARY


def test_without_structure_the_words_of_the_second_are_as_frequent_and_in_no_order():
    loose, kept = told(Languages(0, structure=False), 1), told(Languages(0), 1)
    assert (np.sort(loose, None) == np.sort(kept, None)).all(), "the same words as often, and as many in each sentence"
    assert ((loose == NONE) == (kept == NONE)).all()
    begins, anywhere = (np.bincount(part_of(words), minlength=6) / len(words)
                        for words in (loose[:, 0], loose[loose != NONE]))
    np.testing.assert_allclose(begins, anywhere, atol=0.04)
    assert (told(Languages(0, structure=False), 0) == told(Languages(0), 0)).all(), "the first keeps its own"


@pytest.mark.parametrize("shared", [True, False])
def test_what_they_share_is_all_or_nothing(shared):
    batch = BothLanguages(Languages(0, shared), 64).batch(3)
    rows = [{*np.flatnonzero(each)} for each in (batch.keep[:32].any(0), batch.keep[32:].any(0))]
    ids = [{*batch.ids[:32].ravel().tolist()}, {*batch.ids[32:].ravel().tolist()}]
    if shared:
        assert rows[0] & rows[1] and {1, 2, 3} <= ids[0] & ids[1]
        assert max(ids[0]) >= FIRST_WORD + WORDS, "noise puts words of the other language there"
    else:
        assert not rows[0] & rows[1] and ids[0] & ids[1] == {PAD}
        assert max(ids[0]) < FIRST_WORD + WORDS <= min(id for id in ids[1] if id >= FIRST_WORD)
    again = BothLanguages(Languages(0, shared), 64).batch(3)
    assert (again.ids == batch.ids).all() and (again.targets == batch.targets).all()


def whole(batch) -> np.ndarray:
    """The rows without their noise, (B, T)."""
    ids = batch.ids.copy()
    ids.reshape(-1)[batch.positions] = batch.targets
    return ids


def test_few_sentences_come_again_and_again():
    def different(count: int) -> int:
        batches = BothLanguages(Languages(0, count=count), 64)
        return len({tuple(found) for step in range(4) for found in whole(batches.batch(step))[:32].tolist()})
    assert different(5) <= 5 < 30 < different(0)
    languages = Languages(0, count=5)
    ids = {int(id) for step in range(8) for id in whole(BothLanguages(languages, 64).batch(step)).ravel()}
    assert (np.isin(np.arange(FIRST_WORD, VOCABULARY), list(ids)).reshape(2, WORDS) == languages.met()).all()
    assert Languages(0).met().all()


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("language", [0, 1])
def test_tags_and_answers_stand_at_their_words(language, shared):
    tags = Tagged(Languages(0, shared), language, 8).batch(0)
    labelled = tags.labels >= 0
    words = tags.ids[labelled] - FIRST_WORD - language * WORDS
    assert (part_of(words) == tags.labels[labelled]).all() and ((tags.ids >= FIRST_WORD) == labelled).all()
    asked = Asked(Languages(0, shared), language, 8).batch(0)
    for row, (start, end) in enumerate(zip(asked.starts, asked.ends, strict=True)):
        inside = part_of(asked.ids[row, start:end + 1] - FIRST_WORD - language * WORDS)
        assert [PARTS[part] for part in (inside[0], inside[-1])] == ["article", "noun"] and len(inside) in (2, 3)
        assert asked.answerable[row, start:end + 1].all() and ({*asked.ids[row].tolist()} & {*QUESTIONS})


def test_retrieval_counts_parts_topics_and_words_of_both_ways():
    rng = np.random.default_rng(0)
    right = rng.normal(size=(WORDS, 200))
    assert aligned.retrieval(np.stack([right, right + 3])) == {"part": 1, "topic": 1, "word": 1}
    moved = np.roll(right, 1, 0)                               # each lies where the one before it should
    found = aligned.retrieval(np.stack([right, moved]))
    assert found["word"] == 0 and found["topic"] == pytest.approx(0.75) and found["part"] == pytest.approx(0.95)
    inner = np.arange(2 * WORDS).reshape(2, WORDS) % 4 == 1    # words whose neighbours both have their topic
    assert aligned.retrieval(np.stack([right, moved]), inner) == {"part": 1, "topic": 1, "word": 0}
    chance = aligned.retrieval(np.stack([right, rng.normal(size=(WORDS, 200))]))
    assert chance["part"] < 0.3 and chance["topic"] < 0.1


def test_the_vector_of_a_word_is_the_mean_of_its_places():
    languages = Languages(0)
    config = BertConfig(vocabulary=VOCABULARY, layers=1, heads=2, width=8, context=LENGTH, dropout=0.0,
                        pair_objective="none")
    model = BertForPretraining(config, np.random.default_rng(0))
    model.bert.layers = []                                     # what is left depends on the word and its place alone
    model.bert.positions.weight.data[...] = 0
    vectors = aligned.word_vectors(model, languages, 600).reshape(2 * WORDS, -1)
    alone = model.bert.norm(model.bert.words.weight.data[FIRST_WORD:] + model.bert.segments.weight.data[0]).data
    met = vectors.any(-1)
    assert met.mean() > 0.95
    np.testing.assert_allclose(vectors[met], alone[met], atol=1e-5)

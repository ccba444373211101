"""Documents: pure in (seed, index), whole sentences in the order of their stages, with exact words, tags and senses."""

import re

import numpy as np
import pytest

from tinyformer.data.sentences import sentences
from tinyformer.errors import InputError
from tinyformer.rng import stream
from tinyformer.tinyland import World, lexicon, read_world, senses, worked_pairs
from tinyformer.tinyland.bag_of_words import softmax_regression
from tinyformer.tinyland.grammar import grammar
from tinyformer.tinyland.word_tables import Chance

TAGS = "NOUN VERB ADJ ADV PROPN DET PRON ADP AUX CCONJ SCONJ PART NUM PUNCT SYM".split()


@pytest.fixture(scope="module")
def world():
    return World(seed=0)


@pytest.fixture(scope="module")
def documents(world):
    return [world.document(index) for index in range(600)]


def test_one_seed_is_one_world_and_document_i_depends_on_nothing_before_it(world):
    texts = list(world.documents(40))
    assert list(World(seed=0).documents(40)) == texts
    assert list(World(seed=0).documents(15, start=20)) == texts[20:35]
    assert World(seed=0).document(33).text == texts[33]
    assert set(World(seed=1).documents(40)).isdisjoint(texts)


def test_the_corpus_splits_into_exactly_its_sentences(documents):
    for document in documents:
        assert sentences(document.text) == [sentence.text for sentence in document.sentences]


def test_words_stand_where_they_say_and_texts_are_well_formed(documents):
    for document in documents:
        for sentence in document.sentences:
            for word, start in zip(sentence.words, sentence.starts, strict=True):
                assert sentence.text[start:start + len(word.text)] == word.text
                assert word.tag in TAGS and word.text
            assert sentence.text[0].isupper() or sentence.text[0].isdigit()
            assert sentence.text[-1] in ".?" and "  " not in sentence.text
            assert not set("{}|()/=") & set(sentence.text.replace("=>", "")), sentence.text
            if document.kind != "lists":
                assert not re.search(r"\ba [aeio]", sentence.text.lower().replace("a one", "")), sentence.text
                assert not re.search(r"\ban [^aeiou h]", sentence.text.lower()), sentence.text


def test_a_twin_tells_of_another_topic_the_same_people_and_stages(world, documents):
    """Who reads one sentence of a twin, knowing people and stage, does not know that it is none."""
    names = {entry.word for entry in lexicon()["person"]}
    for index, document in enumerate(documents[:300]):
        twin = world.twin(index)
        assert twin.kind == document.kind and twin.text != document.text
        if document.kind in ("story", "review", "facts", "passage"):
            assert len(twin.sentences) == len(document.sentences)
        if document.kind in ("story", "review", "facts"):
            assert twin.topic != document.topic
        if document.kind in ("story", "review"):
            assert twin.stages == document.stages
        if document.kind == "retelling":
            one, other = ({word.text for sentence in told.sentences for word in sentence.words if word.entity != "O"}
                          for told in (document, twin))
            assert one == other and not {s.text for s in document.sentences} & {s.text for s in twin.sentences}
        if document.kind == "passage":
            one, other = ([word.text for word in told.sentences[-2].words if word.text in names and word.entity != "O"]
                          for told in (document, twin))
            assert set(one) & set(other) and set(one) == set(other), (document.text, twin.text)
            assert {s.text for s in document.sentences}.isdisjoint(s.text for s in twin.sentences)
    assert world.twin(7).text == World(seed=0).twin(7).text


def test_a_corpus_is_cut_between_documents_and_brings_its_twins(world):
    training, held_out = read_world(50, seed=0, validation=0.1)
    assert training + held_out == list(world.documents(50)) and len(held_out) == 5
    assert held_out.twins() == [world.twin(index).text for index in range(45, 50)]
    assert [len(part) for part in read_world(2, validation=0.9)] == [1, 1]
    with pytest.raises(InputError, match="tell 1 or more"):
        read_world(0)


def test_every_template_of_the_grammar_can_be_filled():
    rules, chance = grammar(), Chance(stream(0, "every template"))
    for topic in [*rules.topics.values(), *rules.facts.values(), *rules.reviews.values()]:
        for lines in topic.stages.values():
            for _, template in lines:
                people = {letter: entry for letter, entry in zip("pq", rules.lexicon["person"], strict=False)}
                rules.fill(template, rules.bind(topic, chance, people), chance)


def test_a_story_keeps_its_stages_in_order_and_every_topic_has_all_of_them(documents):
    stories = [document for document in documents if document.kind == "story"]
    assert {document.topic for document in stories} == set(grammar().topics)
    for document in stories:
        assert document.stages == sorted(document.stages)
        assert set(document.stages) == set(range(1, 7))


def test_a_pronoun_only_stands_for_someone_already_named(documents):
    gender = {entry.word: entry["gender"] for entry in lexicon()["person"]}
    for document in documents:
        if document.kind == "story":
            seen = set()
            for word in (word for sentence in document.sentences for word in sentence.words):
                seen |= {gender.get(word.text)} if word.entity == "B-PER" else set()
                if word.text.lower() in ("she", "her") or word.text.lower() in ("he", "him", "his"):
                    assert ("f" if word.text.lower() in ("she", "her") else "m") in seen, document.text


def test_a_world_of_some_kinds_only_and_an_unknown_kind():
    assert {World(0, ["facts"]).document(i).kind for i in range(30)} == {"facts"}
    with pytest.raises(InputError, match="choose some of story"):
        World(0, ["novel"])


def test_a_review_is_of_one_mind():
    """What is joined by "and" agrees; what is denied, or stands before "but", is the opposite."""
    polarity = {entry.word: entry["polarity"] for entry in lexicon()["opinion"]}
    seen = set()
    for index in range(200):
        minds = []
        for text in (sentence.text for sentence in World(0, ["review"]).document(index).sentences):
            nobody, denied = text.startswith("Nobody"), False
            for word in re.findall(r"[a-z]+|,", text):
                denied = word in ("not", "never") or denied and word not in (",", "and")
                if word in polarity:
                    opposite = denied or nobody or ", but" in text.partition(word)[2]
                    minds.append((polarity[word] == "good") != opposite)
        assert len(set(minds)) == 1 and len(minds) >= 3, World(0, ["review"]).document(index).text
        seen.add(minds[0])
    assert seen == {True, False}


def test_sums_are_right(documents):
    names = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
    names += "sixteen seventeen eighteen".split()
    found = [re.fullmatch(r"(\w+) and (\w+) are (\w+)\.", sentence.text)
             for document in documents if document.kind == "sums" for sentence in document.sentences]
    found = [[names.index(word.lower()) for word in match.groups()] for match in found if match]
    assert len(found) > 20 and all(a + b == c for a, b, c in found)


def test_worked_pairs_are_right_and_held_out_ones_stand_in_no_document():
    for mapping, rule in {"sort": sorted, "copy": list, "reverse": lambda words: words[::-1]}.items():
        pairs = worked_pairs(mapping, 50, Chance(stream(0, "pairs")))
        assert all(out.split() == rule(given.split()) for given, out in pairs)
    assert all(eval(given) == int(out) for given, out in worked_pairs("sum", 50, Chance(stream(0, "pairs"))))
    held_out = {given for given, _ in worked_pairs("translate", 20, Chance(stream(0, "pairs")), held_out=True)}
    lines = [line for document in World(0, ["lists"]).documents(300) for line in sentences(document)]
    assert lines and not held_out & {line.lower().partition(" =>")[0] for line in lines}


def _accuracy_of_bags(pairs, features):
    """Of a regression on the presence of features, fitted to the first two thirds, on the rest."""
    bags = [features(pair) for pair in pairs]
    columns = {name: at for at, name in enumerate(sorted(set().union(*bags)))}
    x, y = np.zeros((len(pairs), len(columns))), np.array([pair.label for pair in pairs])
    for row, bag in enumerate(bags):
        x[row, [columns[name] for name in bag]] = 1
    cut = 2 * len(pairs) // 3
    weights = softmax_regression(x[:cut], y[:cut], 2)
    return np.mean((x[cut:] @ weights).argmax(-1) == y[cut:])


def _words(text):
    return set(re.findall(r"[\w']+", text))


def test_next_sentence_negatives_keep_people_and_stage_and_change_only_the_topic(world):
    """Who knows whether words belong to one topic solves it; B alone, whose stage is kept, says nothing."""
    pairs = list(world.pairs(1000))
    assert abs(np.mean([pair.label for pair in pairs]) - 0.5) < 0.06
    assert _accuracy_of_bags(pairs, lambda pair: _words(pair.b)) < 0.6
    topic = _topic_of_words(world)
    names = {entry.word for entry in lexicon()["person"]}
    judged = []
    for a, b, label in pairs:
        one, other = (sum((topic.get(word, 0) for word in _words(text) - names), np.zeros(len(grammar().topics)))
                      for text in (a, b))
        judged.append((one.argmax() != other.argmax()) == label)
    assert np.mean(judged) > 0.85


def test_order_is_decided_by_both_sentences_and_hardly_by_one(world):
    """Only a first stage in front or a last stage behind gives itself away: 60 of 100; topics say nothing at all."""
    pairs = list(world.pairs(1000, "sop"))
    assert abs(np.mean([pair.label for pair in pairs]) - 0.5) < 0.06
    assert _accuracy_of_bags(pairs, lambda pair: _words(pair.a)) < 0.72
    assert _accuracy_of_bags(pairs, lambda pair: _words(pair.a + " " + pair.b)) < 0.6


def test_each_sense_is_found_where_its_table_is_meant():
    assert lexicon().senses["bat"] == ("animal", "thing") and lexicon().senses["apple"] == ("food", "company")
    for word in lexicon().senses:
        found = senses(word, 8)
        assert [sum(one.sense == sense for one in found) for sense in lexicon().senses[word]] == _shares(word, 8)
        for one in found:
            assert one.text[one.start:one.start + len(one.form)] == one.form
            assert not (one.sense == "company" and one.form[0].islower()) and (one.form != "bats" or one.word == "bat")
    with pytest.raises(InputError, match="has one sense"):
        senses("dog", 2)


def _shares(word, n):
    ways = len(lexicon().senses[word])
    return [n // ways + (place < n % ways) for place in range(ways)]


def _topic_of_words(world):
    """For each word the logarithm of its share in each topic, from documents that the pairs are not from."""
    topics = list(grammar().topics)
    counts = {}
    for index in range(3000, 4000):
        document = world.document(index)
        if document.kind == "story":
            for word in _words(document.text):
                counts.setdefault(word, np.full(len(topics), 0.1))[topics.index(document.topic)] += 1
    return {word: np.log(share / share.sum()) for word, share in counts.items()}

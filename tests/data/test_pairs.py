import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.data.pairs import SentencePairs
from tinyformer.errors import InputError
from tinyformer.rng import stream

SEP = 3


def library(sizes, seed=0, vocab=40):
    """Documents of short sentences over a small vocabulary, so that equal sentences are frequent."""
    rng = stream(seed, "library")
    return [[rng.integers(5, vocab, rng.integers(1, 12)).tolist() for _ in range(size)] for size in sizes]


def place(pairs, token):
    """(document, sentence) of a token of the corpus."""
    sentence = int(np.searchsorted(pairs.bounds, token, side="right")) - 1
    return int(np.searchsorted(pairs.first, sentence, side="right")) - 1, sentence


def draw(pairs, count, **options):
    for number in range(count):
        rng = stream(7, "draw", number)
        pair = pairs.pair(int(rng.integers(len(pairs))), rng, **options)
        if pair is not None:
            yield pair


def check_next_sentence(pairs, drawn, same_document):
    labels = []
    for a, b, label in drawn:
        labels.append(label)
        assert a.stop > a.start and b.stop > b.start
        assert a.stop - a.start + b.stop - b.start <= pairs.room
        document, other = place(pairs, a.stop - 1)[0], place(pairs, b.start)[0]
        if label == 0:
            assert document == other and a.stop <= b.start       # truncation may leave a gap between them
        else:
            assert (document == other) == same_document
            assert b.start >= a.stop or b.stop <= a.start        # never a part of A itself
    assert abs(np.mean(labels) - 0.5) < 0.02
    return labels


def test_next_sentence_is_balanced_and_its_negatives_come_from_other_documents():
    pairs = SentencePairs(library([300, 1, 200, 0, 40]), sep_id=SEP, max_length=64)
    assert len(check_next_sentence(pairs, draw(pairs, 5000), same_document=False)) == 5000


def test_one_document_gives_negatives_from_a_distance():
    pairs = SentencePairs(library([500]), sep_id=SEP, max_length=64, short_seq_prob=0.0)
    drawn = list(draw(pairs, 5000))
    check_next_sentence(pairs, drawn, same_document=True)
    gaps = [abs(place(pairs, b.start)[1] - place(pairs, a.stop - 1)[1]) for a, b, label in drawn if label]
    assert min(gaps) > 80


def test_in_a_short_document_a_negative_does_not_run_into_its_example():
    document = [[5 + i] * 4 for i in range(16)]
    pairs = SentencePairs([document], sep_id=SEP, max_length=31, short_seq_prob=0.0)
    for a, b, label in draw(pairs, 1000):
        assert b.start >= a.stop or b.stop <= a.start, (a, b, label)


def test_negatives_of_either_kind_can_be_asked_for():
    pairs = SentencePairs(library([300, 200]), sep_id=SEP, max_length=64)
    check_next_sentence(pairs, draw(pairs, 5000, negatives="same"), same_document=True)
    check_next_sentence(pairs, draw(pairs, 5000, negatives="other"), same_document=False)
    alone = SentencePairs(library([300]), sep_id=SEP, max_length=64)
    assert list(draw(alone, 100, negatives="other")) == []       # not even the positives: they would lead


def test_donors_give_negatives_and_no_examples():
    own, donors = library([300]), library([200, 100], seed=1)
    pairs = SentencePairs(own, sep_id=SEP, max_length=64, donors=donors)
    assert len(pairs) == len(SentencePairs(own, sep_id=SEP, max_length=64))
    drawn = list(draw(pairs, 5000, negatives="other"))
    check_next_sentence(pairs, drawn, same_document=False)
    assert all(place(pairs, a.start)[0] == 0 for a, _, _ in drawn)
    assert {place(pairs, b.start)[0] for _, b, label in drawn if label} == {1, 2}


def test_a_negative_never_begins_like_the_true_next_sentence():
    """Nearly all sentences are copies of one, so that a blind draw would hit a copy most of the time."""
    document = [[5, 6, 7, 8]] * 60 + [[9, 10]] * 2 + [[11, 12, 13]] * 2
    for documents in ([document], [document, document]):
        pairs = SentencePairs(documents, sep_id=SEP, max_length=11, short_seq_prob=0.0)   # A and B: 4 tokens each
        for a, b, label in draw(pairs, 1000):
            true_next = pairs.ids[a.stop:a.stop + b.stop - b.start]
            if label == 1 and len(true_next) == b.stop - b.start:
                assert not np.array_equal(pairs.ids[b], true_next)


def test_where_no_negative_exists_the_error_says_so():
    pairs = SentencePairs([[[5, 6]] * 30], sep_id=SEP, max_length=16)
    with pytest.raises(InputError, match="objective 'sop' or 'none'"):
        list(draw(pairs, 50))


def test_sentence_order_is_balanced_and_swaps_neighbours():
    pairs = SentencePairs(library([300, 200]), sep_id=SEP, max_length=1000, objective="sop", short_seq_prob=1.0)
    labels = []
    for a, b, label in draw(pairs, 5000):
        labels.append(label)
        assert (a.start == b.stop) if label else (a.stop == b.start)
    assert abs(np.mean(labels) - 0.5) < 0.02


def test_full_rows_read_the_corpus_through_with_separators_between_documents():
    documents = library([30, 1, 0, 20])
    pairs = SentencePairs(documents, sep_id=SEP, max_length=34, objective="none")
    flat = [id for document in documents if document for s in [*document, [SEP]] for id in s]
    assert pairs.ids.tolist() == flat
    drawn = [pairs.pair(i, stream(0, "none")) for i in range(len(pairs))]
    assert all(b is None and label is None and a.stop - a.start <= 32 for a, b, label in drawn)
    assert sum(a.stop - a.start >= 31 for a, _, _ in drawn) >= len(drawn) - 1
    read = [id for a, _, _ in drawn for id in pairs.ids[a]]
    assert [id for id in read if id != SEP] == [id for id in flat if id != SEP]


@given(st.lists(st.lists(st.lists(st.integers(5, 9), max_size=40), max_size=6), max_size=5),
       st.integers(5, 24), st.sampled_from(["nsp", "sop", "none"]), st.floats(0, 1))
def test_any_corpus_gives_proper_pairs_or_a_clear_error(documents, max_length, objective, short):
    """Empty documents and sentences, single sentences, sentences longer than a row."""
    try:
        pairs = SentencePairs(documents, sep_id=SEP, max_length=max_length, objective=objective,
                              short_seq_prob=short)
    except InputError as error:
        assert "no examples" in str(error)
        assert all(sum(map(len, document)) < 2 for document in documents) or not sum(documents, [])
        return
    for index in range(len(pairs)):
        try:
            a, b, label = pairs.pair(index, stream(0, "pair", index))
        except InputError as error:
            assert objective == "nsp" and "no other sentence" in str(error)
            continue
        parts = [a] if objective == "none" else [a, b]
        assert label in ([None] if objective == "none" else [0, 1])
        assert all(0 <= part.start < part.stop <= len(pairs.ids) for part in parts)
        assert sum(part.stop - part.start for part in parts) + len(parts) + 1 <= max_length


def test_every_token_is_in_some_example():
    pairs = SentencePairs(library([50, 30, 1, 7]), sep_id=SEP, max_length=40)
    covered = np.zeros(len(pairs.ids), dtype=int)
    for i, j in pairs.examples:
        covered[pairs.bounds[i]:pairs.bounds[j]] += 1
    assert covered.min() >= 1 and covered.mean() < 1.2


def test_wrong_settings_are_named():
    with pytest.raises(InputError, match="objective is 'np'"):
        SentencePairs(library([5]), sep_id=SEP, max_length=32, objective="np")
    with pytest.raises(InputError, match="max_length is 4"):
        SentencePairs(library([5]), sep_id=SEP, max_length=4)


def test_with_twins_a_false_b_stands_at_the_place_of_the_true_one_in_the_twin():
    rng = stream(0, "twins")
    sizes = [7, 3, 9, 0, 4]
    own = [[[5 + d, 40 + n, *rng.integers(60, 90, 4)] for n in range(size)] for d, size in enumerate(sizes)]
    twins = [[[20 + d, 40 + n, *rng.integers(60, 90, 4)] for n in range(size)] for d, size in enumerate(sizes)]
    pairs = SentencePairs(own, sep_id=SEP, max_length=32, short_seq_prob=0.0, twins=twins)
    labels = []
    for a, b, label in draw(pairs, 1000):
        document, stage = int(pairs.ids[a][0]) - 5, int(pairs.ids[a][1])
        length = (a.stop - a.start) // 6
        if pairs.ids[b.start] < 30 and (a.stop - a.start) % 6 == 0:      # neither was cut to fit
            assert pairs.ids[b.start] == document + (20 if label else 5)
            assert pairs.ids[b.start + 1] == stage + length              # the stage that A leads one to expect
        labels.append(label)
    assert abs(np.mean(labels) - 0.5) < 0.05 and len(labels) == 1000
    kinds = {pair.label: place(pairs, pair.b.start)[0] for pair in draw(pairs, 200, negatives="other")}
    assert set(kinds) == {0, 1}


def test_a_twin_that_is_shorter_is_read_at_its_end_and_one_that_is_missing_is_an_error():
    own = [[[5, 6], [7, 8], [9, 10]], [[11, 12], [13, 14]]]
    pairs = SentencePairs(own, sep_id=SEP, max_length=8, short_seq_prob=0.0, twins=[[[20, 21]], []])
    assert {pairs.ids[pairs.bounds[s]] for s in pairs.twin.values()} == {20} and set(pairs.twin) == {0, 1, 2}
    with pytest.raises(InputError, match="2 documents and 1 twins"):
        SentencePairs(own, sep_id=SEP, max_length=8, twins=[[[20, 21]]])

"""Are the scores of hand-made heads what they say, and do subjects and verbs stand where they are said to?"""

import numpy as np
import pytest
import small

from tinyformer.phenomena.parts import attention_kinds
from tinyformer.phenomena.parts.attention_kinds import (
    BEFORE,
    KINDS,
    NEXT,
    SAME,
    SEPARATORS,
    SUBJECT,
    clauses,
    meant,
    scores,
    weights,
)
from tinyformer.rng import stream
from tinyformer.text import WordPieceTokenizer
from tinyformer.tinyland import Chance

IDS = np.array([[2, 7, 8, 7, 3, 8, 3, 0]])                     # [CLS] a b a [SEP] b [SEP] [PAD]
TOLD = clauses(40, Chance(stream(3, "clauses")))


def test_what_each_kind_means():
    before, after, same, separators = meant(IDS, IDS != 0, (2, 3))[:, 0].astype(int)
    assert [np.flatnonzero(row).tolist() for row in before] == [[], [], [1], [2], [], [], [], []]      # no separator
    assert [np.flatnonzero(row).tolist() for row in after] == [[], [2], [3], [], [], [], [], []]
    assert [np.flatnonzero(row).tolist() for row in same] == [[], [3], [5], [1], [], [2], [], []]
    assert [np.flatnonzero(row).tolist() for row in separators] == [[], *[[0, 4, 6]] * 3, [], [0, 4, 6], [], []]


def test_half_of_the_clauses_are_passive_and_no_distance_finds_every_subject():
    assert sum(one.apart for one in TOLD) == 20
    distances = {passive: set() for passive in (False, True)}
    for one in TOLD:
        words = one.verb.text.rstrip(".").split()
        verb, subject = (one.verb.text[:place.start].count(" ") for place in (one.verb, one.subject))
        assert words[verb].lower() == one.verb.word and words[subject].lower() == one.subject.word
        distances[one.apart].add(subject - verb)
        assert (words[verb - 1] in ("was", "were")) == one.apart == (" by " in one.verb.text)
    assert distances == {False: {-1}, True: {-2}}


@pytest.fixture(scope="module")
def read():
    words = sorted({word.strip(",.").lower() for one in TOLD for word in one.verb.text.split()})
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ",", ".", *words])
    model = small.bert(vocabulary=len(tokenizer), context=40)
    return model.bert, tokenizer, [(TOLD[0].verb.text, TOLD[1].verb.text), (TOLD[2].verb.text, TOLD[3].verb.text)]


def test_weights_are_those_of_every_layer_and_padding_gets_none(read):
    encoder, tokenizer, _ = read
    ids = np.array([[2, 5, 6, 7, 3, 0], [2, 5, 6, 7, 8, 3]])
    found = list(weights(encoder, ids, keep=ids != 0))
    assert len(found) == len(encoder.layers) and found[0].shape == (2, 2, 6, 6)
    for layer in found:
        np.testing.assert_allclose(layer.sum(-1), 1, rtol=1e-6)
        assert (layer[0, ..., -1] == 0).all()
    alone = list(weights(encoder, ids[:1, :5]))
    np.testing.assert_allclose(found[1][:1, :, :5, :5], alone[1], atol=1e-9)


@pytest.mark.parametrize("kind, step", [(BEFORE, -1), (NEXT, 1)])
def test_a_head_at_a_fixed_distance_has_its_kind_and_no_subject(read, monkeypatch, kind, step):
    def fixed(encoder, ids, segments=None, keep=None):
        T = ids.shape[1]
        one = np.eye(T)[np.clip(np.arange(T) + step, 0, T - 1)]                                # (T, S)
        yield np.broadcast_to(np.stack([one, np.full((T, T), 1 / T)]), (len(ids), 2, T, T))

    monkeypatch.setattr(attention_kinds, "weights", fixed)
    found = scores(*read, TOLD)
    assert list(found) == list(KINDS) and all(each.shape == (1, 2) for each in found.values())
    assert found[kind][0, 0] == pytest.approx(1) and found[kind][0, 1] < 0.1
    assert found[SUBJECT][0, 0] == 0 < found[SUBJECT][0, 1] < 0.2
    assert found[NEXT if kind == BEFORE else BEFORE][0, 0] == 0 and found[SAME][0, 0] < 0.2
    assert 0 <= found[SEPARATORS][0, 0] < 0.2


def test_a_head_that_finds_the_subject_in_one_voice_has_the_score_of_the_other(read, monkeypatch):
    def nearest(encoder, ids, segments=None, keep=None):
        T = ids.shape[1]
        yield np.broadcast_to(np.eye(T, k=-1) * 0.75 + np.eye(T, k=-2) * 0.25, (len(ids), 1, T, T))

    monkeypatch.setattr(attention_kinds, "weights", nearest)
    assert scores(*read, TOLD)[SUBJECT] == pytest.approx(np.array([[0.25]]))

import warnings

import numpy as np
import pytest

from tinyformer.metrics.entities import entities, entity_scores


@pytest.mark.parametrize("tags, found", [
    ("B-PER I-PER O B-LOC", [("PER", 0, 2), ("LOC", 3, 4)]),
    ("B-PER B-PER", [("PER", 0, 1), ("PER", 1, 2)]),
    ("O I-PER I-PER", [("PER", 1, 3)]),                    # I- that continues nothing begins a piece
    ("B-PER I-LOC I-LOC", [("PER", 0, 1), ("LOC", 1, 3)]),
    ("I-A-B", [("A-B", 0, 1)]),
    ("B I O I", [("_", 0, 2), ("_", 3, 4)]),
    ("O O", []),
    ("", []),
])
def test_pieces_of_tags(tags, found):
    assert entities(tags.split()) == found


def test_scores_by_hand():
    gold = ["B-PER I-PER O B-LOC".split(), "O B-ORG".split()]
    guess = ["B-PER I-PER O B-ORG".split(), "B-PER B-ORG".split()]
    scores = entity_scores(gold, guess)
    assert (scores.right, scores.predicted, scores.gold) == (2, 4, 3)
    assert (scores.precision, scores.recall) == (2 / 4, 2 / 3) and scores.f1 == 4 / 7
    assert {kind: score.f1 for kind, score in scores.by_kind.items()} == {"LOC": 0, "ORG": 2 / 3, "PER": 2 / 3}
    assert scores.macro_f1 == pytest.approx(4 / 9)


def test_the_same_piece_in_two_sentences_counts_twice():
    assert entity_scores([["B-X"], ["B-X"]], [["B-X"], ["O"]]).recall == 0.5


def test_nothing_to_find_and_nothing_found_is_zero():
    for gold, guess in [("O O", "O O"), ("O O", "B-X O"), ("B-X O", "O O")]:
        scores = entity_scores([gold.split()], [guess.split()])
        assert (scores.precision, scores.recall, scores.f1, scores.macro_f1) == (0, 0, 0, 0)


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="sentence 1 has 2 gold tags and 1 predicted"):
        entity_scores([["O"], ["O", "O"]], [["O"], ["O"]])
    with pytest.raises(ValueError, match="1 gold sentences and 0 predicted"):
        entity_scores([["O"]], [])
    for tag in ("E-PER", "PER", "b-PER", "BPER", ""):
        with pytest.raises(ValueError, match=f"tag '{tag}' at word 1"):
            entities(["O", tag])


def test_equal_to_seqeval():
    seqeval = pytest.importorskip("seqeval.metrics", reason="the outside oracle")
    from seqeval.metrics.sequence_labeling import get_entities
    tags = np.array(["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "I-A-B"])
    for seed in range(500):
        rng = np.random.default_rng(seed)
        lengths = rng.integers(1, 12, rng.integers(1, 5))
        gold = [tags[rng.integers(0, len(tags), n)] for n in lengths]
        guess = [np.where(rng.random(len(row)) < rng.random(), row, tags[rng.integers(0, len(tags), len(row))])
                 for row in gold]
        if seed % 15 == 0:
            guess = [np.full(len(row), "O") for row in gold]
        gold, guess = ([row.tolist() for row in rows] for rows in (gold, guess))
        assert [(kind, a, b - 1) for kind, a, b in entities(gold[0])] == get_entities(gold[0])
        scores = entity_scores(gold, guess)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = [metric(gold, guess) for metric in (seqeval.precision_score, seqeval.recall_score,
                                                         seqeval.f1_score)]
            macro = seqeval.f1_score(gold, guess, average="macro") if scores.by_kind else 0
        ours = [scores.precision, scores.recall, scores.f1, scores.macro_f1]
        np.testing.assert_allclose(ours, [*theirs, macro], rtol=0, atol=1e-12, err_msg=str(seed))

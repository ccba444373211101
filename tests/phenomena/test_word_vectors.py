"""Are the questions right, does counting find what stands together, and does the experiment leave what it promises?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinyformer.cli import main
from tinyformer.phenomena import word_vectors
from tinyformer.phenomena.kit import Found, Sizes
from tinyformer.phenomena.parts.word_questions import Answers, analogies, by_chance, kinds, pairs, same_kind
from tinyformer.tasks.neighbours import Neighbours


def test_words_have_one_kind_and_pairs_one_relation():
    known, related = kinds(), pairs()
    assert (known["cat"], known["geese"], known["anna"], known["yellow"]) == ("animal", "animal", "person", "colour")
    assert "bat" not in known, "it flies, and hits the ball"
    assert ("mouse", "mice") in related["plurals"] and ("buy", "bought") in related["past tense"]
    assert ("school", "teachers") in related["who is met there"] and ("baker", "bread") in related["what they make"]
    for name in ("who is met there", "what they make"):        # one for one
        assert len({b for _, b in related[name]}) == len(related[name])
    assert ("cow", "grass") in related["what it eats"] and ("plum", "purple") in related["its colour"]


def test_neighbours_and_analogies_are_counted():
    """Vectors in which a kind is a direction, and a form another."""
    forms = [(one, many) for one, many in pairs()["plurals"] if {one, many} <= kinds().keys()][:12]
    words = [word for pair in forms for word in pair]
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(12, 30)), 2, axis=0)
    vectors[1::2, 0] += 3
    found = Neighbours(words, vectors)
    assert analogies(found, forms, 40, 0) == Answers(1.0, 1.0, 1.0), "the nearest is its other form, even if not asked"
    far = vectors.copy()
    far[1::2, 0] += 30
    assert analogies(Neighbours(words, far), forms, 40, 0).alone < 0.5, "a plural is nearer to other plurals"
    assert same_kind(found, kinds()) == 1.0, "the nearest is its other form"
    drawn = analogies(Neighbours(words, rng.normal(size=(24, 30))), forms, 40, 0)
    assert drawn.right < 0.2 and 0.2 < drawn.form < 0.8
    assert by_chance(Neighbours("abcd", np.eye(4)), {"a": "x", "b": "x", "c": "y"}) == pytest.approx(1 / 3)
    assert analogies(found, [("not", "there")], 5, 0) == Answers(0, 0, 0)


def test_counting_finds_words_in_the_same_company():
    rng = np.random.default_rng(0)
    ids = np.concatenate([rng.integers(0, 5, size=8) + 5 * rng.integers(2) for _ in range(500)])
    vectors = word_vectors.counted(ids, 10, Sizes(window=2, width=3))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines, same = unit @ unit.T, np.arange(10)[:, None] // 5 == np.arange(10) // 5
    assert vectors.shape == (10, 3) and cosines[same].min() > cosines[~same].max() + 0.3


@pytest.mark.parametrize("kind, partners, none, word", [(0.9, 0.5, 0.1, "seen"), (0.7, 0.5, 0.1, "not seen"),
                                                     (0.9, 0.1, 0.1, "not seen"), (0.9, 0.5, 0.5, "unclear")])
def test_the_rule(kind, partners, none, word):
    outcomes = [{"seed": seed, "arm": arm, "kinds": none if arm == word_vectors.SHUFFLED else kind,
                 word_vectors.PARTNERS: {"right": partners}}
                for seed in range(3) for arm in word_vectors.ARMS]
    assert word_vectors.verdict(Found(word_vectors.EXPERIMENT.full, [0, 1, 2], outcomes)).word == word


def test_the_quick_run_leaves_what_it_promises(tmp_path, monkeypatch, capsys, here):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    small = word_vectors.EXPERIMENT.quick.but(steps=2, questions=3)
    monkeypatch.setattr(word_vectors, "EXPERIMENT", replace(word_vectors.EXPERIMENT, quick=small))
    assert main(["reproduce", "word-vectors", "--quick", "--seeds", "1", "--out", str(tmp_path)]) == 0
    outcomes = json.loads((tmp_path / "metrics.json").read_text())["outcomes"]
    assert [each["arm"] for each in outcomes] == list(word_vectors.ARMS)
    assert (tmp_path / "word-vectors.png").stat().st_size > 5000 and "Verdict" in (tmp_path / "page.md").read_text()

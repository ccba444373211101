"""Does BLEU give the figures of the paper, and those of the program that everybody reports?"""

import math

import numpy as np
import pytest

from tinyformer.metrics.bleu import bleu, ngrams, precisions, words_of

REFERENCES = [words_of(line) for line in (
    "It is a guide to action that ensures that the military will forever heed Party commands",
    "It is the guiding principle which guarantees the military forces always being under the command of the Party",
    "It is the practical guide for the army always to heed the directions of the party")]
FIRST = words_of("It is a guide to action which ensures that the military always obeys the commands of the party")
SECOND = words_of("It is to insure the troops forever hearing the activity guidebook that party direct")


def test_the_worked_examples_of_the_paper():
    cats = [words_of("The cat is on the mat."), words_of("There is a cat on the mat.")]
    assert precisions([cats], [["the"] * 7], 2) == [(2, 7), (0, 6)]
    assert precisions([REFERENCES], [FIRST], 2) == [(17, 18), (10, 17)]
    assert precisions([REFERENCES], [SECOND], 2) == [(8, 14), (1, 13)]
    assert precisions([REFERENCES], [["of", "the"]], 2) == [(2, 2), (1, 1)]


def test_by_hand():
    reference, said = "a b c d e f".split(), "a b c d x".split()
    product = 4 / 5 * 3 / 4 * 2 / 3 * 1 / 2                    # of one- to four-grams
    assert bleu([[reference]], [said]) == pytest.approx(math.exp(1 - 6 / 5) * product ** 0.25, abs=1e-15)
    assert bleu([[said]], [reference]) == pytest.approx((4 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25, abs=1e-15)


def test_the_whole_corpus_is_counted_and_not_its_sentences():
    one, two = "a b c d e".split(), "v w x y z".split()
    assert bleu([[one], [two]], [one, two]) == pytest.approx(1)
    assert bleu([[one], [two]], [one, one]) == pytest.approx((5 / 10 * 4 / 8 * 3 / 6 * 2 / 4) ** 0.25)
    assert bleu([[one]], [two]) == 0 and bleu([[one]], [[]]) == 0 and bleu([[one]], [one[:3]]) == 0


def test_the_nearest_reference_counts_for_the_length_and_the_shorter_of_two():
    long, short, said = list("abcdefgh"), list("abcd"), list("abcdef")
    assert bleu([[long, short]], [said]) == pytest.approx(1)
    assert bleu([[long]], [said]) == pytest.approx(math.exp(1 - 8 / 6))


def test_words_and_ngrams():
    assert words_of("L'homme a dit: « Cafe\u0301! »") == ["l", "'", "homme", "a", "dit", ":", "«", "café", "!", "»"]
    assert ngrams(list("abab"), 2) == {("a", "b"): 2, ("b", "a"): 1}


def test_texts_without_reference_are_refused():
    for references in ([], [[["a"]]] * 2, [[]]):
        with pytest.raises(ValueError, match="every text needs a set of its own"):
            bleu(references, [["a"]])


def test_equal_to_sacrebleu():
    """500 corpora of random texts; the outside oracle without smoothing, and cut into words already."""
    oracle = pytest.importorskip("sacrebleu", reason="the outside oracle").corpus_bleu
    rng, above = np.random.default_rng(0), 0
    for _ in range(500):
        count, texts = int(rng.integers(1, 5)), int(rng.integers(1, 4))
        references = [[_text(rng) for _ in range(texts)] for _ in range(count)]
        said = [_spoilt(rng, each[int(rng.integers(texts))]) for each in references]
        columns = [[" ".join(each[k]) for each in references] for k in range(texts)]
        expected = oracle([" ".join(text) for text in said], columns, smooth_method="none", tokenize="none",
                          force=True).score / 100
        assert bleu(references, said) == pytest.approx(expected, abs=1e-12)
        above += expected > 0
    assert above > 200


def _text(rng) -> list[str]:
    return rng.choice(list("abcdefg"), int(rng.integers(1, 14))).tolist()


def _spoilt(rng, words: list[str]) -> list[str]:
    return [str(rng.choice(list("abc"))) if rng.random() < 0.15 else word for word in words if rng.random() > 0.1]

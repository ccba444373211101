import re
import string
from collections import Counter

import numpy as np
import pytest

from tinyformer.metrics.squad import best_threshold, exact_match, normalise, squad1_scores, squad2_scores, word_f1


def test_answers_are_compared_without_case_punctuation_and_articles():
    assert normalise(" The  U.S.  Army, an\tarmy; a-team\u00a0x ") == "us army army ateam x"
    assert normalise("theatre banana") == "theatre banana"
    assert normalise("A\u2013B \u00abquoi\u00bb") == "\u2013b \u00abquoi\u00bb"        # only ASCII's punctuation goes
    assert exact_match("The cat.", "cat") == 1 and exact_match("cat", "cats") == 0


def test_word_f1_by_hand():
    assert word_f1("the old grey cat", "grey cat sat") == pytest.approx(2 / 3)     # 2 of 3 and 2 of 3
    assert word_f1("x x y", "x x x x") == pytest.approx(2 * (2 / 4) * (2 / 3) / (2 / 4 + 2 / 3))
    assert word_f1("cat", "dog") == 0
    assert (word_f1("the", "the"), word_f1("the", "a", version=2)) == (0, 1)       # no words: 1.1 and 2.0 differ
    assert (word_f1("", "cat", version=2), word_f1("cat", "", version=2)) == (0, 0)


def test_scores_of_1_1_by_hand():
    gold = {"a": ["Paris", "the city of Paris"], "b": ["1912"], "c": ["red"]}
    scores = squad1_scores(gold, {"a": "city of paris", "b": "in 1912", "z": "?"})
    assert scores == {"exact": 1 / 3, "f1": pytest.approx((1 + 2 / 3) / 3), "total": 3, "missing": 1}
    with pytest.raises(ValueError, match="question 'b' has no gold answer"):
        squad1_scores({"a": ["x"], "b": []}, {"a": "x"})
    with pytest.raises(ValueError, match="no questions"):
        squad1_scores({}, {"a": "x"})


def test_scores_of_2_0_by_hand():
    gold = {"a": ["Paris"], "b": [], "c": ["red"], "d": []}
    predicted = {"a": "Paris", "b": "London", "c": "red wine", "d": ""}
    no_answer = {"a": 0.1, "b": 0.3, "c": 0.2, "d": 0.9}
    scores = squad2_scores(gold, predicted, no_answer)
    assert scores["exact"] == 2 / 4 and scores["f1"] == pytest.approx((1 + 2 / 3 + 1) / 4)
    assert scores["answerable_exact"] == 1 / 2 and scores["impossible_exact"] == 1 / 2
    assert (scores["answerable_total"], scores["impossible_total"], scores["missing"]) == (2, 2, 0)
    # unanswered 2 of 4; a wins 1, c wins 2/3 (but 0 exact), b loses 1
    assert (scores["best_exact"], scores["best_exact_threshold"]) == (3 / 4, 0.1)
    assert (scores["best_f1"], scores["best_f1_threshold"]) == (pytest.approx(11 / 12), 0.2)
    # above the threshold counts as no answer: b becomes right
    assert squad2_scores(gold, predicted, no_answer, threshold=0.25)["exact"] == 3 / 4
    assert "best_f1" not in squad2_scores(gold, predicted)


def test_degenerate_sets_of_2_0():
    only = squad2_scores({"a": ["x"]}, {"a": "y"}, {"a": 0.5})
    assert (only["exact"], only["best_f1"], only["best_f1_threshold"]) == (0, 0, 0)
    assert "impossible_f1" not in only
    assert squad2_scores({"a": []}, {"a": ""})["f1"] == 1
    assert squad2_scores({"a": ["x"], "b": ["y"]}, {"a": "x"})["missing"] == 1
    with pytest.raises(ValueError, match="none of them"):
        squad2_scores({"a": ["x"]}, {"b": "x"})
    with pytest.raises(ValueError, match="no_answer lacks question 'a'"):
        squad2_scores({"a": ["x"]}, {"a": "x"}, {})


# A second writing of the published rules, one question at a time, in percent, to hold the first against.

def plain(text):
    kept = "".join(char for char in text.lower() if char not in string.punctuation)
    return re.sub(r"\s+", " ", re.sub(r"\b(a|an|the)\b", " ", kept)).strip()


def overlap(truth, guess, empty_rule):
    truth, guess = plain(truth).split(), plain(guess).split()
    if empty_rule and (not truth or not guess):
        return 1.0 if truth == guess else 0.0
    left, same = Counter(truth), 0
    for word in guess:
        if left[word] > 0:
            left[word] -= 1
            same += 1
    if same == 0:
        return 0.0
    precision, recall = same / len(guess), same / len(truth)
    return 2.0 * precision * recall / (precision + recall)


def twin_1(gold, predicted):
    exact = f1 = 0.0
    for id, answers in gold.items():
        if id in predicted:
            exact += max(plain(answer) == plain(predicted[id]) for answer in answers)
            f1 += max(overlap(answer, predicted[id], False) for answer in answers)
    return 100.0 * exact / len(gold), 100.0 * f1 / len(gold)


def twin_2(gold, predicted, no_answer, threshold):
    exact, f1 = {}, {}
    for id, answers in gold.items():
        if id in predicted:
            truths = [answer for answer in answers if plain(answer)] or [""]
            exact[id] = max(int(plain(truth) == plain(predicted[id])) for truth in truths)
            f1[id] = max(overlap(truth, predicted[id], True) for truth in truths)
    found = {}
    for name, scores in (("exact", exact), ("f1", f1)):
        after = {id: (0.0 if gold[id] else 1.0) if no_answer[id] > threshold else score for id, score in scores.items()}
        found[name] = 100.0 * sum(after.values()) / len(after)
        for kind, ids in (("answerable_", [id for id in after if gold[id]]),
                          ("impossible_", [id for id in after if not gold[id]])):
            if ids:
                found[kind + name] = 100.0 * sum(after[id] for id in ids) / len(ids)
        # every prefix of the questions in the order of their no-answer scores: answer these, be silent on the rest
        order = sorted(no_answer, key=lambda id: no_answer[id])
        best, best_at = sum(not answers for answers in gold.values()), 0.0
        running = best
        for id in order:
            if id in scores:
                running += scores[id] if gold[id] else (-1 if predicted[id] else 0)
                if running > best:
                    best, best_at = running, no_answer[id]
        found[f"best_{name}"], found[f"best_{name}_threshold"] = 100.0 * best / len(scores), best_at
    return found


WORDS = ["the", "a", "An", "cat", "Cat.", "CATS", "U.S.", "--", "1,912", "theatre", "\u00e9t\u00e9", "\u5317\u4eac",
         "of", "\u2013", "caf\u00e9!"]


def answer(rng, least=0):
    spaces = [" ", "  ", "\t", "\u00a0"]
    words = rng.choice(WORDS, rng.integers(least, 5))
    return "".join(word + spaces[rng.integers(0, 4) if rng.random() < 0.2 else 0] for word in words)


def test_equal_to_the_published_rules():
    for seed in range(500):
        rng = np.random.default_rng(seed)
        ids = [f"q{i}" for i in range(rng.integers(1, 15))]
        gold = {id: [answer(rng, 1) for _ in range(rng.integers(1, 4))] for id in ids}
        predicted = {id: gold[id][0] if rng.random() < 0.3 else answer(rng) for id in ids if rng.random() < 0.9}
        scores = squad1_scores(gold, predicted)
        np.testing.assert_allclose([100 * scores["exact"], 100 * scores["f1"]], twin_1(gold, predicted), atol=1e-12,
                                   rtol=1e-14)

        gold = {id: [] if rng.random() < 0.4 else answers for id, answers in gold.items()}
        predicted[ids[0]] = ""
        no_answer = {id: float(np.round(rng.random(), seed % 3)) for id in rng.permutation(ids).tolist()}    # with ties
        threshold = float(rng.choice([0.3, 0.5, 1.0]))
        scores = squad2_scores(gold, predicted, no_answer, threshold)
        twin = twin_2(gold, predicted, no_answer, threshold)
        assert set(twin) == {name for name in scores if not name.endswith(("total", "missing"))}
        for name, value in twin.items():
            ours = scores[name] if "threshold" in name else 100 * scores[name]
            assert abs(ours - value) <= 1e-11, (seed, name, ours, value)           # percent: 1e-13 of a fraction


def test_no_threshold_does_better_than_the_best():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        ids = [str(i) for i in range(8)]
        gold = {id: [] if rng.random() < 0.5 else ["cat"] for id in ids}
        predicted = {id: "cat" if rng.random() < 0.7 else "dog" for id in ids}
        no_answer = dict(zip(ids, rng.random(8).tolist(), strict=True))            # no ties
        scores = {id: exact_match(gold[id][0], predicted[id]) if gold[id] else 0.0 for id in ids}
        best, at = best_threshold(gold, predicted, scores, no_answer)
        tried = {t: squad2_scores(gold, predicted, no_answer, t)["exact"] for t in [-1.0, *no_answer.values()]}
        assert best == pytest.approx(max(tried.values()))
        assert at == 0.0 or tried[at] == pytest.approx(best)

import numpy as np
import pytest

from tinyformer.data.answers import best_spans, predict_answer
from tinyformer.data.windows import windows
from tinyformer.text import WordPieceTokenizer

LETTERS = "abcdefghij"
TOKENIZER = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{c}" for c in LETTERS)])
DOCUMENT = " ".join(LETTERS)


def scored(found, rng=None, **points):
    """Start and end scores: random or 0, then points["start_e"] = 3 for the token e wherever it stands."""
    rows = [[rng.normal(size=len(w)) if rng else np.zeros(len(w)) for w in found] for _ in range(2)]
    for name, value in points.items():
        side, letter = name.split("_")
        for window, row in zip(found, rows[side == "end"], strict=True):
            row[[i for i in range(*window.document) if TOKENIZER.tokens[window.ids[i]] == letter]] = value
            if letter == "cls":
                row[0] = value
    return rows


def test_the_best_pair_wins_over_all_windows():
    found = windows(TOKENIZER, "a b", DOCUMENT, max_length=10, stride=3)
    best = predict_answer(DOCUMENT, found, *scored(found, start_e=3, end_f=4, start_i=2))
    assert best.text == "e f" and (best.candidates[0].start, best.candidates[0].end) == (8, 11)
    assert best.candidates[0].score == 7 and best.no_answer == -7
    assert len({c.text for c in best.candidates}) == len(best.candidates) == 20
    assert sum(c.probability for c in best.candidates) == pytest.approx(1)
    scores = [c.score for c in best.candidates]
    assert scores == sorted(scores, reverse=True)


def test_the_end_is_not_before_the_start_nor_too_far_behind():
    found = windows(TOKENIZER, "a", DOCUMENT, max_length=30, stride=5)
    rows = scored(found, start_g=5, end_b=5)
    assert predict_answer(DOCUMENT, found, *rows).text in {"g", "a b", "b"}    # never from g back to b
    rows = scored(found, start_b=5, end_h=5)
    assert predict_answer(DOCUMENT, found, *rows, max_answer_length=7).text == "b c d e f g h"
    assert predict_answer(DOCUMENT, found, *rows, max_answer_length=6).candidates[0].score == 5
    assert len(predict_answer(DOCUMENT, found, *rows, max_answer_length=1).candidates) == 10


def test_the_question_is_no_place_for_an_answer():
    window, = windows(TOKENIZER, "a b", "c d", max_length=20, stride=5)
    starts, ends = np.zeros(len(window)), np.zeros(len(window))
    starts[1] = ends[2] = starts[3] = ends[6] = 100                            # question and [SEP]
    best = predict_answer("c d", [window], [starts], [ends])
    assert {c.text for c in best.candidates} == {"c", "d", "c d"} and best.candidates[0].score == 0


def test_no_answer_wins_by_more_than_the_threshold():
    found = windows(TOKENIZER, "a", DOCUMENT, max_length=8, stride=4)
    rows = scored(found, start_c=2, end_c=2, start_cls=3, end_cls=3)
    rows[0][1][0] = 2                                                          # the lowest [CLS] counts: 2 + 3
    best = predict_answer(DOCUMENT, found, *rows, may_be_impossible=True)
    assert best.text == "" and best.no_answer == 1 and best.candidates[0].text == "c"
    assert predict_answer(DOCUMENT, found, *rows, may_be_impossible=True, threshold=1).text == "c"
    assert predict_answer(DOCUMENT, found, *rows).text == "c"


def test_equal_to_trying_every_pair():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        found = windows(TOKENIZER, "a b", DOCUMENT, max_length=int(rng.integers(8, 16)), stride=int(rng.integers(1, 4)))
        starts, ends = scored(found, rng)
        length = int(rng.integers(1, 6))
        tried = {}
        for window, start, end in zip(found, starts, ends, strict=True):
            for i in range(*window.document):
                for j in range(i, min(i + length, window.document[1])):
                    if window.best_context[i]:
                        a, b = window.offsets[i][0], window.offsets[j][1]
                        text = DOCUMENT[a:b]
                        tried[text] = max(tried.get(text, -np.inf), start[i] + end[j])
        expected = sorted(tried.items(), key=lambda item: -item[1])[:5]
        best = predict_answer(DOCUMENT, found, starts, ends, n_best=5, max_answer_length=length)
        assert [(c.text, c.score) for c in best.candidates] == expected


def test_padding_is_ignored_and_a_spans_list_is_in_order():
    window, = windows(TOKENIZER, "a", "b c d", max_length=20, stride=5)
    starts, ends = (np.concatenate([np.arange(len(window.ids)), [99.0, np.nan]]) for _ in range(2))
    assert predict_answer("b c d", [window], [starts], [ends]).text == "d"
    spans = best_spans(window, starts[:len(window)], ends[:len(window)], 2, 3)
    assert spans[0] == (10.0, 5, 5) and [score for score, _, _ in spans] == [10, 9, 8, 7, 6]


def test_scores_that_do_not_fit_are_refused():
    window, = windows(TOKENIZER, "a", "b c d", max_length=20, stride=5)
    fine = np.zeros(len(window))
    with pytest.raises(ValueError, match="1 windows, 2 rows of start scores"):
        predict_answer("b c d", [window], [fine, fine], [fine])
    with pytest.raises(ValueError, match=r"\(3,\) for a window of 7 tokens"):
        predict_answer("b c d", [window], [fine[:3]], [fine])
    bad = fine.copy()
    bad[4] = np.nan
    with pytest.raises(ValueError, match="score of token 4 is nan"):
        predict_answer("b c d", [window], [fine], [bad])
    with pytest.raises(ValueError, match="n_best is 0"):
        predict_answer("b c d", [window], [fine], [fine], n_best=0)

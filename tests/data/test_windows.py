import json

import numpy as np
import pytest

from tinyformer.data.answers import predict_answer
from tinyformer.data.readers import read_squad
from tinyformer.data.windows import whole_characters, windows
from tinyformer.errors import InputError
from tinyformer.text import ByteLevelBPE, WordPieceTokenizer
from tinyformer.text.basic import is_chinese, is_punctuation

LETTERS = "abcdefghij"
TOKENIZER = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{c}" for c in LETTERS)])


def letters(window):
    """The document's tokens of a window."""
    return "".join(TOKENIZER.tokens[id] for id in window.ids[slice(*window.document)])


def test_a_short_document_is_one_window():
    window, = windows(TOKENIZER, "a b", "c, d", max_length=20, stride=5)
    assert window.ids.tolist() == TOKENIZER.encode("[CLS] a b [SEP] c , d [SEP]")
    assert window.segments.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert window.offsets.tolist() == [[0, 0]] * 4 + [[0, 1], [1, 2], [3, 4], [0, 0]]
    assert window.document == (4, 7) and window.best_context.tolist() == [False] * 4 + [True] * 3 + [False]
    assert window.answerable.tolist() == [True] + [False] * 3 + [True] * 3 + [False]


def test_windows_begin_a_stride_apart_and_lose_no_token():
    document = " ".join(LETTERS)
    parts = [letters(w) for w in windows(TOKENIZER, "a", document, max_length=8, stride=2)]     # room for 4
    assert parts == ["abcd", "cdef", "efgh", "ghij"]
    for length in range(1, 11):
        for stride in range(1, 5):
            found = windows(TOKENIZER, "a", document[:2 * length - 1], max_length=8, stride=stride)
            assert set("".join(map(letters, found))) == set(LETTERS[:length])
            assert all(len(w) <= 8 for w in found) and letters(found[-1]).endswith(LETTERS[length - 1])
            assert [letters(w)[0] for w in found] == [LETTERS[i * stride] for i in range(len(found))]
            best = [TOKENIZER.tokens[id] for w in found for id in w.ids[w.best_context]]
            assert sorted(best) == list(LETTERS[:length])              # each token in exactly one window


def test_the_rule_of_most_context():
    found = windows(TOKENIZER, "a", " ".join(LETTERS[:7]), max_length=9, stride=2)              # abcde, cdefg
    assert [w.best_context[slice(*w.document)].tolist() for w in found] == [
        [True, True, True, True, False], [False, False, True, True, True]]     # d has 1 in both, and the first wins
    # the last window is shorter here: abcde, defg; d has 1 and 0, e 0 and 1
    found = windows(TOKENIZER, "a", " ".join(LETTERS[:7]), max_length=9, stride=3)
    assert [w.best_context[slice(*w.document)].sum() for w in found] == [4, 3]


def test_the_longer_of_two_nearly_equal_windows_is_preferred():
    decided = 0
    for length in range(290, 330):
        found = windows(TOKENIZER, "a", " ".join("a" * length), max_length=254, stride=180)     # room for 250
        spans = [(180 * i, 180 * i + w.document[1] - w.document[0]) for i, w in enumerate(found)]
        for token in range(length):
            sides = [min(token - a, b - 1 - token) if a <= token < b else -9.0 for a, b in spans]
            scores = [side + 0.01 * (b - a) for side, (a, b) in zip(sides, spans, strict=True)]
            best = scores.index(max(scores))
            decided += best != sides.index(max(sides))
            for i, (window, (a, b)) in enumerate(zip(found, spans, strict=True)):
                if a <= token < b:
                    assert window.best_context[window.document[0] + token - a] == (i == best)
    assert decided > 0                                     # the hundredth does decide somewhere


def test_answers_and_their_places():
    document = "a b c d e f g h i j"
    found = windows(TOKENIZER, "a", document, max_length=8, stride=2)
    start, end = document.index("e"), document.index("f") + 1
    assert [w.place(start, end) for w in found] == [(0, 0), (5, 6), (3, 4), (0, 0)]
    assert {document[slice(*w.characters(5, 6))] for w in found[1:2]} == {"e f"}
    assert [w.place(start, len(document)) for w in found] == [(0, 0)] * 4      # longer than any window
    assert found[2].place(start - 1, end + 1) == (3, 4)                        # a space too many does no harm
    assert found[0].place(1, 2) == (0, 0)                                      # nothing but a space
    # an answer inside a word is the pieces it touches
    window, = windows(TOKENIZER, "a", "abc d", max_length=12, stride=4)
    assert window.place(1, 2) == (4, 4) and window.characters(4, 4) == (1, 2)


def test_what_cannot_be_windowed_is_refused():
    for stride in (0, 5, -1):
        with pytest.raises(InputError, match=f"stride is {stride}, .* room for 4 tokens .* 1 to 4"):
            windows(TOKENIZER, "a", "b c", max_length=8, stride=stride)
    with pytest.raises(InputError, match="no tokens"):
        windows(TOKENIZER, "a", " \t", max_length=8, stride=2)
    with pytest.raises(InputError, match=r"no \[CLS\]"):
        windows(ByteLevelBPE.train(["a b"], 260), "a", "b")
    question = windows(TOKENIZER, " ".join(LETTERS), "a", max_length=20, stride=2, max_question=3)[0]
    assert question.document[0] == 5


def test_spaces_go_and_accents_stay():
    text = " cafe\u0301  \u0301x"
    assert whole_characters(text, [(0, 5), (6, 8), (9, 10)]).tolist() == [[1, 6], [8, 8], [9, 10]]
    own = [[0, 1], [1, 2], [2, 3], [3, 4]]                 # where a mark is a token it stays one
    assert whole_characters("e\u0301\u0323f", own).tolist() == own
    bpe = ByteLevelBPE.train(["the cat the cat the cat"], 270)
    offsets = bpe.encode_with_offsets("the cat")[1]
    assert (3, 7) in offsets and whole_characters("the cat", offsets).tolist()[-1] == [4, 7]


WORDS = [
    "the", "Caf\u00e9", "cafe\u0301", "Stra\u00dfe", "na\u00efve", "U.S.", "1,912", "don't", "Zo\u00eb",
    "\u0130stanbul", "\u00c5ngstr\u00f6m", "o'er", "\u5317\u4eac", "\u6771\u4eac\u5927\u5b66", "\u201cquoted\u201d",
    "(1887\u20131914)",
    "$3.50", "50%", "re-use", "\U0001f600", "Tie\u0302\u0301ng", "\u0441\u0432\u0456\u0442", "\uac00\uc744",
    "\u00bfqu\u00e9?", "A\u2014B", "semi;colon", "\ufb01ne", "x\u00b2", "\u0645\u062f\u0631\u0633\u0629",
    "\U00020000\u4e00"]


def generated(seed, count):
    """A SQuAD file of `count` questions; answers begin and end where words or Chinese characters do."""
    rng = np.random.default_rng(seed)
    paragraphs = []
    for p in range(count // 10):
        spaces = [" "] * 12 + ["", "  ", "\u00a0", "\n", ", ", ". "]
        spans, context = [], ""
        for word in rng.choice(WORDS, rng.integers(20, 150)):
            spans.append((len(context), len(context) + len(word)))
            gap = spaces[rng.integers(len(spaces))]
            context += word + (gap or ("" if is_chinese(word[-1]) or is_punctuation(word[-1]) else " "))
        qas = []
        for q in range(10):
            first = rng.integers(len(spans))
            last = min(first + rng.integers(0, 6), len(spans) - 1)
            start, end = spans[first][0], spans[last][1]
            qas.append({"id": f"{p}-{q}", "question": " ".join(rng.choice(WORDS, 6)) + "?",
                        "answers": [{"text": context[start:end], "answer_start": int(start)}]})
        paragraphs.append({"context": context, "qas": qas})
    return json.dumps({"version": "1.1", "data": [{"title": "generated", "paragraphs": paragraphs}]})


@pytest.mark.parametrize("lower_case", [True, False])
def test_offsets_give_back_the_text_of_every_answer(tmp_path, lower_case):
    path = tmp_path / "generated.json"
    path.write_text(generated(7, 1000), encoding="utf-8")
    questions = read_squad(path, training=True)
    assert len(questions) == 1000 and not questions.report()
    tokenizer = WordPieceTokenizer.train([" ".join(WORDS[::2])], 200, lower_case=lower_case)   # half the words break
    several = 0
    for number, item in enumerate(questions):
        found = windows(tokenizer, item.question, item.document, max_length=110, stride=32, max_question=16)
        answer, = item.answers
        end = answer.start + len(answer.text)
        places = [window.place(answer.start, end) for window in found]
        held = [(window, place) for window, place in zip(found, places, strict=True) if place != (0, 0)]
        assert held, item
        several += len(found) > 1
        for window, place in held:
            a, b = window.characters(*place)
            assert item.document[a:b] == answer.text, item
        if number % 10 == 0 and any(window.best_context[place[0]] for window, place in held):
            starts, ends = ([np.arange(len(window)) == place[side] for window, place in zip(found, places, strict=True)]
                            for side in (0, 1))            # scores that point at the answer bring back its text
            assert predict_answer(item.document, found, starts, ends, max_answer_length=80).text == answer.text, item
    assert several > 300

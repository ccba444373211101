"""Do wrong examples come out in words: counted, in order, within the width of the terminal?"""

from tinyformer.tasks import terminal_lines
from tinyformer.tasks.answer import marked, wrong_answers
from tinyformer.tasks.classify import wrong_labels
from tinyformer.tasks.score import wrong_scores
from tinyformer.tasks.tag import wrong_tags

LONG = "a sentence of several words, again and again; " * 40


def fits(text: str, width: int) -> bool:
    return all(terminal_lines.screen_columns(line) <= width for line in text.splitlines())


def test_wrong_labels_are_counted_and_the_surest_come_first():
    items = [(["right"], "a", "a", 0.9), (["doubtful"], "a", "b", 0.4), (("one", "two"), "b", "a", 0.975),
             (["unsaid"], "a", "b", None)]
    text = wrong_labels(items, most=2, width=80)
    assert text == ("3 of 4 examples wrong; 2 of them, the surest first:\n\n  true: b, predicted: a (97.5%)\n"
                    "    1: one\n    2: two\n\n  true: a, predicted: b (40.0%)\n    doubtful")
    assert wrong_labels(items[:1]) == "0 of 1 example wrong"
    assert wrong_labels([]) == "there are no examples"
    assert wrong_labels(items[3:], width=80).splitlines()[2] == "  true: a, predicted: b"


def test_long_texts_are_wrapped_and_cut():
    for width in (40, 77):
        text = wrong_labels([([LONG], "a", "b", 0.5), (["中文" * 300 + "w" * 500], "a", "b", 0.5)], width=width)
        assert fits(text, width) and text.count("…") == 2
        assert len(text.splitlines()) == 1 + 2 * (2 + terminal_lines.LINES)
    words = LONG[:200].split()
    assert " ".join(line.strip() for line in terminal_lines.wrapped(" ".join(words), 50, 4)).split() == words


def test_nothing_in_a_text_steers_the_terminal():
    text = wrong_labels([(["red \x1b[31m\r\n text"], "a", "b\x07", 0.5)], width=80)
    assert "\x1b" not in text and "\x07" not in text and "\r" not in text and "red \ufffd[31m text" in text


def test_width_is_that_of_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    text = wrong_labels([([LONG], "a", "b", 0.5)])
    assert fits(text, 60) and not fits(text, 50)


def test_wrong_scores_are_sorted_by_error():
    text = wrong_scores([("a", "b", 1.0, 1.5), ("c", "d", 4.0, 1.0), ("e", "f", 0, 0)], most=2, width=80)
    assert text.startswith("the 2 largest errors of 3 pairs:\n\n  true: 4.00, predicted: 1.00, error: -3.00\n    1: c")
    assert "+0.50" in text and "1: e" not in text
    assert wrong_scores([]) == "there are no pairs"


def test_wrong_tags_stand_in_columns():
    sentences = [(["Ada", "slept", "there"], ["PER", "O", "O"], ["O", "O"]), (["x"], ["O"], ["O"]),
                 (["中文", "y"], ["A", "B"], ["BBB", "A"])]
    lines = wrong_tags(sentences, width=80).splitlines()
    assert lines[:2] == ["3 of 5 words wrong", "2 of 3 sentences wrong, the worst first:"]
    assert lines[3:7] == ["  中文 y", "    word  true  predicted", "    中文  A     BBB", "    y     B     A"]
    assert lines[8:] == ["  Ada slept there", "    word  true  predicted", "    Ada   PER   O"]
    assert wrong_tags(sentences[1:2]) == "0 of 1 sentence wrong"
    assert fits(wrong_tags([(["w" * 200], ["T" * 200], ["U" * 200])], width=60), 60)


def test_wrong_answers_are_marked_in_their_passage():
    document = "Ada lives in the town of Rome."
    items = [(document, "Where?", (10, 24), [(25, 29)]), (document, "Who?", (0, 3), [(0, 3)]),
             (document, "When?", None, []), (document, "Why?", None, [(0, 3)]), (document, "How?", (0, 3), [])]
    text = wrong_answers(items, width=80)
    assert text.startswith("3 of 5 answers wrong, «gold» and [predicted]:\n\n  Where?\n    gold: Rome; predicted: in")
    assert "lives [in the town of] «Rome»." in text and "Who?" not in text and "When?" not in text
    assert "gold: Ada; predicted: no answer\n    «Ada» lives" in text
    assert "gold: no answer; predicted: Ada\n    [Ada] lives" in text


def test_an_answer_is_right_by_the_rules_of_squad():
    assert wrong_answers([("see The Rome, now", "?", (4, 13), [(8, 12)])]) == "0 of 1 answer wrong"


def test_marks_nest_and_do_not_cross():
    assert marked("a b c", (0, 5), [(2, 3)]) == "[a «b» c]"
    assert marked("a b c", (2, 3), [(2, 3)]) == "a «[b]» c"
    assert marked("a b c", (0, 1), [(0, 3), (1, 4)]) == "«[a] b» c"
    assert marked("ab", (1, 2), [(0, 1)]) == "«a»[b]"
    assert marked("a b", None, []) == "a b"


def test_a_long_passage_is_cut_between_words():
    document = "before " * 100 + "GOLD " + "between " * 100 + "GUESS " + "after " * 100
    gold, guess = (document.index(word) for word in ("GOLD", "GUESS"))
    text = marked(document, (guess, guess + 5), [(gold, gold + 4)], around=20)
    assert text == ("… before before before «GOLD» between between between … between between between [GUESS] "
                    "after after after after …")
    assert marked(document, None, [], around=10) == "before before …"
    assert marked("字" * 999, (500, 501), [], around=3) == "… 字字字[字]字字字 …"

"""Are answers shown in their passage, and found out where they are all the same?"""

from tinyformer.data.readers import Answer, Question
from tinyformer.tasks import TASKS
from tinyformer.tasks.answer import marked, wrong_answers


def test_one_answer_for_everything():
    def question(answer):
        return Question("q", "?", "d", (Answer(answer, 0),) if answer else (), not answer, "", "f", 1)
    truth = [question(f"place {n}") for n in range(20)] + [question("")] * 10
    assert TASKS["answer"].collapsed(truth, [{"answer": ""}] * 30) == "no answer"
    assert TASKS["answer"].collapsed(truth, [{"answer": "it"}] * 30) == "'it'"
    assert TASKS["answer"].collapsed(truth, [{"answer": f"place {n}"} for n in range(30)]) is None
    assert TASKS["answer"].collapsed(truth[20:], [{"answer": ""}] * 10) is None, "there is no answer to any of these"


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

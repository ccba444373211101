"""Are classes counted, shown and held against a constant as they should be?"""

import pytest

from tinyformer.data.readers import TextExample
from tinyformer.tasks import TASKS
from tinyformer.tasks.classify import wrong_labels


def texts(labels):
    return [TextExample("t", label, "f", 1) for label in labels], [{"label": label} for label in labels]


def test_f1_is_that_of_the_second_of_two_classes():
    truth = [TextExample("t", label, "f", 1) for label in "00011"]
    found = TASKS["classify"].scores(truth, [{"label": label} for label in "00101"])
    assert found["f1"] == pytest.approx(0.5) and found["f1_macro"] == pytest.approx((0.5 + 2 / 3) / 2)
    assert "f1" not in TASKS["classify"].scores([*truth, TextExample("t", "2", "f", 1)], [{"label": "0"}] * 6)


def test_one_class_for_everything():
    truth, right = texts("ab" * 50)
    _, constant = texts("b" * 100)
    assert TASKS["classify"].collapsed(truth, constant) == "'b'"
    assert TASKS["classify"].collapsed(truth, right) is None
    assert TASKS["pair"].collapsed(truth, [{"label": "b"}] * 98 + [{"label": "a"}] * 2) is None
    assert TASKS["pair"].collapsed(truth, [{"label": "b"}] * 99 + [{"label": "a"}]) == "'b'"
    assert TASKS["classify"].collapsed(texts("b" * 99 + "a")[0], constant) is None, "the truth is as one-sided"
    assert TASKS["classify"].collapsed(truth[:1], constant[:1]) is None, "one example shows nothing"


def test_wrong_labels_are_counted_and_the_surest_come_first():
    items = [(["right"], "a", "a", 0.9), (["doubtful"], "a", "b", 0.4), (("one", "two"), "b", "a", 0.975),
             (["unsaid"], "a", "b", None)]
    text = wrong_labels(items, most=2, width=80)
    assert text == ("3 of 4 examples wrong; 2 of them, the surest first:\n\n  true: b, predicted: a (97.5%)\n"
                    "    1: one\n    2: two\n\n  true: a, predicted: b (40.0%)\n    doubtful")
    assert wrong_labels(items[:1]) == "0 of 1 example wrong"
    assert wrong_labels([]) == "there are no examples"
    assert wrong_labels(items[3:], width=80).splitlines()[2] == "  true: a, predicted: b"

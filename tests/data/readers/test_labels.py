import pytest

from tinyformer.data.readers import PairExample, TaggedSentence, TextExample, check_labels, label_names
from tinyformer.errors import InputError


def texts(labels, file="train.tsv"):
    return [TextExample("x", label, file, line) for line, label in enumerate(labels, 1)]


def test_labels_come_in_order():
    assert label_names(texts(["10", "9", "-1", "9"])) == ["-1", "9", "10"]
    assert label_names(texts(["b", "10", "9", None])) == ["10", "9", "b"]
    assert label_names([TaggedSentence(("a", "b"), ("NOUN", "DET"), "f", 1)]) == ["DET", "NOUN"]
    assert label_names([PairExample("a", "b", "yes", "f", 1)]) == ["yes"]


def test_a_label_that_training_never_shows_is_refused():
    with pytest.raises(InputError) as caught:
        check_labels(texts("0101"), texts(["0", "2", "3"], "dev.tsv"))
    message = str(caught.value)
    assert message.startswith("dev.tsv:2: label '2'") and "0, 1" in message and "nor are 3" in message
    warnings = check_labels(texts("0101"), texts(["0", "2", "2", "1"], "dev.tsv"), allow_unseen=True)
    assert len(warnings) == 1 and "2 such labels will count as wrong" in warnings[0]


def test_a_label_that_dev_lacks_is_a_warning():
    warnings = check_labels(texts("012"), texts("0", "dev.tsv"))
    assert warnings == ["dev.tsv: never has 1, 2, which the training file has"]
    assert check_labels(texts("01"), texts("10", "dev.tsv")) == check_labels(texts("01")) == []


def test_one_class_in_training_is_a_warning():
    warning, = check_labels(texts("111"))
    assert "train.tsv: only one class, '1', in 3 labels" in warning


def test_many_labels_are_not_all_listed():
    with pytest.raises(InputError, match="0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 28 more"):
        check_labels(texts(map(str, range(40))), texts(["x"], "dev.tsv"))

"""Are the labels of each text read from one column as from a column for each, and is every bad row named?"""

import json

import pytest

from tinyformer.data.readers import MultilabelExample, check_labels, label_names, read_label_sets

WANTED = [("long, dull", ("a", "b")), ("nothing", ()), ("so so", ("c",))]
NAMES = {"text": "t", "labels": "a+b+c"}


def sets(examples) -> list:
    return [(example.text, example.labels) for example in examples]


@pytest.mark.parametrize("name, data, columns", [
    ("a.tsv", "text\tlabels\nlong, dull\ta,b\nnothing\t\nso so\tc\n", None),
    ("a.tsv", "Topics\tid\tSentence\na | b\t1\tlong, dull\n \t2\tnothing\nc\t3\tso so\n", None),
    ("a.tsv", "long, dull\ta,b\nnothing\t\nso so\tc\n", {"text": 1, "labels": 2}),
    ("a.csv", 'text,label\n"long, dull","a,b"\nnothing,\nso so,c\n', None),
    ("a.csv", 't,a,b,c\n"long, dull",1,1,0\nnothing,0,0,0\nso so,0,0,1\n', NAMES),
    ("a.tsv", "t\ta\tb\tc\nlong, dull\t1.0\t1.0\t0.0\nnothing\t0\t0\t0\nso so\t0\t0\t1\n", NAMES),
    ("a.tsv", "t\ta\tb\tc\nlong, dull\t1\t1\t0\nnothing\t0\t0\t0\nso so\t0\t0\t1\n",
     {"text": 1, "labels": "2+b+4"}),
    ("a.jsonl", [{"text": "long, dull", "labels": ["a", "b"]}, {"text": "nothing", "labels": []},
                 {"text": "so so", "labels": "c"}], None),
    ("a.jsonl", [{"t": "long, dull", "a": 1, "b": True, "c": 0}, {"t": "nothing", "a": 0, "b": False, "c": 0},
                 {"t": "so so", "a": 0, "b": 0, "c": 1}], NAMES)])
def test_every_form_gives_the_same_sets(file, name, data, columns):
    data = data if isinstance(data, str) else "".join(json.dumps(row) + "\n" for row in data)
    found = read_label_sets(file(name, data), columns)
    assert sets(found) == WANTED and found.notes == [] and label_names(found) == ["a", "b", "c"]
    assert found[1].line == 2 + (name != "a.jsonl" and columns != {"text": 1, "labels": 2})


def test_numbers_are_labels_too(file):
    assert sets(read_label_sets(file("a.jsonl", '{"text": "x", "labels": [3, 17]}\n'))) == [("x", ("3", "17"))]
    found = read_label_sets(file("go.tsv", "x\t10,9\tid1\ny\t27\tid2\n"), {"text": 1, "labels": 2})
    assert label_names(found) == ["9", "10", "27"]


def test_a_column_may_have_a_plus_sign_in_its_name(file):
    path = file("a.tsv", "text\ta+b\nx\tc,d\n")
    assert sets(read_label_sets(path, {"text": "text", "labels": "a+b"})) == [("x", ("c", "d"))]


def test_without_labels(file):
    for path in (file("a.tsv", "id\ttext\n1\tx\n"), file("b.txt", "x\n"), file("c.jsonl", '{"text": "x"}\n')):
        assert sets(read_label_sets(path, labelled=False)) == [("x", None)]


def test_a_label_that_never_holds_is_told(file):
    found = read_label_sets(file("a.tsv", "t\ta\tb\nx\t1\t0\ny\t0\t0\n"), {"text": "t", "labels": "a+b"})
    assert found.report() == [f"{found[0].file}: b is 0 in every row"]


@pytest.mark.parametrize("row, words", [
    ("x\ta,,b", ["one of them is empty; remove a separator"]), ("x\ta,", ["one of them is empty"]),
    ("x\ta|b,a", ["'a' stands there twice; remove one"]), (" \ta", ["the text is empty"]),
    ("x", ["1 columns where 2"])])
def test_bad_rows_are_named(file, refused, row, words):
    path = file("a.tsv", f"text\tlabels\ngood\ta\n{row}\n")
    refused(read_label_sets, path, words=[f"{path}:3: ", *words])
    found = read_label_sets(path, skip_bad_rows=1)
    assert sets(found) == [("good", ("a",))] and len(found.bad) == 1


@pytest.mark.parametrize("row, words", [
    ('{"text": "x"}', ["no labels at 'labels' (null)"]), ('{"text": "x", "labels": {"a": 1}}', ["no labels at"]),
    ('{"text": "x", "labels": [1.5]}', ["no labels at"]), ('{"text": 1, "labels": []}', ["it must be text in quotes"]),
    ('{"text": "x", "labels": ["\\ud800"]}', ["half a character"])])
def test_bad_objects_are_named(file, refused, row, words):
    path = file("a.jsonl", '{"text": "good", "labels": []}\n' + row + "\n")
    refused(read_label_sets, path, words=[f"{path}:2: ", *words])


def test_bad_marks_are_named(file, refused):
    columns = {"text": "t", "labels": "a+b"}
    for mark in ("2", "", "yes"):
        path = file("a.tsv", f"t\ta\tb\nx\t1\t0\nx\t{mark}\t0\n")
        refused(read_label_sets, path, columns, words=[f"{path}:3: ", f"{mark!r} in column 'a'; it must be 1"])
    path = file("a.jsonl", '{"t": "x", "a": 1}\n')
    refused(read_label_sets, path, columns, words=[f"{path}:1: ", "in column 'b'"])


def test_columns_that_do_not_fit(file, refused):
    path = file("a.tsv", "comment\ta\tb\nx\t1\t0\n")
    refused(read_label_sets, path, words=["cannot tell which columns are text, labels",
                                          "--columns text=comment,labels=a"])
    refused(read_label_sets, file("b.tsv", "one\ta,b\ntwo\tb\n"), words=["cannot tell which columns"])
    refused(read_label_sets, path, {"labels": 1}, words=["it must name text, or text and labels"])
    refused(read_label_sets, path, {"text": 1, "labels": "2+3"}, words=["name one at least"])
    refused(read_label_sets, path, {"text": 1, "labels": "a+7"}, words=["3 columns, and column 7"])
    for written in ("a+a", "a+", "+"):
        refused(read_label_sets, path, {"text": "comment", "labels": written}, words=["each column once"])
    refused(read_label_sets, path, {"text": "comment", "labels": "a+c"}, words=["no column 'c'"])
    refused(read_label_sets, path.with_name("none.tsv"), words=["no such file"])


def test_labels_are_checked_as_classes_are():
    def texts(*sets, file="train.tsv"):
        return [MultilabelExample("x", labels, file, line) for line, labels in enumerate(sets, 1)]

    assert check_labels(texts(("a",), (), ("a",))) == [], "to have it or not is something to learn"
    assert "only one class" in check_labels(texts(("a",), ("a",)))[0]
    warning, = check_labels(texts(("a",), ("b",)), texts(("a", "b", "c"), ("b",), file="dev.tsv"), allow_unseen=True)
    assert warning.startswith("dev.tsv:1: label 'c'") and "1 such labels will count as wrong" in warning

import json
import os

import pytest

from tinyformer.data.readers import PairExample, TextExample, parse_columns, read_examples, read_table, recognise

TEXT = {"label": 1, "text": 2}


def test_numbered_columns_without_a_header(file):
    path = file("a.tsv", '1\t"so-called\t\u2028 gem\n\n0\tdull\n'.replace("\t\u2028", "\u2028"))
    found = read_table(path, TEXT)
    assert found == [TextExample('"so-called\u2028 gem', "1", str(path), 1), TextExample("dull", "0", str(path), 3)]
    assert found.report() == []


def test_named_columns_of_a_header(file):
    path = file("a.tsv", "id\tpremise\thypothesis\tgold\n7\ta\tb\tyes\n")
    pairs = read_table(path, {"first": "premise", "second": "hypothesis", "label": "gold"})
    assert pairs == [PairExample("a", "b", "yes", str(path), 2)]
    scores = read_table(path, {"first": 2, "second": 3, "score": "id"})            # numbers and names together
    assert scores[0].label == 7.0
    assert read_table(path, {"text": 2}, header=True) == [TextExample("a", None, str(path), 2)]


def test_in_csv_quotes_are_quotes(file):
    path = file("a.csv", 'text,label\r\n"one, ""two""\nthree",0\r\n\r\nfour,1\r\n')
    found = read_table(path, {"text": "text", "label": "label"})
    assert [(e.text, e.label, e.line) for e in found] == [('one, "two"\nthree', "0", 2), ("four", "1", 5)]


def test_in_tsv_they_are_not(file):
    path = file("a.tsv", 'text\tlabel\n"one\t0\ntwo"\t1\n""\t1\n')
    assert [e.text for e in read_table(path, {"text": "text", "label": "label"})] == ['"one', 'two"', '""']
    csv = read_table(file("b.txt", '"a\tb"\tx\n'.replace("\t", ",")), {"text": 1, "label": 2}, format="csv")
    assert csv[0].text == "a,b"


def test_jsonl(file):
    rows = [{"s": "caf\u00e9", "l": 1}, {"s": "b", "l": True, "more": [1]}, {"s": "c", "l": "x"}]
    path = file("a.jsonl", "\n".join(map(json.dumps, rows)))
    assert [(e.text, e.label) for e in read_table(path, {"text": "s", "label": "l"})] == [
        ("caf\u00e9", "1"), ("b", "true"), ("c", "x")]
    gold = file("b.jsonl", '{"s": "a", "gold_label": "-"}\n{"s": "b", "gold_label": "x"}\n')
    found = read_table(gold, {"text": "s", "label": "gold_label"})
    assert [e.text for e in found] == ["b"] and found.unlabelled == 1
    assert found.report() == ["1 rows without a label were left out"]


@pytest.mark.parametrize("name, data, line, words", [
    ("a.tsv", "1\ta\n0\tb\tc\n", 2, ["3 columns where 2 were due", "single tabs", "--skip-bad-rows"]),
    ("a.tsv", "1\ta\n\n0 b\n", 3, ["1 columns where 2 were due", "put back"]),
    ("a.tsv", "1\ta\n0,b\n", 2, ["name the file .csv"]),
    ("a.tsv", "only\n", 1, ["1 columns, and column 2 was asked for"]),
    ("a.tsv", "1\ta\n2\tb\n", 2, ["label '2' is not among 0, 1"]),
    ("a.tsv", "1\ta\n \tb\n", 2, ["label is empty"]),
    ("a.tsv", "1\ta\n1\t \n", 2, ["text is empty"]),
    ("a.csv", "1,a\n0,b,c\n", 2, ["3 columns where 2", "comma", "quotes"]),
    ("a.csv", '1,a\n0,"b"c\n1,d\n', 2, ["not CSV"]),
    ("a.csv", '1,a\n0,b\n1,"c\nd\n0,e\n', 3, ["quotation mark opens here", "none closes it"]),
])
def test_a_bad_row_is_named(file, refused, name, data, line, words):
    path = file(name, data)
    refused(read_table, path, TEXT, labels=("0", "1"), words=[f"{path}:{line}: ", *words])


@pytest.mark.parametrize("row, words", [
    ("{", ["not JSON", "one whole object"]),
    ("[1]", ["JSON list"]),
    ('{"label": 1}', ["no 'text' among the keys 'label'"]),
    ('{"text": 3, "label": 1}', ["'text' is 3", "in quotes"]),
    ('{"text": "a", "label": 1.5}', ["label 1.5"]),
    ('{"text": "a", "label": null}', ["no value at 'label'"]),
    ('{"text": "a\\ud83d", "label": 1}', ["half a character", "\\ud83d at position 1"]),
    ('{"text": "a", "label": "\\udc00"}', ["half a character"]),
    ("[" * 100_000, ["not JSON"]),
])
def test_a_bad_json_row_is_named(file, refused, row, words):
    path = file("a.jsonl", '{"text": "fine", "label": 1}\n' + row + "\n")
    columns = {"text": "text", "label": "label"}
    refused(read_table, path, columns, words=[f"{path}:2: ", *words])
    found = read_table(path, columns, skip_bad_rows=1)
    assert len(found) == len(found.bad) == 1 and found.bad[0].startswith(f"{path}:2: ")


@pytest.mark.parametrize("score", ["nan", "inf", "-Infinity", "", "4,5", "high", "1_0", "٣", "１.5", "0x1p3",
                                   "1e400", "9" * 400])
def test_scores_are_finite_numbers(file, refused, score):
    path = file("a.tsv", f"a\tb\t3.5\na\tb\t{score}\n")
    columns = {"first": 1, "second": 2, "score": 3}
    refused(read_table, path, columns, words=[f"{path}:2: ", f"score '{score[:60]}'", "finite"])
    path = file("a.jsonl", '{"a": "x", "b": "y", "s": true}')
    refused(read_table, path, {"first": "a", "second": "b", "score": "s"}, words=[f"{path}:1: ", "finite"])


def test_bad_rows_may_be_skipped_and_are_counted(file, refused):
    path = file("a.tsv", "1\ta\n0\n0\tb\nworse\n1\tc\n")
    found = read_table(path, TEXT, skip_bad_rows=2)
    assert [e.text for e in found] == ["a", "b", "c"]
    assert [message.split(": ")[0] for message in found.bad] == [f"{path}:2", f"{path}:4"]
    assert found.report(shown=1) == ["2 bad rows were left out; the first of them:", "  " + found.bad[0]]
    refused(read_table, path, TEXT, skip_bad_rows=1, words=[f"{path}:4: ", "number 2", "allows 1"])
    refused(read_table, path, TEXT, skip_bad_rows=-1, words=["skip_bad_rows is -1"])


@pytest.mark.parametrize("data", ["", "\n \n\n", "text\tlabel\n", "\ufefftext\tlabel\r\n\r\n"])
@pytest.mark.parametrize("name", ["a.tsv", "a.csv"])
def test_nothing_in_the_file(file, refused, name, data):
    path = file(name, data.replace("\t", "," if name == "a.csv" else "\t"))
    refused(read_table, path, {"text": "text", "label": "label"}, words=[path, "no examples"])
    refused(read_table, file("a.jsonl", "\n"), {"text": "text"}, words=["no examples"])


def test_bytes_that_are_no_text_and_paths_that_are_no_files(file, refused, tmp_path):
    refused(read_table, file("a.tsv", b"1\ta\n0\tb\xff\n"), TEXT, words=["a.tsv", "line 2", "byte offset 7", "UTF-8"])
    refused(read_table, file("a.tsv", b"1\ta\n0\tb\0\n"), TEXT, words=["line 2", "NUL"])
    refused(read_table, tmp_path, TEXT, words=[tmp_path, "folder"])
    refused(read_table, tmp_path / "b.tsv", TEXT, words=["b.tsv", "no such file"])
    os.mkfifo(tmp_path / "pipe")
    refused(read_table, tmp_path / "pipe", TEXT, words=["FIFO"])
    read = read_table(file("a.tsv", b"\xef\xbb\xbf1\ta\r\n0\tb\r\n"), TEXT)
    assert [(e.label, e.text) for e in read] == [("1", "a"), ("0", "b")]


def test_an_endless_line_is_refused(file, refused):
    path = file("a.tsv", "1\ta\n1\t" + "x" * 10_000_000)
    refused(read_table, path, TEXT, words=[f"{path}:2: ", "10,000,002 characters", "line ends"])


def test_columns_that_do_not_fit(file, refused):
    path = file("a.tsv", "sentence\tgold\tgold\na\tx\ty\n")
    refused(read_table, path, {"text": "sentense"}, words=[f"{path}:1: ", "did you mean 'sentence'"])
    refused(read_table, path, {"text": "zzz"}, words=["name one of these"])
    refused(read_table, path, {"text": "sentence", "label": "gold"}, words=["2 columns are called 'gold'"])
    refused(read_table, path, {"text": "sentence"}, header=False, words=["without a header"])
    refused(read_table, path, {"text": "sentence"}, format="xml", words=["'xml'", "tsv, csv, jsonl"])
    refused(read_table, file("a.jsonl", "{}"), {"text": 1}, words=["names"])
    for columns in ({}, {"label": 1}, {"text": 1, "first": 2}, {"first": 1}, {"text": 1, "label": 2, "score": 3}):
        refused(read_table, path, columns, words=["it must name text, or first and second"])
    refused(read_table, path, {"text": 1, "lable": 2}, words=["columns names text, lable"])
    refused(read_table, path, {"text": 0}, words=["counted from 1"])


def test_columns_as_typed(refused):
    assert parse_columns("text=2,label=1") == {"text": 2, "label": 1}
    assert parse_columns(" first = p , second=h.2,score=s ") == {"first": "p", "second": "h.2", "score": "s"}
    for written in ("text", "text=", "=1", "", "text=1,text=2"):
        refused(parse_columns, written, words=["PART=COLUMN"])


CLASSIFY, PAIR, SCORE = ("text", "label"), ("first", "second", "label"), ("first", "second", "score")


@pytest.mark.parametrize("name, data, parts, columns", [
    ("a.tsv", "1\tgood film\n0\tbad film\n1\tfine\n1\tso\n", CLASSIFY, {"label": 1, "text": 2}),
    ("a.tsv", "good film\tpos\nbad film\tneg\nfine\tpos\nso\tneg\n", CLASSIFY, {"label": 2, "text": 1}),
    ("a.tsv", "gj04\t1\t\tGood.\nks08\t0\t*\tBad the.\n", CLASSIFY, {"label": 2, "text": 4}),
    ("a.tsv", "a b\tc\t4.5\nc d\te\t3\n", SCORE, {"first": 1, "second": 2, "score": 3}),
    ("a.tsv", "a b\tc\tyes\nc d\te\tno\nf\tg\tno\nh\ti\tno\n", PAIR, {"first": 1, "second": 2, "label": 3}),
    ("a.csv", "Review,Sentiment\na,b\n", CLASSIFY, {"text": "Review", "label": "Sentiment"}),
    ("a.jsonl", '{"gold_label": "x", "sentence1": "a", "sentence2": "b"}', PAIR,
     {"first": "sentence1", "second": "sentence2", "label": "gold_label"}),
])
def test_columns_are_recognised(file, name, data, parts, columns):
    path = file(name, data)
    assert recognise(path, parts) == columns
    assert len(read_examples(path, parts)) == len(data.splitlines()) - (name == "a.csv")


def test_where_they_are_not_the_user_is_asked(file, refused):
    for data, hint in (("a\tb\nc\td\n", "--columns text=a,label=b"), ("a\tb\tc\n1\t2\t3\n", "--columns text=a,label=b"),
                       ("a b\n", "2 columns are needed, and there are 1"), ("text,label\nx,y\n", "name the file .csv")):
        path = file("a.tsv", data)
        refused(recognise, path, CLASSIFY, words=[f"{path}:1: ", "text, label", hint])
    refused(recognise, file("a.jsonl", '{"x": 1}'), PAIR, words=["first, second, label", "'x'"])
    refused(recognise, file("a.jsonl", "{"), PAIR, words=[":1: ", "not JSON"])
    refused(recognise, file("a.tsv", ""), PAIR, words=["no examples"])
    assert recognise(file("b.tsv", "just a text\n"), CLASSIFY, labelled=False) == {"text": 1}

import json

import pytest

from tinyformer.data.readers import Answer, read_squad

DOCUMENT = "In 1912 the caf\u00e9 \U0001f600 of Zo\u00eb burned. Zo\u00eb wept."


RIGHT = [(DOCUMENT.index("Zo"), "Zo\u00eb")]


def question(id="q1", answers=RIGHT, **more):
    answers = [{"text": text, "answer_start": start} for start, text in answers]
    return {"id": id, "question": "Whose?", "answers": answers, **more}


def whole(*questions, **root):
    article = {"title": "Caf\u00e9s", "paragraphs": [{"context": DOCUMENT, "qas": list(questions)}]}
    return json.dumps({"version": "v2.0", "data": [article], **root}, indent=1)


def test_questions_with_their_answers_and_lines(file):
    path = file("a.json", whole(question(), question("q2", [], is_impossible=True, plausible_answers=[{"text": "x"}])))
    first, second = read_squad(path)
    assert (first.id, first.question, first.document, first.title) == ("q1", "Whose?", DOCUMENT, "Caf\u00e9s")
    assert first.answers == (Answer("Zo\u00eb", 22),) and not first.impossible
    assert second.impossible and second.answers == ()
    lines = path.read_text().split("\n")
    assert '"q1"' in lines[first.line - 1] and '"q2"' in lines[second.line - 1]
    assert read_squad(file("b.json", whole({"id": "q", "question": "?"})), labelled=False)[0].answers == ()


def test_places_in_other_units_are_put_right(file):
    place = DOCUMENT.index("Zo")
    utf16 = len(DOCUMENT[:place].encode("utf-16-le")) // 2
    utf8 = len(DOCUMENT[:place].encode())
    assert len({place, utf16, utf8}) == 3
    path = file("a.json", whole(*(question(f"q{start}", [(start, "Zo\u00eb")]) for start in (place, utf16, utf8))))
    found = read_squad(path, training=True)
    assert [q.answers[0].start for q in found] == [place] * 3
    assert [note.split(": ")[1] for note in found.notes] == [
        "1 answers had their place counted in UTF-16 units; put right to characters",
        "1 answers had their place counted in UTF-8 bytes; put right to characters"]


def test_answers_that_stand_elsewhere_are_counted_and_dropped_in_training_alone(file):
    wrong = [question(f"w{i}", [(start, text)]) for i, (start, text) in enumerate(
        [(0, "Zo\u00eb"), (-3, "ept."), (999, "In"), (3, "1913"), (4, "1912"), (10 ** 12, "In"), (25, "Zo\u00eb")])]
    path = file("a.json", whole(question(), *wrong, question("two", [(1, "In"), (3, "1912")])))
    found = read_squad(path)
    assert len(found) == 9 and sum(q.answers[0].start is None for q in found) == 8
    notes = "\n".join(found.notes)
    assert "8 answers do not stand" in notes and "kept for scoring" in notes and len(found.notes) == 6
    assert "'w0': answer 'Zo\u00eb' at 0, where 'In ' stands; it stands at 22" in notes
    assert f"at -3, outside the document of {len(DOCUMENT)} characters" in notes
    assert "'1913' at 3, where '1912' stands; it stands nowhere" in notes
    trained = read_squad(path, training=True)
    assert [q.id for q in trained] == ["q1", "two"] and trained[1].answers == (Answer("1912", 3),)
    assert trained.unlabelled == 0 and "7 questions with them" in trained.notes[0]


@pytest.mark.parametrize("bad, words", [
    (question(is_impossible=True), ["impossible and has 1 answers", "plausible_answers"]),
    (question(answers=[]), ["no answer and is not marked as impossible"]),
    (question(is_impossible="no"), ["is_impossible is 'no'"]),
    (question("first"), ["'first' was given in line", "unique"]),
    (question(7), ["no text at 'id' (7)"]),
    (question() | {"question": " "}, ["no text at 'question'"]),
    (question() | {"question": "a\ud800"}, ["half a character"]),
    (question() | {"answers": None}, ["no list of answers"]),
    (question() | {"answers": ["Zo\u00eb"]}, ["an answer is a JSON str"]),
    (question() | {"answers": [{"text": "", "answer_start": 3}]}, ["an answer of question 'q1' has no text"]),
    (question() | {"answers": [{"text": "In"}]}, ["answer_start is null"]),
    (question() | {"answers": [{"text": "In", "answer_start": "0"}]}, ['answer_start is "0"']),
    ("what?", ["a question is a JSON str"]),
])
def test_a_bad_question_is_named(file, refused, bad, words):
    path = file("a.json", whole(question("first"), bad, question("last")))
    refused(read_squad, path, words=[f"{path}:", *words, "--skip-bad-rows"])
    found = read_squad(path, skip_bad_rows=1)
    assert [q.id for q in found] == ["first", "last"] and len(found.bad) == 1


@pytest.mark.parametrize("root, words", [
    ("[]", ["root is a JSON list", '"data"']),
    ("3", ["root is a JSON int"]),
    ('{"rows": []}', ["'rows'", '"data"']),
    ('{"data": {}}', ["'data'"]),
    ('{"data": [3]}', ["data[0]", "'paragraphs'"]),
    ('{"data": [{"paragraphs": [{"context": "x"}]}]}', ["data[0].paragraphs[0]", "'qas'"]),
    ('{"data": [{"paragraphs": [{"qas": []}]}]}', ["data[0].paragraphs[0]", "context"]),
    ('{"data": []}', ["no examples"]),
    ("", ["no examples"]),
    (" \n", ["no examples"]),
    ('{"data": nope}', [":1: not JSON at column 10", "correct it there"]),
    ('{"data": []}\n{"data": []}', [":2: not JSON"]),
    ("[" * 100_000, ["JSON"]),
])
def test_what_is_not_squad_is_named(file, refused, root, words):
    path = file("a.json", root)
    refused(read_squad, path, words=[path, *words])


def test_a_file_cut_short_is_named_at_every_length(file, refused):
    data = whole(question())
    for length in range(1, len(data), 3):
        refused(read_squad, file("a.json", data[:length]), words=["a.json:", "not JSON"])
    refused(read_squad, file("a.json", data[:-3]), words=["cut short"])
    refused(read_squad, file("a.json", data[:data.index("burned")]), words=["cut short"])


def test_real_squad(published):
    for name, count, articles, answers in (("train_2000", 2000, 36, 6657), ("eval_1000", 1000, 12, 3154)):
        found = read_squad(published(f"squad/{name}.json"))
        assert len(found) == count and len({q.title for q in found}) == articles
        assert not found.report() and sum(len(q.answers) for q in found) == answers
        assert all(q.document[a.start:a.start + len(a.text)] == a.text for q in found for a in q.answers)

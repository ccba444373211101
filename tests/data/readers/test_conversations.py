"""Are instructions, conversations and choices read in the forms in which they are published, and all else refused?"""

import json

import pytest

from tinyformer.data.readers import read_conversations, read_preferences
from tinyformer.errors import InputError

ASKED, ANSWERED = {"role": "user", "content": "what ?"}, {"role": "assistant", "content": "so ."}
OTHER = {"role": "assistant", "content": "not so ."}


def written(tmp_path, *rows):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


@pytest.mark.parametrize("row", [
    {"prompt": "what ?", "completion": "so ."}, {"prompt": [ASKED], "completion": [ANSWERED]},
    {"messages": [ASKED, ANSWERED]}, {"instruction": "what ?", "output": "so .", "input": ""},
    {"instruction": "what ?", "output": "so .", "text": "more"}])
def test_one_question_in_every_form(tmp_path, row):
    one, = read_conversations(written(tmp_path, row))
    assert [tuple(each) for each in one.messages] == [("user", "what ?"), ("assistant", "so .")]
    assert (one.prompt, one.answer, one.line) == ("what ?", "so .", 1)


def test_longer_conversations_and_missing_answers(tmp_path):
    system = {"role": "system", "content": "be brief"}
    path = written(tmp_path, {"messages": [system, ASKED, ANSWERED, ASKED, OTHER]}, "",
                   {"instruction": "sum up", "input": "a text", "output": "x"})
    first, second = read_conversations(path)
    assert first.prompt == "system: be brief\nuser: what ?\nassistant: so .\nuser: what ?"
    assert first.answer == "not so ."
    assert second.prompt == "sum up\n\na text" and second.line == 3
    open_end, = read_conversations(written(tmp_path, {"prompt": "what ?"}), labelled=False)
    assert open_end.answer is None and open_end.asked == open_end.messages


@pytest.mark.parametrize("row, said", [
    ({"text": "x"}, "the keys are 'text'; a row has one of the forms"),
    ({"prompt": "x"}, "the last message is no answer"),
    ({"prompt": 3, "completion": "x"}, "'prompt' is a JSON int; it must be a text"),
    ({"prompt": "x", "completion": " "}, "'completion' is empty"), ({"messages": []}, "must be a list of messages"),
    ({"messages": [ASKED, {"role": "bot", "content": "x"}]}, "messages[1] has the role 'bot'"),
    ({"messages": [ASKED, {"role": "assistant"}]}, "messages[1]: the content is no text"),
    ({"messages": [ANSWERED, ASKED]}, "user and assistant speak in turn"),
    ({"instruction": "x"}, "the last message is no answer"), ("[1]", "a JSON list"), ("{", "not JSON")])
def test_other_rows_are_refused_with_file_line_and_the_forms(tmp_path, row, said):
    good = {"messages": [ASKED, ANSWERED]}
    path = written(tmp_path, good, row)
    with pytest.raises(InputError) as error:
        read_conversations(path)
    assert str(error.value).startswith(f"{path}:2: ") and said in str(error.value)
    assert len(read_conversations(path, skip_bad_rows=1)) == 1


@pytest.mark.parametrize("row", [
    {"prompt": "what ?", "chosen": "so .", "rejected": "not so ."},
    {"prompt": [ASKED], "chosen": [ANSWERED], "rejected": [OTHER]},
    {"prompt": "what ?", "chosen": [ASKED, ANSWERED], "rejected": [ASKED, OTHER]},
    {"chosen": [ASKED, ANSWERED], "rejected": [ASKED, OTHER]},
    {"chosen": "\n\nHuman: what ?\n\nAssistant: so .", "rejected": "\n\nHuman: what ?\n\nAssistant: not so ."}])
def test_one_choice_in_every_form(tmp_path, row):
    one, = read_preferences(written(tmp_path, row))
    assert ([tuple(each) for each in one.asked], one.chosen, one.rejected) == ([("user", "what ?")], "so .", "not so .")


def test_a_choice_at_the_end_of_a_conversation(tmp_path):
    before = "\n\nHuman: hi\n\nAssistant: hello\n\nHuman: two\n\nlines ?\n\nAssistant:"
    one, = read_preferences(written(tmp_path, {"chosen": f"{before} so .", "rejected": f"{before} not so ."}))
    assert [each.role for each in one.asked] == ["user", "assistant", "user"]
    assert one.asked[2].content == "two\n\nlines ?"


@pytest.mark.parametrize("row, said", [
    ({"chosen": "x"}, "no 'rejected' among the keys 'chosen'"),
    ({"chosen": "x", "rejected": "y"}, "has no question in it"),
    ({"prompt": "p", "chosen": "x", "rejected": "x"}, "both answers are the same"),
    ({"prompt": "p", "chosen": 1, "rejected": "x"}, "'chosen' is a JSON int"),
    ({"prompt": "p", "chosen": "", "rejected": "x"}, "'chosen' is empty"),
    ({"chosen": [ASKED, ANSWERED], "rejected": [{**ASKED, "content": "y"}, OTHER]}, "to different questions"),
    ({"chosen": [ASKED, ANSWERED, ASKED], "rejected": [ASKED, OTHER]}, "'chosen' does not end with an answer"),
    ({"chosen": "\n\nHuman: a\n\nAssistant: ", "rejected": "\n\nHuman: a\n\nAssistant: b"}, "a message that is empty")])
def test_what_is_no_choice_is_refused(tmp_path, row, said):
    path = written(tmp_path, row)
    with pytest.raises(InputError) as error:
        read_preferences(path)
    assert str(error.value).startswith(f"{path}:1: ") and said in str(error.value)

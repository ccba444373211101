"""Does the list of exercises say what stands in the learner's folder, and run nothing of it?"""

import os

import pytest

from tinyformer.errors import InputError
from tinyformer.exercises import EXERCISES
from tinyformer.exercises.kit.workbook import PROGRESS, Workbook
from tinyformer.page.served import Behind, by_label
from tinyformer.page.views.exercises import Nothing, listed


def found(folder) -> dict[str, dict]:
    told = listed(Behind(exercises=folder), Nothing())
    return {one["name"]: one for chapter in told["chapters"] for one in chapter["exercises"]}


def test_a_folder_that_is_not_there_has_nothing_solved(tmp_path):
    told = listed(Behind(exercises=tmp_path / "missing"), Nothing())
    assert (told["count"], told["solved"]) == (len(EXERCISES), 0)
    assert not (tmp_path / "missing").exists()


def test_what_the_judge_said_is_shown_and_nothing_is_run(tmp_path):
    book = Workbook(tmp_path)
    book.write(EXERCISES["tanh"])
    file = book.file("tanh")
    text = file.read_text(encoding="utf-8")
    assert found(tmp_path)["tanh"] == {
        "name": "tanh", "question": EXERCISES.question("tanh"), "solved": False, "begun": True, "hints": 0, "says": "",
        "changed": False}
    file.write_text(text.replace("...  # yours: return dx", "return dout * (1 - out)"), encoding="utf-8")
    says = book.judge(EXERCISES["tanh"]).says
    os.utime(file, (1, 1))
    one = found(tmp_path)["tanh"]
    assert one["says"] == by_label(says, tmp_path) and str(tmp_path) not in one["says"]
    assert not one["solved"] and not one["changed"]
    file.write_text("raise SystemExit(1)\n", encoding="utf-8")
    assert found(tmp_path)["tanh"]["changed"]


def test_damaged_progress_is_told(tmp_path):
    (tmp_path / PROGRESS).write_text("[1", encoding="utf-8")
    with pytest.raises(InputError, match="mend it") as error:
        listed(Behind(exercises=tmp_path), Nothing())
    assert str(tmp_path) not in str(error.value), "a path is nobody's business"

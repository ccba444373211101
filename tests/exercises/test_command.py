"""Does the command list, write, judge, help and show, and leave alone what a learner wrote?"""

import subprocess
import sys
import threading
import time

import pytest

from tinyformer import exercises
from tinyformer.cli import main
from tinyformer.exercises.kit.workbook import PROGRESS, Workbook

RIGHT = "return dout * (1 - out * out)"


@pytest.fixture
def tanh(tmp_path):
    """A learner's folder with the file of one exercise."""
    assert main(["exercise", "tanh", "--out", str(tmp_path)]) == 0
    return tmp_path / "tanh.py"


def fill(file, line: str) -> None:
    text = file.read_text(encoding="utf-8").replace("...  # yours: return dx", line)
    file.write_text(text, encoding="utf-8")


def said(capsys, *words) -> tuple[int, str]:
    capsys.readouterr()
    status = main(["exercise", *map(str, words)])
    done = capsys.readouterr()
    return status, done.out + done.err


def test_they_are_listed_with_what_is_solved(tanh, capsys):
    fill(tanh, RIGHT)
    status, text = said(capsys, "tanh", "--check", "--out", tanh.parent)
    assert status == 0 and text.startswith("tanh: Right.\nThe next: python -m tinyformer exercise ")
    status, text = said(capsys, "--out", tanh.parent)
    assert status == 0 and f"1 of {len(exercises.EXERCISES)} exercises are solved" in text
    assert "x tanh " in text and ". causal_mask " in text
    assert all(f"{chapter}:" in text for chapter in exercises.CHAPTERS)


def test_nothing_written_is_said_so(tanh, capsys):
    status, text = said(capsys, "tanh", "--check", "--out", tanh.parent)
    assert status == 1 and "nothing is written yet" in text
    assert "tanh" not in Workbook(tanh.parent).solved()


def test_a_file_that_stands_there_is_left_alone(tanh, capsys):
    fill(tanh, RIGHT)
    status, text = said(capsys, "tanh", "--out", tanh.parent)
    assert status == 2 and "left alone" in text and RIGHT in tanh.read_text(encoding="utf-8")
    status, text = said(capsys, "--all", "--out", tanh.parent)
    assert status == 0 and RIGHT in tanh.read_text(encoding="utf-8") and (tanh.parent / "causal_mask.py").exists()
    assert said(capsys, "tanh", "--overwrite", "--out", tanh.parent)[0] == 0
    assert RIGHT not in tanh.read_text(encoding="utf-8")


def test_three_hints_come_one_after_the_other(tanh, capsys):
    hints = [said(capsys, "tanh", "--hint", "--out", tanh.parent)[1] for _ in range(4)]
    assert [hint[:11] for hint in hints] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"]


def test_the_solution_stands_beside_what_was_written(tanh, capsys):
    fill(tanh, "return dout * 2")
    status, text = said(capsys, "tanh", "--solution", "--out", tanh.parent)
    assert status == 0 and text.index("return dout * 2") < text.index("Ours:") < text.index(RIGHT)
    assert "Yours:" not in said(capsys, "causal_mask", "--solution", "--out", tanh.parent)[1]


def test_all_that_was_begun_is_judged(tanh, capsys):
    main(["exercise", "causal_mask", "--out", str(tanh.parent)])
    fill(tanh, RIGHT)
    status, text = said(capsys, "--all", "--check", "--out", tanh.parent)
    assert status == 1 and "tanh: Right." in text and text.endswith("1 of 2 are right\n")


def test_an_error_in_the_file_has_its_line(tanh, capsys):
    fill(tanh, "return dout * nothing_like_that")
    line = next(n for n, text in enumerate(tanh.read_text(encoding="utf-8").splitlines(), 1) if "nothing_like" in text)
    status, text = said(capsys, "tanh", "--check", "--out", tanh.parent)
    assert status == 1 and f"tanh.py:{line}: return dout * nothing_like_that" in text and "NameError" in text
    tanh.write_text("def tanh(:\n", encoding="utf-8")
    status, text = said(capsys, "tanh", "--check", "--out", tanh.parent)
    assert status == 2 and "tanh.py:1: " in text


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x = 1\n\0\n"])
def test_a_file_that_is_no_text_is_refused(tanh, capsys, content):
    tanh.write_bytes(content)
    status, text = said(capsys, "tanh", "--check", "--out", tanh.parent)
    assert status == 2 and "tanh.py" in text and "fault of the program" not in text


@pytest.mark.parametrize("text, complaint", [
    ("def tanh(xp, x):\n    def backward(dout):\n        return dout\n    return x, backward\n", "leave @tf.primitive"),
    ("def tangent(x):\n    return x\n", "defines no tanh")])
def test_another_thing_than_the_exercise_is_refused(tanh, capsys, text, complaint):
    tanh.write_text(text, encoding="utf-8")
    status, found = said(capsys, "tanh", "--check", "--out", tanh.parent)
    assert status == 2 and complaint in found


@pytest.mark.parametrize("words, complaint", [
    (["tanh", "--hint", "--check"], "one at a time"), (["--all", "--hint"], "name it in the place of --all"),
    (["tahn"], "did you mean 'tanh'?"), (["--check"], "no exercise is named"), (["tanh", "--all"], "one of the two"),
    (["tanh", "--check", "--out", "nowhere"], "`python -m tinyformer exercise tanh` writes it")])
def test_wrong_use_is_told(capsys, words, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, text = said(capsys, *words)
    assert status == 2 and complaint in text and not list(tmp_path.iterdir())


def test_damaged_progress_is_told(tanh, capsys):
    (tanh.parent / PROGRESS).write_text("[1", encoding="utf-8")
    status, text = said(capsys, "--out", tanh.parent)
    assert status == 2 and PROGRESS in text and "mend it" in text


def test_watch_looks_again_whenever_the_file_is_saved(tanh, capsys):
    def save_twice():
        time.sleep(0.5)
        fill(tanh, "return dout * (1 - out)")
        time.sleep(0.6)
        tanh.write_text(tanh.read_text(encoding="utf-8").replace("(1 - out)", "(1 - out * out)"), encoding="utf-8")

    saving = threading.Thread(target=save_twice)
    saving.start()
    status, text = said(capsys, "tanh", "--watch", "--out", tanh.parent)
    saving.join()
    lines = text.splitlines()
    assert status == 0 and "nothing is written" in lines[0] and "1 - tanh²" in lines[1] and lines[2].endswith("Right.")


@pytest.mark.skipif(sys.platform == "win32", reason="there a child gets no Ctrl-C")
def test_ctrl_c_ends_watching_without_a_traceback(tanh):
    import signal
    child = subprocess.Popen([sys.executable, "-m", "tinyformer", "exercise", "tanh", "--watch", "--out",
                              str(tanh.parent)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "nothing is written" in child.stdout.readline()
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == 130 and child.stderr.read() == "tinyformer: interrupted\n"


def test_the_last_diagnosis_is_noted_and_what_is_solved_stays_so(tanh):
    book, exercise = Workbook(tanh.parent), exercises.EXERCISES["tanh"]
    fill(tanh, RIGHT)
    book.judge(exercise)
    assert book.progress()["tanh"]["says"] == "Right." and book.solved() == {"tanh"}
    tanh.write_text(tanh.read_text(encoding="utf-8").replace("out * out", "out"), encoding="utf-8")
    says = book.judge(exercise).says
    assert book.progress()["tanh"]["says"] == says != "Right." and book.solved() == {"tanh"}

"""Is a log read as it grows, whatever happens to it meanwhile?"""

import json
import os

import pytest

from tinyformer.errors import InputError
from tinyformer.train.growing_log import GrowingLog
from tinyformer.train.log import RunLog


def line(step, **more):
    return {"step": step, "loss": 1 / step, "learning_rate": 0.1, "grad_norm": 1.0, "seconds": step / 4,
            "tokens": 100 * step, **more}


@pytest.fixture
def written(tmp_path):
    """The log of a run, and somebody who looks on."""
    log = RunLog(tmp_path)
    yield log, GrowingLog(tmp_path)
    log.close()


def test_a_folder_without_a_run_shows_nothing(tmp_path):
    log = GrowingLog(tmp_path / "missing")
    assert not log.look() and not log.rows and not log.begun


def test_lines_come_as_the_run_writes_them(written):
    log, seen = written
    log.train(**line(1))
    assert seen.look() and seen.rows == [line(1)]
    assert not seen.look()
    log.train(**line(2))
    log.evaluation(2, {"lm loss": 0.5})
    assert seen.look() and [row["step"] for row in seen.rows] == [1, 2]
    assert seen.evaluations == [{"lm loss": 0.5, "step": 2}] and seen.begun == 1
    assert seen.speeds() == [(2, 400.0)]


def test_a_line_that_is_half_written_waits(tmp_path):
    seen, text = GrowingLog(tmp_path), json.dumps(line(1)) + "\n" + json.dumps(line(2)) + "\n"
    for end in range(len(text) + 1):
        (tmp_path / "log.jsonl").open("ab").write(text[end - 1:end].encode() if end else b"")
        seen.look()
        assert len(seen.rows) == text[:end].count("\n") and not seen.strange


def test_a_resumed_run_is_read_anew(written):
    log, seen = written
    for step in range(1, 5):
        log.train(**line(step))
    seen.look()
    log.close()
    again = RunLog(log.folder, until=2)                        # puts another file in its place
    again.train(**line(3, loss=9.0))
    again.close()
    assert seen.look() and [row["step"] for row in seen.rows] == [1, 2, 3] and seen.rows[-1]["loss"] == 9.0
    assert seen.begun == 2


def test_a_file_that_becomes_shorter_or_goes_is_read_anew(tmp_path):
    file, seen = tmp_path / "log.jsonl", GrowingLog(tmp_path)
    file.write_text("".join(json.dumps(line(n)) + "\n" for n in (1, 2, 3)), encoding="utf-8")
    seen.look()
    with file.open("r+") as opened:
        opened.truncate(len(json.dumps(line(1))) + 1)
    assert seen.look() and [row["step"] for row in seen.rows] == [1]
    os.remove(file)
    assert seen.look() and not seen.rows and seen.begun == 3
    assert not seen.look()


def test_what_is_no_line_of_a_log_is_counted(tmp_path):
    rows = [b"no", b"[1]", b'{"loss": 2}', b'{"step": "x"}', b"\xff", b'{"step": 1, "evaluation": 3}', b"[" * 100_000,
            b'{"step": 1, "loss": NaN, "seconds": "soon", "tokens": 5}']
    (tmp_path / "log.jsonl").write_bytes(b"\n".join(rows) + b"\n")
    seen = GrowingLog(tmp_path)
    assert seen.look() and seen.rows == [{"step": 1, "tokens": 5}] and seen.strange == len(rows) - 1


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(InputError, match="log.jsonl: cannot be read"):
        GrowingLog(tmp_path).look()

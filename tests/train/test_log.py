"""Do the logs say what happened, once and in order, also after a crash?"""

import csv
import json

import pytest

from tinyformer.train.log import COLUMNS, Progress, RunLog, read_lines, write_metrics


def row(step):
    return dict(step=step, loss=1 / step, learning_rate=1e-3, grad_norm=0.5, seconds=0.1 * step, tokens=32 * step)


def write(folder, until=0, steps=range(1, 5)):
    log = RunLog(folder, until)
    for step in steps:
        log.train(**row(step))
        if step % 2 == 0:
            log.evaluation(step, {"lm loss": 2.0 / step})
    log.close()
    return log


def test_both_files_hold_every_number(tmp_path):
    log = write(tmp_path)
    lines = read_lines(tmp_path / "log.jsonl")
    assert [line for line in lines if "evaluation" not in line] == log.rows == [row(step) for step in range(1, 5)]
    assert [line["evaluation"] for line in lines if "evaluation" in line] == [{"lm loss": 1.0}, {"lm loss": 0.5}]
    with (tmp_path / "log.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert tuple(table[0]) == COLUMNS
    assert [{name: float(value) for name, value in line.items()} for line in table] == log.rows


def test_going_on_drops_what_comes_after_the_checkpoint(tmp_path):
    whole = write(tmp_path / "whole" if (tmp_path / "whole").mkdir() is None else None, steps=range(1, 7))
    write(tmp_path)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 5, "lo')                          # the process died here
    log = write(tmp_path, until=2, steps=range(3, 7))
    assert (log.rows, log.evaluations) == (whole.rows, whole.evaluations)
    for name in ("log.jsonl", "log.csv"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    write(tmp_path)
    path = tmp_path / "log.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:10], *lines[2:]]))
    with pytest.raises(ValueError, match=r"log\.jsonl:2"):
        RunLog(tmp_path, until=3)


def test_metrics_hold_finite_numbers_only(tmp_path):
    write_metrics(tmp_path, {"loss": 1.5, "nested": {"ok": [1, 2]}, "name": "x"})
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"loss": 1.5, "nested": {"ok": [1, 2]}, "name": "x"}
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="nested: deep: 1 is"):
            write_metrics(tmp_path, {"nested": {"deep": [0.0, bad]}})
    assert json.loads((tmp_path / "metrics.json").read_text())["loss"] == 1.5, "the file of before is untouched"
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_without_a_terminal_there_are_ten_plain_lines(capsys):
    with Progress("training", 0, 95) as progress:
        for _ in range(95):
            progress.advance(2.5, 1e-3, 1234.5)
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert 9 <= len(lines) <= 11 and captured.out == ""
    assert lines[-1] == "training: step 95 of 95, loss 2.5000, lr 1.0e-03, 1,234 tokens/s, 0:00 left"
    with Progress("training", 0, 5, show=False) as progress:
        progress.advance(1.0)
        progress.say("nothing")
    assert capsys.readouterr().err == ""


def test_several_steps_count_as_many(monkeypatch, capsys):
    for terminal, shown in ((False, "step 45 of 45"), (True, "45/45")):
        monkeypatch.setattr("sys.stderr.isatty", lambda there=terminal: there, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        with Progress("questions", 0, 45) as progress:
            progress.advance(steps=32)
            progress.advance(2.5, steps=13)
        assert shown in capsys.readouterr().err


def test_on_a_terminal_there_is_a_bar(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with Progress("training", 2, 4) as progress:
        progress.advance(2.5, 1e-3, 1234.5)
        progress.say("a note")
        progress.advance(2.0, 1e-3, 1234.5)
    shown = capsys.readouterr().err
    assert "4/4" in shown and "loss 2.0000" in shown and "a note" in shown

"""Is a place refused before anything is written, and is the standard input read as UTF-8 or not at all?"""

import io
import os

import pytest

from tinyformer.errors import InputError
from tinyformer.places import (
    check_figures,
    check_file,
    check_folder,
    make_folder,
    read_lines,
    read_text,
    refuse_used,
    room_for,
    say,
)

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def test_a_check_leaves_nothing_behind(tmp_path):
    for check in (check_folder, check_figures, check_file):
        assert check(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert not list(tmp_path.iterdir())


def test_a_folder_is_made_with_those_above_it_and_nothing_in_it(tmp_path):
    assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert make_folder(tmp_path / "a") == tmp_path / "a"                # it may be there already
    assert not list((tmp_path / "a" / "b").iterdir())


@pytest.mark.parametrize("check, name, said", [
    (check_folder, "file", "is a file, and a folder is needed"), (make_folder, "file", "is a file, and a folder"),
    (check_folder, "file/below", "cannot be written .*file is a file"),
    (make_folder, "file/below", "cannot be written"), (check_file, "file/below", "cannot be written"),
    (check_file, "folder", "is a folder, and a file is to be written"),
    (check_figures, "model", "holds a model whose own figures stand there")])
def test_what_cannot_be_is_named(tmp_path, check, name, said):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    with pytest.raises(InputError, match=f"{said}.*--out"):
        check(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix" or AS_ROOT, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    for check in (check_folder, check_file, make_folder):
        with pytest.raises(InputError, match="cannot be written .*Permission denied"):
            check(tmp_path / "new")
    tmp_path.chmod(0o700)


def test_what_stands_in_a_folder_is_named(tmp_path):
    refuse_used(tmp_path, ["log.csv"], "a run")
    refuse_used(tmp_path / "none", ["log.csv"], "a run")
    for name in ("log.csv", "metrics.json"):
        (tmp_path / name).write_text("")
    said = r"holds a run already \(log.csv, metrics.json\); go on with it \(--resume\), choose another --out"
    with pytest.raises(InputError, match=said):
        refuse_used(tmp_path, ["metrics.tsv", "log.csv", "metrics.json"], "a run", "go on with it (--resume), ")


# ---- what comes in ---------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def piped(raw: bytes) -> io.TextIOWrapper:
    """A standard input in a locale that takes every byte for something."""
    return io.TextIOWrapper(io.BytesIO(raw), "ascii", "surrogateescape")


def test_text_and_lines_are_utf8_in_every_locale(monkeypatch):
    monkeypatch.setattr("sys.stdin", piped("Grüße\n\n an alle \r\n".encode()))
    assert list(read_lines("nothing")) == ["Grüße", " an alle "]
    monkeypatch.setattr("sys.stdin", piped("Grüße\nan alle\n".encode()))
    assert read_text() == "Grüße\nan alle"


@pytest.mark.parametrize("read", [read_text, lambda: list(read_lines("nothing"))], ids=["text", "lines"])
def test_a_byte_that_is_no_text_is_refused(monkeypatch, read):
    monkeypatch.setattr("sys.stdin", piped(b"The caf\xe9"))
    with pytest.raises(InputError, match="not UTF-8 .byte 0xe9: .*iconv"):
        read()


def test_a_line_is_there_as_soon_as_it_comes(monkeypatch):
    coming = io.StringIO("one\ntwo\n")
    monkeypatch.setattr("sys.stdin", coming)
    lines = read_lines("nothing")
    assert next(lines) == "one" and next(lines) == "two"


def test_nothing_comes_in(monkeypatch, capsys):
    for closed in (io.StringIO(" \n\n"), None):
        monkeypatch.setattr("sys.stdin", closed)
        with pytest.raises(InputError, match="give a text"):
            list(read_lines("give a text"))
    assert read_text() == ""
    monkeypatch.setattr("sys.stdin", Terminal("typed\n"))
    assert read_text() == "" and capsys.readouterr().err == ""
    with pytest.raises(InputError, match="give a text"):
        list(read_lines("give a text", typed=False))
    assert list(read_lines("give a text")) == ["typed"]
    assert capsys.readouterr().err == "one text a line; Ctrl-D ends\n"


def test_a_remark_leaves_the_output_alone(capsys):
    say("by the way")
    assert capsys.readouterr() == ("", "by the way\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a full device as Linux has it")
def test_where_there_is_no_room_the_file_the_bytes_and_the_remedy_are_said(tmp_path):
    with pytest.raises(InputError, match="x: cannot be written .No space left on device.; it takes 1,234 bytes: make"):
        with room_for("x", 1234), open("/dev/full", "wb", buffering=0) as file:
            file.write(b"x")
    with pytest.raises(FileNotFoundError), room_for("x", 1234):
        (tmp_path / "none").read_bytes()

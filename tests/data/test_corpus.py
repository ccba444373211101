import gzip
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyformer.data.corpus import read_documents, split_documents
from tinyformer.errors import InputError


def write(path, data):
    path.write_bytes(data)
    return path


def refused(source, *words, **options):
    with pytest.raises(InputError) as caught:
        read_documents(source, **options)
    message = str(caught.value)
    assert all(str(word) in message for word in words), message
    return message


def test_bom_and_line_ends_go_and_all_else_stays(tmp_path):
    file = write(tmp_path / "a.txt", b"\xef\xbb\xbfOne  line.\r\nTwo\tlines.\rThree \xc3\xa9\n")
    assert read_documents(file) == ["One  line.\nTwo\tlines.\nThree \u00e9\n"]
    assert read_documents(str(file)) == read_documents(file)


def test_a_folder_is_read_recursively_in_the_order_of_names(tmp_path):
    for name in ("b.txt", "a/z.md", "a/y.txt.gz", "c.text", "notes.csv", ".hidden.txt", "empty.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        data = b"" if name == "empty.txt" else f"text of {name}".encode()
        write(path, gzip.compress(data) if name.endswith("gz") else data)
    assert read_documents(tmp_path) == [f"text of {name}" for name in ("a/y.txt.gz", "a/z.md", "b.txt", "c.text")]


def test_blank_lines_separate_documents_only_when_asked(tmp_path):
    file = write(tmp_path / "a.txt", b"\n\none\nmore\n \t\n\n\ntwo\n\n")
    assert read_documents(file, documents="blank-lines") == ["one\nmore\n", "two\n"]
    assert len(read_documents(file)) == 1
    refused(file, "'paragraph'", "blank-lines", documents="paragraph")


@pytest.mark.parametrize("data, words", [
    (b"fine\nfine\nbad \xff here", ["line 3", "byte offset 14", "0xff", "iconv"]),
    (b"\xef\xbb\xbfok\nbad \xe9", ["line 2", "byte offset 10"]),
    (b"lone surrogate \xed\xa0\x80", ["line 1", "byte offset 15"]),
    (b"one\ntwo\0", ["line 2", "byte offset 7", "NUL"]),
    (b"", ["no text"]),
    (b" \n\t\r\n\n", ["no text"]),
    (b"\xef\xbb\xbf", ["no text"]),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", ["Git LFS pointer", "bytes"]),
    (b"PK\x03\x04rest", ["zip"]),
    (b"\n<!DOCTYPE html>\n<html>", ["HTML"]),
    (b"<html lang='en'>", ["HTML"]),
    ("text".encode("utf-16"), ["UTF-16"]),
    (b"%PDF-1.7", ["PDF"]),
    (b"\x1f\x8b\x08\x00broken", ["gzip"]),
    (gzip.compress(b"text" * 100, mtime=0)[:-9], ["gzip"]),
])
def test_what_is_no_text_is_named_with_its_place(tmp_path, data, words):
    file = write(tmp_path / "a.txt", data)
    refused(file, file, *words)
    refused(tmp_path, *words)


def test_gzip_is_read_through(tmp_path):
    assert read_documents(write(tmp_path / "a.txt.gz", gzip.compress(b"packed text", mtime=0))) == ["packed text"]


def test_paths_that_are_no_files_are_named(tmp_path):
    refused(tmp_path / "missing.txt", "missing.txt", "No such file", "check the path")
    write(tmp_path / "a.txt", b"text")
    refused(tmp_path / "a.txt" / "b.txt", "a.txt/b.txt", "Not a directory")
    (tmp_path / "folder").mkdir()
    write(tmp_path / "folder" / "table.csv", b"a,b")
    refused(tmp_path / "folder", "no text file among the 1 files", ".txt")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.txt")
        refused(tmp_path / "pipe.txt", "pipe.txt", "FIFO")
    if os.path.exists("/dev/null"):
        refused("/dev/null", "a device")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_named(tmp_path):
    file = write(tmp_path / "a.txt", b"text")
    file.chmod(0)
    refused(file, "a.txt", "Permission denied", "chmod")


@given(st.lists(st.text(min_size=1), min_size=1), st.floats(0, 0.99))
def test_the_last_part_of_the_characters_is_held_out(documents, validation):
    training, held_out = split_documents(documents, validation)
    text = "".join(documents)
    assert "".join(training) + "".join(held_out) == text
    assert len("".join(training)) == int(len(text) * (1 - validation))
    assert all(training) and all(held_out)


def test_the_split_is_that_of_nanogpt():
    training, held_out = split_documents(["x" * 1_115_394])
    assert (len(training[0]), len(held_out[0])) == (1_003_854, 111_540)
    with pytest.raises(InputError, match="validation is 1.5"):
        split_documents(["x"], 1.5)


def test_a_path_that_is_empty_is_not_the_folder_one_stands_in(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("Some text.")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="named ''"):
        read_documents("")

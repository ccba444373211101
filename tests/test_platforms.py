"""What is done on systems that this one is not?  Their names are put on, and what is asked of them is looked at."""

import os
import sys

import pytest

from tinyformer.train import durable

fcntl = pytest.importorskip("fcntl", reason="macOS's way to push a file to the disk")


@pytest.fixture
def asked(monkeypatch):
    """What the operating system is asked for, in order, on a system that calls itself macOS."""
    calls = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", lambda file, request: calls.append(request))
    monkeypatch.setattr(os, "fsync", lambda file: calls.append("fsync"))
    return calls


def test_on_macos_a_file_is_pushed_through_the_cache_of_the_drive(asked, tmp_path):
    (tmp_path / "weights").write_bytes(b"1")
    durable.sync_file(tmp_path / "weights")
    assert asked == [51]


def test_where_the_file_system_has_no_such_call_fsync_must_do(asked, monkeypatch, tmp_path):
    def refuse(file, request):
        raise OSError("not supported")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    (tmp_path / "weights").write_bytes(b"1")
    durable.sync_file(tmp_path / "weights")
    assert asked == ["fsync"]


def test_on_windows_no_folder_is_pushed(asked, monkeypatch, tmp_path):
    monkeypatch.setattr(durable.os, "name", "nt")
    durable.sync_folder(tmp_path)
    assert asked == []

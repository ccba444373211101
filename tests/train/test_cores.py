"""Are the cores counted that are ours, and is a hold one that ends and that others respect?"""

import os
import subprocess
import sys

import pytest

from tinyformer.train import cores

linux = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not say which cores are ours")


@linux
def test_two_threads_of_one_core_are_one_core(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda who: {0, 1, 2, 3})
    monkeypatch.setattr(cores, "CPUS", tmp_path)
    for cpu, threads in enumerate(["0,2", "1,3", "0,2", "1,3"]):
        (tmp_path / f"cpu{cpu}" / "topology").mkdir(parents=True)
        (tmp_path / f"cpu{cpu}" / "topology" / "thread_siblings_list").write_text(threads + "\n")
    assert cores.own_cores() == [0, 1]
    monkeypatch.setattr(cores, "CPUS", tmp_path / "nowhere")
    assert cores.own_cores() == [0, 1, 2, 3]


@linux
@pytest.mark.parametrize("text, count", [("200000 100000", 2), ("max 100000", 4), ("50000 100000", 1), ("", 4)])
def test_a_container_gives_a_share_of_the_time(tmp_path, monkeypatch, text, count):
    monkeypatch.setattr(cores, "own_cores", lambda: [0, 1, 2, 3])
    monkeypatch.setattr(cores, "QUOTA", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(text)
    assert cores.cores() == count


@linux
def test_a_hold_ends_with_its_block():
    before = os.sched_getaffinity(0)
    with cores.held_to(min(before)):
        assert os.sched_getaffinity(0) == {min(before)}
    with cores.held_to(None):
        assert os.sched_getaffinity(0) == before
    with cores.held_to(4000):                                  # no such core: nothing is held, and nothing breaks
        assert os.sched_getaffinity(0) == before
    assert os.sched_getaffinity(0) == before


@linux
def test_cores_that_others_hold_are_left_to_them(monkeypatch):
    mine = sorted(os.sched_getaffinity(0))[0]
    source = f"import os, sys; os.sched_setaffinity(0, {{{mine}}}); print('held', flush=True); sys.stdin.read()"
    other = subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        other.stdout.readline()
        monkeypatch.setattr(cores, "own_cores", lambda: [mine, 5000, 5001])
        assert cores.free_cores(2) == [5000, 5001]
        assert cores.free_cores(3) == [], "not enough are free: none is held"
        assert cores.free_cores(1) == [], "one process alone needs no hold"
    finally:
        other.communicate("")

"""Do the benchmarks take turns, throw away what others disturbed, and know how to be asked?  No time is judged here."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="Windows does not say how much memory a process has had")
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import overhead, side_by_side  # noqa: E402


def test_disturbed_rounds_are_thrown_away_where_two_quiet_ones_are_left():
    def lines(*others):
        return [{"others": share, "ms": 10 * share} for share in others]

    assert side_by_side.middle(lines(0.0, 0.04, 0.9), "ms") == pytest.approx(0.2)
    assert side_by_side.middle(lines(0.0, 0.4, 0.9), "ms") == 4           # one alone is no median
    assert side_by_side.cell(lines(0.0, 0.05, 0.9), "ms") == "0.2 (0.0 to 0.5)"
    assert side_by_side.calm({"a": lines(0.0, 0.9), "b": lines(0.05)}) == "2 of 3"


def test_children_answer_in_turns_and_say_what_they_used():
    children = {name: side_by_side.start("overhead", name) for name in ("tinyformer", "micrograd's loop")}
    found = side_by_side.in_turns(children, 20, 2)
    assert [len(lines) for lines in found.values()] == [2, 2]
    for line in (line for lines in found.values() for line in lines):
        assert line["add"] > 0 and line["multiply"] > 0 and 0 <= line["used"] < 60 and line["peak"] > 1
    assert all(child.returncode == 0 for child in children.values())


def test_the_loop_on_numbers_counts_every_way():
    x = overhead.Value(3.0)
    ((x + 1.0) * 5.0).run_backwards()
    assert x.grad == 5


def test_a_child_that_ends_is_named():
    child = side_by_side.start("overhead", "nobody's engine")
    child.kill()
    child.wait()
    with pytest.raises((SystemExit, BrokenPipeError)):
        side_by_side.ask(child, 1)


@pytest.mark.parametrize("name", ["steps", "decoding", "memory", "overhead", "ops", "workers"])
def test_each_says_how_it_is_called(name):
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", "--help"], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    assert "--json" in done.stdout and "--serve" not in done.stdout

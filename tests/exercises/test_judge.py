"""Does the judge tell a fault of the learner's as one, in the learner's own line, and show the smallest difference?"""

import sys

import numpy as np
import pytest

from tinyformer import exercises
from tinyformer.engine import Call
from tinyformer.errors import InputError
from tinyformer.exercises.kit import patience
from tinyformer.exercises.kit.telling import call_text, difference, same
from tinyformer.exercises.kit.workbook import Workbook

HEAD = "import numpy as np\n\n\ndef causal_mask(queries, keys):\n"


def verdict(tmp_path, body: str, name: str = "causal_mask", head: str = HEAD):
    book = Workbook(tmp_path)
    book.file(name).write_text(head + body, encoding="utf-8")
    return book.judge(exercises.EXERCISES[name])


@pytest.mark.parametrize("body, words", [
    ("    return None\n", ["causal_mask(3, 3)", "yours gives None; right is [[True, False, False]"]),
    ("    return np.tril(np.ones((keys, queries), bool))\n", ["causal_mask(2, 5)", "shape (5, 2); right is (2, 5)"]),
    ("    return (np.arange(keys) <= np.arange(queries)[:, None] + keys - queries) * 1\n", ["int64", "bool"]),
    ("    return [[True], [True, False]]\n", ["rows of unequal length", "(3, 3)"]),
    ("    return queries[0]\n", ["it stops with", "not subscriptable", "causal_mask.py:5: return queries[0]"]),
    ("    return causal_mask(queries, keys)\n", ["RecursionError", "causal_mask.py:"]),
    ("    raise SystemExit('enough')\n", ["It stops with SystemExit: enough", "causal_mask.py:5"])])
def test_a_fault_is_told_with_the_call_or_the_line(tmp_path, body, words):
    told = verdict(tmp_path, body)
    assert not told.right and all(word in told.says for word in words), told.says


@pytest.mark.skipif(sys.gettrace() is not None, reason="nothing is watched while a debugger or a measurement looks on")
@pytest.mark.parametrize("body, line", [
    ("    while True:\n        queries += 1\n", "causal_mask.py:"),
    ("    while True: pass\n", "causal_mask.py:5: while True: pass"),
    ("    while True:\n        try:\n            queries += 1\n        except Exception:\n            pass\n", ".py:"),
    ("    return sum(1 for _ in iter(int, 1))\n", "causal_mask.py:5: return sum")])
def test_a_loop_without_end_is_ended_at_its_line(tmp_path, monkeypatch, body, line):
    monkeypatch.setattr(patience, "SECONDS", 0.2)
    told = verdict(tmp_path, body)
    assert not told.right and "does its loop come to an end?" in told.says and line in told.says
    assert sys.gettrace() is None


@pytest.mark.skipif(sys.gettrace() is not None, reason="nothing is watched while a debugger or a measurement looks on")
def test_a_file_that_never_ends_is_ended_too(tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.2)
    told = verdict(tmp_path, "while True:\n    pass\n", head="")
    assert not told.right and "TooLong" in told.says and "causal_mask.py:" in told.says


def test_a_walk_along_every_way_is_said_so(tmp_path):
    body = ("    def visit(node, grad):\n        node.grad += grad\n"
            "        for parent, slope in zip(node.parents, node.slopes):\n            visit(parent, grad * slope)\n\n"
            "    visit(last, 1.0)\n")
    told = verdict(tmp_path, body, "walk", "def walk(last):\n")
    assert "every way through the graph is walked" in told.says and "4096 times" in told.says


def test_what_differs_is_told_as_short_as_it_can_be():
    assert difference({"a": 1, "b": 2}, {"a": 1, "b": 3}) == "b: yours 2, right 3."
    assert difference(np.ones(30), np.ones(30) + (np.arange(30) == 7)) == "at [7] yours has 1; right is 2."
    assert difference((1, np.ones(2)), (1, np.zeros(2))) == (
        "in the second of the 2 results yours gives [1, 1]; right is [0, 0].")
    assert difference(1.0, 1 + 1e-9) == "yours gives 1; right is 1.0000000010000001."
    assert difference({i: 0 for i in range(5)}, {i: 1 for i in range(5)}).endswith("2: yours 0, right 1; and 2 more.")
    assert call_text("f", Call(np.arange(3), [1], k="x")) == "f([0, 1, 2], [1], k='x')"
    assert call_text("f", Call(np.arange(3000), list(range(3000)))) == ""


def test_what_agrees_is_the_same():
    assert same([1.0, {"a": np.ones(2)}], (1.0 + 1e-12, {"a": [1.0, 1.0]})) and same(np.nan, np.array(np.nan))
    assert not same(np.ones(2), np.ones(3)) and not same([1], ["1"]) and not same(np.ones(2), [[1], [1, 2]])
    assert same(np.float32([1.0]), np.float32([1 + 2e-7])) and not same(np.float32([1.0]), np.float32([1 + 1e-5]))
    assert not same(True, 1) and not same(np.array([True]), np.array([1]))


def test_a_name_that_is_no_function_is_said_so(tmp_path):
    with pytest.raises(InputError, match=r"causal_mask is 5; it must be a function, def causal_mask"):
        verdict(tmp_path, "causal_mask = 5\n", head="")


def test_numbers_that_are_none_are_not_taken_for_arrays_that_were_written_into(tmp_path):
    """A second moment of the wrong sign makes NaN, which no step has written."""
    head = "import numpy as np\n\ndef adamw(p, g, first, second, t, rate, decay, beta1=0.9, beta2=0.999, eps=1e-8):\n"
    body = ("    first, second = beta1 * first + (1 - beta1) * g, beta2 * second - (1 - beta2) * g * g\n"
            "    return p - rate * (first / np.sqrt(second) + decay * p), first, second\n")
    told = verdict(tmp_path, body, "adamw", head)
    assert not told.right and "p after step 1: yours nan, right" in told.says.replace("[nan]", "nan").replace("[", "")
    assert "written into" not in told.says

"""Will the command for the day there is a GPU work on that day?  Every part of it runs here, on the fake device."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import fake_kernels
import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
pytestmark = pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")


OTHERS = "matplotlib", "mpi4py", "regex", "tornado", "tqdm"     # what a newcomer has, and that machine perhaps not


def test_every_part_runs_and_leaves_its_table(tmp_path):
    for name in OTHERS:
        (tmp_path / f"{name}.py").write_text("raise ImportError('not on this machine')")
    done = subprocess.run(["bash", "benchmarks/gpu.sh", "--device", "fake", "--small", "--seconds", "9999", "--json",
                           tmp_path / "gpu.json"], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("every number that was judged is right\n")
    found = json.loads((tmp_path / "gpu.json").read_text())
    from benchmarks.gpu import PARTS
    assert list(found) == ["facts", *PARTS] and all(found.values())
    assert found["facts"]["card"].startswith("A fake device")
    assert [row["forwards"] for row in found["launches"]] == ["17", "17"]
    assert {row["precision"] for row in found["steps"]} == {"float32", "tf32", "float16"}
    assert all(int(row["skipped"]) > 500 and row["to its end"] == "yes" for row in found["gradients"])


def test_it_stops_at_the_first_wrong_number(monkeypatch, capsys):
    from benchmarks import gpu, gpu_numbers
    monkeypatch.setattr(sys, "argv", ["gpu", "--device", "fake", "--small", "--from", "twenty steps"])
    weights = gpu_numbers.weights_of
    monkeypatch.setattr(gpu_numbers, "weights_of", lambda model: weights(model) * np.linspace(
        1, 1 + 1e-7 * (model.parameters()[0].device == "fake"), model.count()))
    assert gpu.main() == 1
    said = capsys.readouterr().out
    assert re.search(r"WRONG: 20 steps of BERT in float64, weights: \d\.\de-08 apart, and 1e-10 is the most\n$", said)


def broken(device, small):
    raise MemoryError("no room")


def fine(device, small):
    return ["a", "b"], [[1, 2]]


@pytest.mark.parametrize("name, left", [("steps", True), ("checkpoints", False)])
def test_what_breaks_ends_the_judging_and_not_the_measuring(monkeypatch, capsys, tmp_path, name, left):
    from benchmarks import gpu
    monkeypatch.setattr(sys, "argv", ["gpu", "--device", "fake", "--json", str(tmp_path / "found.json")])
    for part in gpu.PARTS:
        monkeypatch.setitem(gpu.PARTS, part, broken if part == name else fine)
    assert gpu.main() == 1
    said, found = capsys.readouterr().out, json.loads((tmp_path / "found.json").read_text())
    assert said.endswith(f"\n{name} broke: MemoryError: no room\n")
    assert ("one rank" in found) == left and name not in found and "twenty steps" in found
    assert said.count("| 1 | 2 |") == 2 * (len(found) - 1)      # as they come, and again at the end


def test_what_there_is_no_time_for_is_left_out_and_said(monkeypatch, capsys):
    from benchmarks import gpu
    monkeypatch.setattr(sys, "argv", ["gpu", "--device", "fake", "--seconds", "-1", "--from", "precisions"])
    for part in gpu.PARTS:
        monkeypatch.setitem(gpu.PARTS, part, fine)
    assert gpu.main() == 1
    said = capsys.readouterr().out
    assert "== precisions" in said and said.count(" was left out") == len(gpu.MEASURING) and "== steps" not in said


def test_a_test_that_fails_on_the_device_is_the_first_wrong_number(monkeypatch, tmp_path):
    from benchmarks import gpu_numbers
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text(
        "import pytest\n\n@pytest.mark.{}\ndef test_sum():\n    assert 1 + 1 == 3\n".format("gpu"))
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\nmarkers =\n    gpu: a device\n")
    monkeypatch.setattr(gpu_numbers, "ROOT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)                        # what these tests were called with
    with pytest.raises(gpu_numbers.Wrong, match="^the gradient suite: FAILED tests/test_one.py::test_sum - assert "):
        gpu_numbers.gradients("cuda", True)
    monkeypatch.setattr(gpu_numbers, "SUITE", -1)
    with pytest.raises(gpu_numbers.Unfinished, match="nothing failed until then"):
        gpu_numbers.gradients("cuda", True)

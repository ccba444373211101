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


def test_every_part_runs_and_leaves_its_table(tmp_path):
    done = subprocess.run(["bash", "benchmarks/gpu.sh", "--device", "fake", "--small", "--json", tmp_path / "gpu.json"],
                          cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHON": sys.executable})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("every number that was judged is right\n")
    found = json.loads((tmp_path / "gpu.json").read_text())
    from benchmarks.gpu import PARTS
    assert list(found) == ["facts", *PARTS] and all(found.values())
    assert found["facts"]["card"].startswith("A fake device")
    assert [row["forwards"] for row in found["launches"]] == [19, 19]
    assert {row["precision"] for row in found["steps"]} == {"float32", "tf32", "float16"}


def test_it_stops_at_the_first_wrong_number(monkeypatch, capsys):
    from benchmarks import gpu, gpu_numbers
    monkeypatch.setattr(sys, "argv", ["gpu", "--device", "fake", "--small"])
    weights = gpu_numbers.weights_of
    monkeypatch.setattr(gpu_numbers, "weights_of", lambda model: weights(model) * np.linspace(
        1, 1 + 1e-7 * (model.parameters()[0].device == "fake"), model.count()))
    assert gpu.main() == 1
    said = capsys.readouterr().out
    assert re.search(r"WRONG: 20 steps of BERT in float64, weights: \d\.\de-08 apart, and 1e-10 is the most\n$", said)

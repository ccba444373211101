"""Are the steps that several share those of one process, whatever is divided among however many?"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shared_runs
import small

from tinyformer.train import Settings, train

pytestmark = pytest.mark.slow

SCRIPT = Path(shared_runs.__file__)


def shared(folder: Path, workers: int, cases=tuple(shared_runs.CASES)) -> dict[str, dict[str, np.ndarray]]:
    """The outcome of the cases, in a process of its own."""
    subprocess.run([sys.executable, SCRIPT, folder, "--workers", str(workers), "--cases", *cases], check=True,
                   timeout=600)
    return {name: dict(np.load(folder / f"{name}.npz")) for name in cases}


@pytest.fixture(scope="module")
def alone():
    return {name: case(1) for name, case in shared_runs.CASES.items()}


@pytest.fixture(scope="module", params=[2, 3])
def several(request, tmp_path_factory):
    return shared(tmp_path_factory.mktemp("several"), request.param)


@pytest.mark.parametrize("case", shared_runs.CASES)
def test_the_steps_are_those_of_one_process(case, alone, several):
    tolerance = 1e-6 if case == "single" else 1e-10
    for name, array in alone[case].items():
        found = several[case][name]
        assert found.shape == array.shape and array.dtype in (found.dtype, np.float32)
        assert np.abs(found - array).max() <= tolerance * max(1.0, np.abs(array).max()), name


def test_the_same_number_gives_the_same_bits(several, tmp_path, request):
    again = shared(tmp_path, request.node.callspec.params["several"], ("noisy", "single", "gated"))
    for case, arrays in again.items():
        for name, array in arrays.items():
            assert np.array_equal(several[case][name], array), (case, name)


def run(out, workers, steps=12, **options):
    model = small.bert(spread=False, dropout=0.1)
    settings = Settings(steps=12, learning_rate=0.01, log_every=1, save_every=4, workers=workers)
    batches = shared_runs.Batches()
    if steps < 12:
        batches = {step: batches.batch(step) for step in range(steps)}.__getitem__     # and then the power goes off
    return model, train(model, batches, settings, out=out, progress=False, **options)


def test_a_run_goes_on_with_as_many_as_before_or_says_so(tmp_path):
    whole, _ = run(tmp_path / "whole", 2)
    for name, workers in (("same", "auto"), ("other", 1)):
        with pytest.raises(KeyError):
            run(tmp_path / name, 2, steps=10)
        model, history = run(tmp_path / name, workers, resume=True)
        state = json.loads((tmp_path / name / "checkpoint-00000012" / "trainer_state.json").read_text())
        notes = " ".join(history.notes)
        if workers == "auto":
            assert "workers: 2, as before" in notes and "not bit for bit" not in notes and state["workers"] == 2
            assert all(np.array_equal(array, whole.state()[key]) for key, array in model.state().items())
        else:
            assert "not bit for bit the run that was saved; workers: 2 then, 1 now" in notes and state["workers"] == 1
            assert all(np.allclose(array, whole.state()[key], rtol=0, atol=1e-10)
                       for key, array in model.state().items())

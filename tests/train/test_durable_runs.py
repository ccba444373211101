"""Does a run survive what may happen to its folder: a kill at any moment, a full disk, a folder that goes away?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinyformer.train import durable

if os.name != "posix":
    pytest.skip("kills and limits as in POSIX", allow_module_level=True)

import faulty_runs  # noqa: E402

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
               "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), *sys.path])}


def faulty(*words) -> list[str]:
    """What faulty_runs.py says, in lines."""
    done = subprocess.run([sys.executable, faulty_runs.__file__, *map(str, words)], capture_output=True, text=True,
                          env=ENVIRONMENT, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def left(folder: Path) -> dict[str, bytes]:
    """Every file of a run by its name; of figures those that count no seconds."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
             and path.name not in ("log.csv", "MANIFEST.json")}
    for name in [name for name in found if name.endswith(("metrics.json", "trainer_state.json"))]:
        found[name] = {**json.loads(found[name]), "seconds": 0}
    if "log.jsonl" in found:
        found["log.jsonl"] = [{**json.loads(line), "seconds": 0} for line in found["log.jsonl"].splitlines()]
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, bytes]:
    """What a run leaves that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    faulty_runs.one(folder)
    return left(folder)


def test_killed_at_any_change_of_a_folder_a_run_is_finished_when_it_is_resumed(whole, tmp_path):
    """Also between the last checkpoint and the trained model, where it would otherwise count as complete."""
    said = faulty("kill", tmp_path)
    killed = int(said[-1].split()[0])
    assert said[-1] == f"{killed} killed, then 0" and killed > 30
    for point in range(1, killed + 1):
        folder = tmp_path / str(point)
        faulty_runs.one(folder, resume="auto" if folder.exists() else False)
        assert left(folder) == whole, f"killed at change {point} of {killed}"
        assert not durable.faults(folder)
    untouched = tmp_path / str(killed + 1)
    assert left(untouched) == whole, "the run that came through"


@pytest.mark.parametrize("when", ["room", "last"])
def test_without_room_a_run_says_so_and_is_finished_when_there_is_some(whole, tmp_path, when):
    sizes = (0, 100, 500, 1000, 2000, 8000) if when == "room" else (0, 100, 1000, 2000)
    said = faulty(when, tmp_path, *sizes)
    assert [line for line in said if "exit" in line] == [f"{size}: exit 2" for size in sizes]
    for size in sizes:
        folder = tmp_path / str(size)
        names = {path.name for path in folder.iterdir()}
        assert not any(name.startswith(durable.TEMPORARY) for name in names), "nothing half written stays"
        assert ("checkpoint-00000004" in names) == (when == "last")
        faulty_runs.one(folder, resume="auto")
        assert left(folder) == whole, f"{when} for {size} bytes"

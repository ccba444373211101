"""Do ranks of MPI take the same steps as workers in shared memory, and does a run end cleanly when one of them dies?"""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import fake_kernels
import numpy as np
import pytest
import shared_runs

from tinyformer.train.checkpoints import newest

MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
mpi = pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None or MPIEXEC is None,
                         reason="mpi4py and an MPI are not installed: the extra mpi brings both")
SCRIPT = Path(shared_runs.__file__)
SOON = 10                                     # seconds


def words(folder: Path, out: str, *more) -> list[str]:
    """A small run of the command."""
    (folder / "text.txt").write_text("to be or not to be, that is the question. " * 200)
    given = ["pretrain", "gpt", "--corpus", folder / "text.txt", "--tokenizer", "characters", "--layers", "1",
             "--width", "16", "--max-length", "16", "--batch-size", "6", "--save-every", "5", "--out", folder / out,
             *more]
    return [sys.executable, "-m", "tinyformer", *map(str, given)]


def ranks(count: int, command: list, *more) -> list[str]:
    return [MPIEXEC, *map(str, more), "-n", str(count), *map(str, command)]


@pytest.fixture(scope="module")
def alone():
    return {name: case(1) for name, case in shared_runs.CASES.items()}


@mpi
@pytest.mark.parametrize("count", [2, 3])
def test_the_steps_are_those_of_one_process_and_the_bits_those_of_workers(tmp_path, count, alone):
    folders = [tmp_path / "ranks", tmp_path / "workers"]
    for folder, command in zip(folders, [ranks(count, [sys.executable, SCRIPT, folders[0]]),
                                         [sys.executable, SCRIPT, folders[1], "--workers", count]], strict=True):
        folder.mkdir()
        subprocess.run([*map(str, command)], check=True, timeout=600)
    for name, arrays in alone.items():
        found, others = (dict(np.load(folder / f"{name}.npz")) for folder in folders)
        tolerance = 1e-6 if name == "single" else 1e-10
        for key, array in arrays.items():
            assert np.abs(found[key] - array).max() <= tolerance * max(1.0, np.abs(array).max()), (name, key)
            assert np.array_equal(found[key], others[key]), (name, key)


@mpi
@pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")
def test_ranks_that_have_a_gpu_each_take_the_steps_of_one_process(tmp_path):
    given = map(str, [sys.executable, SCRIPT, tmp_path, "--device", "fake", "--cases", "few_rows"])
    subprocess.run(ranks(3, list(given)), check=True, timeout=600)
    found = dict(np.load(tmp_path / "few_rows.npz"))
    for key, array in shared_runs.few_rows(1).items():
        assert np.abs(found[key] - array).max() <= 1e-10 * max(1.0, np.abs(array).max()), key


@mpi
@pytest.mark.parametrize("count", [2, 4])
def test_one_log_and_one_checkpoint_the_bytes_of_as_many_workers(tmp_path, count):
    hosts = tmp_path / "hosts"
    hosts.write_text(f"localhost:{count}\n")
    command = ranks(count, words(tmp_path, "ranks", "--steps", 12, "--dropout", 0.1), "-f", hosts)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert f"workers: {count}, the ranks of MPI" in done.stderr
    assert done.stdout.count("val loss") == 1, "one of them speaks"
    subprocess.run(words(tmp_path, "workers", "--steps", 12, "--dropout", 0.1, "--workers", count), check=True,
                   capture_output=True, timeout=300)
    for name in ("model.safetensors", "checkpoint-00000012/optimizer.safetensors", "checkpoint-00000012/config.json"):
        assert (tmp_path / "ranks" / name).read_bytes() == (tmp_path / "workers" / name).read_bytes(), name
    lines = [[json.loads(line) for line in (tmp_path / out / "log.jsonl").read_text().splitlines()]
             for out in ("ranks", "workers")]
    assert [line.pop("seconds", 0) and line for line in lines[0]] == [line.pop("seconds", 0) and line
                                                                      for line in lines[1]]


class Running:
    """A run of the command under mpiexec that has written a checkpoint; `found` are its ranks, by number."""

    def __init__(self, folder: Path, count: int = 3):
        self.out = folder / "run"
        self.process = subprocess.Popen(ranks(count, words(folder, "run", "--steps", 1000000)), text=True,
                                        start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not (newest(self.out)[0] and int(newest(self.out)[0].name[-8:]) >= 20):
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.05)
        self.found = {}
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                entries = path.read_bytes().split(b"\0")
            except OSError:
                continue
            command = (path.parent / "cmdline").read_bytes()
            if str(self.out).encode() in command and b"-m\0tinyformer" in command:
                rank = [entry for entry in entries if entry.startswith(b"PMI_RANK=")]
                if rank:
                    self.found[int(rank[0].partition(b"=")[2])] = int(path.parent.name)

    def ended(self) -> tuple[int, str]:
        """Its exit status and errors; all ranks must be gone soon, and the newest checkpoint whole."""
        began = time.monotonic()
        out, errors = self.process.communicate(timeout=60)
        assert time.monotonic() - began < SOON
        while time.monotonic() - began < SOON and any(map(alive, self.found.values())):
            time.sleep(0.05)
        assert not any(map(alive, self.found.values())), "a rank is left"
        path, skipped = newest(self.out)
        assert path and not skipped
        return self.process.returncode, out + errors


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@mpi
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="ranks are found in /proc")
@pytest.mark.parametrize("rank", [0, 2])
def test_a_rank_that_is_killed_ends_the_run(tmp_path, rank):
    run = Running(tmp_path)
    assert sorted(run.found) == [0, 1, 2]
    os.kill(run.found[rank], signal.SIGKILL)
    status, said = run.ended()
    assert status not in (0, None) and "Killed (signal 9)" in said


@mpi
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="ranks are found in /proc")
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_ends_its_step_and_saves(tmp_path, signal_number):
    run = Running(tmp_path)
    run.process.send_signal(signal_number)
    status, said = run.ended()
    assert status not in (0, None) and "Traceback" not in said
    assert re.search(r"stopped after step [\d,]+; go on from .*checkpoint-\d+ with resume", said)


FAILING = """
import numpy as np, small
from tinyformer.train import Settings, train
from tinyformer.train.machines import machines

class Batches:
    def batch(self, step):
        return small.text_batch(4, seed=step)

class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

def loss(model, batch, counts, rng):
    if (batch.targets[0] == -100).any():
        return model.loss(batch, counts, rng)                  # the first shard, which is that of rank 0
    raise Odd("no such row", "no other")

with machines():
    try:
        train(small.gpt(), Batches(), Settings(steps=2, workers="auto"), loss=loss, progress=False)
    except Exception as error:
        print("caught", error)
    history = train(small.gpt(), Batches(), Settings(steps=2, log_every=1, workers="auto"), progress=False)
    print(history.notes, len(history.rows))
"""


@mpi
def test_an_error_of_a_rank_is_one_of_the_first_and_the_ranks_can_go_on(tmp_path, monkeypatch):
    """A script of one's own, whose error cannot even be pickled."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SCRIPT.parent), *sys.path]))
    (tmp_path / "script.py").write_text(FAILING)
    done = subprocess.run(ranks(2, [sys.executable, tmp_path / "script.py"]), capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    assert "caught Odd: no such row and no other" in done.stdout
    assert "workers: 2, the ranks of MPI'] 2" in done.stdout


@mpi
def test_another_number_of_workers_than_of_ranks_is_refused(tmp_path):
    done = subprocess.run(ranks(2, words(tmp_path, "run", "--steps", 2, "--workers", 3)), capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.count("3 workers are asked for, and mpiexec has started 2 ranks") == 1


@mpi
def test_info_says_what_connects_the_ranks():
    command = [sys.executable, "-m", "tinyformer", "info"]
    for count, line in ((1, command), (2, ranks(2, command))):
        said = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True).stdout
        assert re.search(rf"MPI +mpi4py \d.*; ranks: {count}\n", said) and said.count("MPI  ") == 1


@pytest.mark.parametrize("rank", [0, 1])
def test_without_mpi4py_it_is_said_once_what_is_missing(tmp_path, monkeypatch, rank):
    (tmp_path / "mpi4py.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    done = subprocess.run([sys.executable, "-m", "tinyformer", "info"], capture_output=True, text=True, timeout=120,
                          env=os.environ | {"PMI_SIZE": "2", "PMI_RANK": str(rank)})
    assert done.returncode == 2 and not done.stdout
    assert ("pip install 'tinyformer[mpi]'" in done.stderr) == (rank == 0) and "Traceback" not in done.stderr

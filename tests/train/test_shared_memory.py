"""Does nothing of a shared run outlive it, and is it said who ended it, whoever is killed, and whenever?"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import small

from tinyformer.errors import InputError, WorkerError
from tinyformer.train import Settings, train
from tinyformer.train.arena import Arena
from tinyformer.train.checkpoints import newest

pytestmark = pytest.mark.slow
linux = pytest.mark.skipif(not Path("/proc/self/task").is_dir() or not Path("/dev/shm").is_dir(),
                           reason="children and shared memory are found in /proc and /dev/shm")
SOON = 10                                     # seconds


class Batches:
    def batch(self, step):
        return small.text_batch(4, seed=step)


def segments() -> set[str]:
    """The names of shared memory on this machine that may be ours."""
    return {path.name for path in Path("/dev/shm").glob("*") if path.name.startswith(("psm_", "tinyformer"))}


class Running:
    """A run of the command with two workers, in a process group of its own; `others` are its workers."""

    def __init__(self, folder: Path, step: int = 20, source: str | None = None):
        self.before, self.out = segments(), folder / "run"
        (folder / "text.txt").write_text("to be or not to be, that is the question. " * 200)
        (folder / "script.py").write_text(source or "")
        words = [folder / "script.py"] if source else [
            "-m", "tinyformer", "pretrain", "gpt", "--corpus", folder / "text.txt", "--tokenizer", "characters",
            "--layers", "1", "--width", "16", "--max-length", "16", "--batch-size", "4", "--steps", "1000000",
            "--save-every", "5", "--workers", "2", "--out", self.out]
        self.process = subprocess.Popen([sys.executable, *map(str, words)], text=True, start_new_session=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while step and not (newest(self.out)[0] and int(newest(self.out)[0].name[-8:]) >= step):
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.05)
        self.others = self.workers() if step else []

    def workers(self) -> list[int]:
        """The processes that it has started, but for the one of Python's that cleans up after it."""
        found = []
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for child in children.read_text(encoding="utf-8").split():
            if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8"):
                found.append(int(child))
        return found

    def ended(self, within: float = SOON) -> tuple[int, str, str]:
        """Its exit status, output and errors; everything of it must be gone."""
        began = time.monotonic()
        out, errors = self.process.communicate(timeout=60)
        assert time.monotonic() - began < within
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline and (any(map(alive, self.others)) or segments() - self.before):
            time.sleep(0.05)
        assert not any(map(alive, self.others)), "a worker is left"
        assert not segments() - self.before, "shared memory is left"
        return self.process.returncode, out, errors


def alive(process: int) -> bool:
    try:                                                       # an orphan that nobody has collected has ended, too
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@linux
def test_a_worker_that_is_killed_ends_the_run_with_its_name_and_signal(tmp_path):
    run = Running(tmp_path)
    os.kill(run.others[0], signal.SIGKILL)
    status, _, errors = run.ended()
    path, skipped = newest(run.out)
    assert status == 1 and not skipped and path
    assert f"worker 2 of 2 (process {run.others[0]}) was ended by SIGKILL" in errors
    assert "most often because memory ran out" in errors and re.search(r"checkpoint-\d+ is untouched", errors)
    assert "Traceback" not in errors


@linux
@pytest.mark.parametrize("signal_number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_to_all_of_them_end_the_step_and_save(tmp_path, signal_number, status):
    """A terminal sends Ctrl-C to the whole group, and so do many programs that end others."""
    run = Running(tmp_path)
    os.killpg(run.process.pid, signal_number)
    found, _, errors = run.ended()
    path, skipped = newest(run.out)
    assert found == status and not skipped and "Traceback" not in errors
    assert f"go on from {path} with resume" in errors


def end(*_) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DiesWhereItIsOpened:
    """A loss which ends the process that receives it."""

    def __call__(self, model, batch, rng=None):
        return model.loss(batch, rng)

    def __reduce__(self):
        return end, ()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a signal of POSIX")
def test_a_worker_that_is_killed_before_it_is_ready_is_no_fault_of_the_input():
    with pytest.raises(WorkerError, match=r"worker 2 of 2 .* was ended by SIGKILL, from outside"):
        train(small.gpt(dtype=np.float32), Batches(), Settings(steps=2, workers=2), loss=DiesWhereItIsOpened(),
              progress=False)


@linux
def test_nothing_outlives_a_killed_leader(tmp_path):
    run = Running(tmp_path)
    run.process.kill()
    status, _, errors = run.ended()
    assert status == -signal.SIGKILL and "leaked" not in errors and newest(run.out)[0]


@linux
@pytest.mark.parametrize("signal_number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_nothing_is_left_of_a_run_that_ends_while_workers_start(tmp_path, signal_number, status):
    run, deadline = Running(tmp_path, step=0), time.monotonic() + 60
    while time.monotonic() < deadline and not run.others and run.process.poll() is None:
        run.others = run.workers()
    assert run.others
    os.killpg(run.process.pid, signal_number)
    found, _, errors = run.ended(within=30)
    assert found == status and "Traceback" not in errors


ASLEEP = """
import multiprocessing, time
import small
from tinyformer.train import Settings, train

class Batches:
    def batch(self, step):
        return small.text_batch(4, seed=step)

def loss(model, batch, counts, rng):
    if multiprocessing.parent_process() is None:
        print("at work", flush=True)
        for _ in range(600):
            time.sleep(0.1)                                    # the leader takes a minute for its shard
    return model.loss(batch, counts, rng)

if __name__ == "__main__":
    train(small.gpt(), Batches(), Settings(steps=2, workers=2), loss=loss, progress=False)
"""


@linux
def test_an_end_is_heard_of_in_the_middle_of_a_long_step(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(small.__file__).parent), *sys.path]))
    run = Running(tmp_path, step=0, source=ASLEEP)
    assert run.process.stdout.readline() == "at work\n"
    run.others = run.workers()
    os.kill(run.others[0], signal.SIGKILL)
    status, _, errors = run.ended()
    assert status == 1 and "was ended by SIGKILL" in errors


UNGUARDED = """
import sys
import small
from tinyformer.train import Settings, train

class Batches:
    def batch(self, step):
        return small.text_batch(4, seed=step)

print("begins")
history = train(small.gpt(), Batches(), Settings(steps=2, workers=WORKERS), progress=False)
print(history.notes)
"""


@pytest.mark.parametrize("workers", [2, "auto"])
def test_a_script_that_starts_workers_from_workers_is_stopped(tmp_path, monkeypatch, workers):
    """Without a main guard each worker reads the script anew, and would start workers itself."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(small.__file__).parent), *sys.path]))
    (tmp_path / "script.py").write_text(UNGUARDED.replace("WORKERS", repr(workers)))
    done = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True, timeout=120)
    if workers == 2:
        assert done.returncode == 1 and 'begins its work below `if __name__ == "__main__":`' in done.stderr
    else:
        assert done.returncode == 0                            # too little work for a second worker


# ---- in this process ----


def odd_rows(model, batch, counts, rng):
    if (batch.targets[0] == -100).any():
        return model.loss(batch, counts, rng)                  # the first shard, which is the leader's
    raise ValueError("no such row")


def test_an_error_over_there_is_one_here():
    with pytest.raises(ValueError, match="no such row") as caught:
        train(small.gpt(), Batches(), Settings(steps=2, workers=2), loss=odd_rows, progress=False)
    assert "in worker 2" in caught.value.__notes__[0]


def test_what_cannot_be_sent_is_named():
    def local(model, batch, counts, rng):
        return model.loss(batch, counts, rng)
    with pytest.raises(InputError, match="cannot be sent to another process.*local.*--workers 1"):
        train(small.gpt(), Batches(), Settings(steps=2, workers=2), loss=local, progress=False)


def test_a_batch_that_cannot_be_divided_has_one_worker():
    model = small.gpt()
    model.divisible = False
    with pytest.raises(InputError, match="2 workers cannot share a step: the batch cannot be divided: GPT says"):
        train(model, Batches(), Settings(steps=2, workers=2), progress=False)
    history = train(model, Batches(), Settings(steps=2, workers="auto"), progress=False)
    assert "workers: 1, since the batch cannot be divided" in history.notes[0]


def test_afterwards_the_model_is_in_memory_of_this_process():
    model, before = small.gpt(dropout=0.1), segments() if Path("/dev/shm").is_dir() else set()
    model.words.weight.requires_grad = False
    frozen = model.words.weight.data
    train(model, Batches(), Settings(steps=2, workers=2), progress=False)
    assert model.words.weight.data is frozen
    for p in model.parameters():
        base = p.data
        while isinstance(base, np.ndarray):
            base = base.base
        assert base is None and p.grad is None
    assert not Path("/dev/shm").is_dir() or segments() <= before


def test_a_number_that_is_not_finite_is_named_whoever_finds_it():
    model = small.gpt(dtype=np.float32)
    model.layers[-1].feed.narrow.bias.data[0] = np.inf
    with pytest.raises(ArithmeticError, match="step 1: the loss is .*the gradient of .* is not finite"):
        train(model, Batches(), Settings(steps=2, workers=2), progress=False)


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="files have no limit here")
def test_without_room_for_the_memory_it_says_so():
    """A limit for files holds for shared memory too."""
    source = ("import resource, small\nfrom tinyformer.train import Settings, train\n"
              "from test_shared_memory import Batches\n"
              "if __name__ == '__main__':\n    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
              "    try:\n        train(small.gpt(), Batches(), Settings(steps=2, workers=2), progress=False)\n"
              "    except ValueError as error:\n        print(error)\n")
    places = [str(Path(small.__file__).parent), str(Path(__file__).parent), *sys.path]
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120,
                          env=os.environ | {"PYTHONPATH": os.pathsep.join(places)})
    assert "no room for 0.0 MB that several workers share (File too large); take one" in done.stdout, done.stderr


def test_an_arena_gives_arrays_that_do_not_touch_and_packs_them_by_place():
    arena = Arena(1 << 12)
    a, b = arena.empty(3, np.float32), arena.empty(5, np.float64)
    assert b.ctypes.data % 64 == a.ctypes.data % 64 == 0
    a[:], b[:] = 1, 2
    alone = np.arange(3.0)
    found = arena.unpack(*arena.pack({"a": a, "part": b[1:3], "again": a, "alone": alone, "numpy": np}))
    assert found["again"] is found["a"] and found["numpy"] is np
    found["a"][0], found["part"][0], found["alone"][0] = 7, 8, 9
    assert a[0] == 7 and b[1] == 8 and alone[0] == 0, "what lies elsewhere is a copy"
    (_, places) = arena.pack([a, b[1:3], alone])
    assert places == [(0, 12), (64 + 8, 64 + 24)]

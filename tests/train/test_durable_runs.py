"""Does a run survive what may happen to its folder: a kill at any moment, a full disk, a folder that goes away?"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tinyformer.errors import CheckpointError, InputError, NumericError
from tinyformer.train import Settings, durable, load_model, lock
from tinyformer.train.run import check_out

if os.name != "posix":
    pytest.skip("kills and limits as in POSIX", allow_module_level=True)

import faulty_runs  # noqa: E402
from faulty_runs import left  # noqa: E402

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
               "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), *sys.path])}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The runs in this process say of themselves what those in other processes do: one thread of BLAS."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patched.setenv(name, "1")
        yield


def faulty(*words) -> list[str]:
    """What faulty_runs.py says, in lines."""
    done = subprocess.run([sys.executable, faulty_runs.__file__, *map(str, words)], capture_output=True, text=True,
                          env=ENVIRONMENT, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def whole(one_thread, tmp_path_factory) -> dict[str, bytes]:
    """What a run leaves that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    faulty_runs.one(folder)
    return left(folder)


@pytest.mark.slow
def test_killed_at_any_change_of_a_folder_a_run_is_finished_when_it_is_resumed(whole, tmp_path):
    """Also between the last checkpoint and the trained model, where it would otherwise count as complete."""
    said = faulty("kill", tmp_path)
    killed = int(said[-1].split()[0])
    assert said[-1] == f"{killed} stopped, then 0" and killed > 30
    for point in range(1, killed + 1):
        folder = tmp_path / str(point)
        faulty_runs.one(folder, resume="auto" if folder.exists() else False)
        assert left(folder) == whole, f"killed at change {point} of {killed}"
        assert not durable.faults(folder)
    untouched = tmp_path / str(killed + 1)
    assert left(untouched) == whole, "the run that came through"


def test_ctrl_c_at_any_change_of_a_folder_leaves_nothing_half_done(whole, tmp_path):
    """Also in the middle of a save, which comes to its end or leaves no trace."""
    said = faulty("interrupt", tmp_path)
    stopped = int(said[-1].split()[0])
    assert said[-1] == f"{stopped} stopped, then 0" and stopped >= 29
    for point in range(1, stopped + 1, 3):
        folder = tmp_path / str(point)
        assert not list(folder.glob(f"{durable.TEMPORARY}*")) and not (folder / lock.LOCK).exists(), point
        assert not [wrong for path in folder.glob("checkpoint-*") for wrong in durable.faults(path)], point
        faulty_runs.one(folder, resume="auto")
        found = left(folder)                                   # with a checkpoint of the step at which it was stopped
        assert all(found[name] == data for name, data in whole.items() if not name.startswith("checkpoint-00000002")), (
            f"Ctrl-C at change {point} of {stopped}")


def test_a_folder_and_a_checkpoint_may_be_links(whole, tmp_path):
    """What is pruned is the link: what it points to outside the folder of the run is nobody's to remove."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to("elsewhere")
    faulty_runs.one(tmp_path / "run", settings=Settings(**{**vars(faulty_runs.SETTINGS), "save_every": 1, "keep": 2}))
    assert (tmp_path / "run").is_symlink()
    kept = sorted(path.name for path in (tmp_path / "elsewhere").glob("checkpoint-*"))
    assert kept == ["checkpoint-00000003", "checkpoint-00000004"]
    faulty_runs.one(tmp_path / "other", settings=Settings(**{**vars(faulty_runs.SETTINGS), "save_every": 1}))
    oldest = tmp_path / "other" / "checkpoint-00000003"
    shutil.move(oldest, tmp_path / "moved")
    oldest.symlink_to(tmp_path / "moved")
    more = Settings(**{**vars(faulty_runs.SETTINGS), "steps": 6, "save_every": 1, "keep": 2})
    faulty_runs.one(tmp_path / "other", resume=True, settings=more)
    assert not oldest.exists() and not oldest.is_symlink() and not durable.faults(tmp_path / "moved")


def test_neither_the_clock_nor_the_order_of_hashes_decides_anything(whole, tmp_path):
    """Two processes whose sets and dictionaries of text lie in other orders; and checkpoints dated backwards."""
    for seed in ("1", "2"):
        done = subprocess.run([sys.executable, faulty_runs.__file__, "race", str(tmp_path / seed), "0"],
                              env={**ENVIRONMENT, "PYTHONHASHSEED": seed}, capture_output=True, text=True)
        assert done.returncode == 0 and left(tmp_path / seed / "0") == whole, done.stderr
    folder = tmp_path / "1" / "0"
    for path in folder.iterdir():
        if path.name not in ("checkpoint-00000002", "checkpoint-00000004", "log.jsonl", "log.csv"):
            path.unlink()
    os.utime(folder / "checkpoint-00000002", (2e9, 2e9))
    os.utime(folder / "checkpoint-00000004", (1e9, 1e9))
    history = faulty_runs.one(folder, resume="auto")
    assert "checkpoint-00000004 at step 4" in history.notes[0] and left(folder) == whole


@pytest.mark.parametrize("when", ["room", "last"])
def test_without_room_a_run_says_so_and_is_finished_when_there_is_some(whole, tmp_path, when):
    sizes = (0, 100, 500, 1000, 2000, 8000) if when == "room" else (0, 100, 1000, 2000)
    said = faulty(when, tmp_path, *sizes)
    assert [line for line in said if "exit" in line] == [f"{size}: exit 2" for size in sizes]
    for line in [line for line in said if "exit" not in line]:
        assert re.search(r"NoRoom: .*/\S+:? .*cannot be written .*too large.*it takes [\d,]+ bytes: make room",
                         line), line
    for size in sizes:
        folder = tmp_path / str(size)
        names = {path.name for path in folder.iterdir()}
        assert not any(name.startswith(durable.TEMPORARY) for name in names), "nothing half written stays"
        assert ("checkpoint-00000004" in names) == (when == "last")
        faulty_runs.one(folder, resume="auto")
        assert left(folder) == whole, f"{when} for {size} bytes"


# ---- one run at a time -----------------------------------------------------------------------------------------------


@pytest.fixture
def live(tmp_path):
    """A run of another process that waits in the middle, and its folder."""
    folder = tmp_path / "run"
    process = subprocess.Popen([sys.executable, faulty_runs.__file__, "wait", str(folder)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert process.stdout.readline() == "waiting\n"
    yield process, folder
    process.kill()
    process.wait()


def test_a_second_run_in_one_folder_is_refused_and_the_first_goes_on(whole, live):
    process, folder = live
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for more in ({}, {"resume": True}, {"resume": "auto"}, {"overwrite": True}):
        with pytest.raises(InputError, match=f"a run is at work there, process {process.pid} on {platform.node()}"):
            faulty_runs.one(folder, **more)
        with pytest.raises(InputError, match="a run is at work there"):
            check_out(str(folder), more.get("resume", False), more.get("overwrite", False))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    process.communicate("\n")
    assert process.returncode == 0 and left(folder) == whole, "and no lock is left"


def test_the_lock_of_a_run_that_was_killed_is_taken_over(whole, live):
    process, folder = live
    process.kill()
    process.wait()
    assert (folder / lock.LOCK).exists()
    faulty_runs.one(folder, resume="auto")
    assert left(folder) == whole


def test_a_lock_of_another_machine_is_said(tmp_path):
    (tmp_path / lock.LOCK).write_text(json.dumps({"process": 7, "host": "elsewhere"}))
    with pytest.raises(InputError, match=f"process 7 on elsewhere works there, .* remove .*{lock.LOCK}"):
        faulty_runs.one(tmp_path, resume="auto")
    (tmp_path / lock.LOCK).write_text("{")
    faulty_runs.one(tmp_path)


def test_where_a_file_system_knows_no_locks_the_process_decides_and_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_lock", lambda file: None)
    history = faulty_runs.one(tmp_path / "new")
    assert "knows no locks" in history.notes[0] and not (tmp_path / "new" / lock.LOCK).exists()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / lock.LOCK).write_text(json.dumps({"process": child.pid, "host": platform.node()}))
    with pytest.raises(InputError, match=f"a run is at work there, process {child.pid}"):
        faulty_runs.one(tmp_path)
    child.communicate(b"\n")
    faulty_runs.one(tmp_path)


# ---- a folder that goes away -----------------------------------------------------------------------------------------


def at_step(number, action):
    return lambda step: action() if step == number else None


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_folder_that_is_removed_in_the_middle_is_said_and_nothing_is_lost(whole, tmp_path, step):
    folder = tmp_path / "run"
    with pytest.raises(InputError, match=f"vanished in the middle .* step {step + 1}; all of it was saved anew in"):
        faulty_runs.one(folder, hooks=at_step(step, lambda: shutil.rmtree(folder)))
    faulty_runs.one(folder, resume=True)
    found = left(folder)
    assert {name for name in whole if found.get(name) != whole[name]} <= {
        name for name in whole if name.startswith("checkpoint-00000002")}


def test_a_folder_that_is_moved_or_replaced_is_left_alone(tmp_path):
    folder, other = tmp_path / "run", tmp_path / "moved"

    def replaced():
        folder.rename(other)
        folder.mkdir()
    with pytest.raises(InputError, match="vanished .* another folder stands there now"):
        faulty_runs.one(folder, hooks=at_step(3, replaced))
    assert not list(folder.iterdir()) and (other / "checkpoint-00000002").is_dir()


def test_a_folder_that_cannot_be_made_anew_is_said(tmp_path):
    folder = tmp_path / "above" / "run"

    def gone():
        shutil.rmtree(tmp_path / "above")
        (tmp_path / "above").write_text("a file")
    with pytest.raises(InputError, match="vanished .* nothing can be saved there any more"):
        faulty_runs.one(folder, hooks=at_step(2, gone))


# ---- weights that are not finite -------------------------------------------------------------------------------------


def test_weights_that_are_not_finite_are_no_checkpoint_and_no_model(tmp_path):
    for settings in (Settings(steps=1, learning_rate=1e39), Settings(steps=1, learning_rate=1e300)):
        folder = tmp_path / str(settings.learning_rate)
        with pytest.raises(NumericError, match=r"step 1: \S+ is not finite any more; lower the learning rate.*"
                                               "nonfinite-checkpoint-00000001.*no checkpoint was written yet"):
            faulty_runs.one(folder, settings=settings)
        assert (folder / "nonfinite-checkpoint-00000001").is_dir() and not (folder / "model.safetensors").exists()
        history = faulty_runs.one(folder, resume="auto", settings=Settings(steps=1))
        assert "a fresh start" in history.notes[0], "nobody takes it for a checkpoint"
        with pytest.raises(CheckpointError, match="numbers are not finite"):
            load_model(folder / "nonfinite-checkpoint-00000001")
    with pytest.raises(NumericError, match="is not finite any more"):
        faulty_runs.one(None, settings=settings)


def test_the_lock_of_a_run_that_began_since_is_left_alone(tmp_path, monkeypatch):
    """In a folder that stands where ours did, and right behind our own, which somebody else takes at once."""
    folder = tmp_path / "run"
    folder.mkdir()
    with ExitStack() as rival:
        with lock.only_run(folder):
            folder.rename(tmp_path / "moved")
            folder.mkdir()
            rival.enter_context(lock.only_run(folder))
        assert (folder / lock.LOCK).exists()
    unlink = Path.unlink

    def taken_at_once(path, *given, **more):
        unlink(path, *given, **more)
        monkeypatch.undo()
        path.write_text("another run")
    with lock.only_run(folder):
        monkeypatch.setattr(Path, "unlink", taken_at_once)
    assert (folder / lock.LOCK).read_text() == "another run"

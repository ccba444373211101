"""Runs that meet a real fault, each in a process of its own, which the test starts and looks after.

    python faulty_runs.py kill FOLDER        a run for each point at which a name in a folder changes, killed there by
                                             SIGKILL
    python faulty_runs.py interrupt FOLDER   the same, but that Ctrl-C comes at each of them
    python faulty_runs.py room FOLDER N...   a run with room for files of N bytes at most, for each N
    python faulty_runs.py last FOLDER N...   the same, where room is short only behind the last checkpoint
    python faulty_runs.py disk FOLDER N...   the same on a disk of N pages, which is then made larger: the run goes on
    python faulty_runs.py wait FOLDER        a run that waits behind step 3 until a line comes in
    python faulty_runs.py race FOLDER N...   three runs in one folder, each begun a little later, with the seed N
    python faulty_runs.py long FOLDER N      a run of N steps, which says how much memory it has at ten of them

Each run leaves FOLDER/<its point or its size>; lines say how they ended.
"""

import contextlib
import csv
import io
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import small

from tinyformer.data.batches import TextBatch
from tinyformer.errors import InputError
from tinyformer.text import CharTokenizer
from tinyformer.train import Settings, train
from tinyformer.train.run import Run

SETTINGS = Settings(steps=4, learning_rate=0.01, log_every=1, save_every=2)
CHANGES = ("replace", "rename", "unlink", "mkdir")             # of a folder, as the module os names them


class Batches:
    def batch(self, step) -> TextBatch:
        return small.text_batch(seed=step)


def one(out: Path, resume=False, hooks=lambda step: None, **options):
    """A run of four steps in `out`, with a checkpoint after two of them and after the last."""
    class Hooked(Batches):
        def batch(self, step):
            hooks(step)
            return super().batch(step)
    model = small.gpt(dtype=np.float32)
    tokenizer = CharTokenizer.train(["abcdefghijkl"])
    return train(model, Hooked(), options.pop("settings", SETTINGS), out=out, tokenizer=tokenizer, resume=resume,
                 progress=False, **options)


def stopped_at(out: Path, point: int, how: int = signal.SIGKILL) -> None:
    """Run, and send this process a signal when a name in a folder changes for the `point`-th time."""
    seen = 0

    def watched(function):
        def call(*given, **more):
            nonlocal seen
            seen += 1
            if seen == point:
                os.kill(os.getpid(), how)
            return function(*given, **more)
        return call
    for name in CHANGES:
        setattr(os, name, watched(getattr(os, name)))
    try:
        one(out)
    except KeyboardInterrupt:
        os._exit(130)


def with_room(out: Path, size: int, at_last: bool) -> None:
    """Run where no file can have more than `size` bytes, from the beginning or behind the last checkpoint."""
    def shorten():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    if at_last:
        finish = Run.finish
        Run.finish = lambda run, final: (shorten(), finish(run, final))
    else:
        shorten()
    try:
        one(out)
    except Exception as error:
        print(f"{size}: {type(error).__name__}: {error}", flush=True)
        os._exit(2)


def left(folder: Path) -> dict:
    """Every file of a run by its name, as bytes; of figures those that count no seconds."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "MANIFEST.json"):
        text = path.read_bytes()
        if path.name in ("metrics.json", "trainer_state.json"):
            text = {**json.loads(text), "seconds": 0}
        elif path.name == "log.jsonl":
            text = [{**json.loads(line), "seconds": 0} for line in text.splitlines()]
        elif path.name == "log.csv":
            text = [{**row, "seconds": 0} for row in csv.DictReader(io.StringIO(text.decode()))]
        found[str(path.relative_to(folder))] = text
    return found


def on_a_small_disk(folder: Path, pages: int) -> None:
    """Run where the disk is full after so many pages, then with room; what is left is copied to `folder`."""
    disk = folder.with_name(f"disk-{folder.name}")
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o"]
    subprocess.run([*mount, f"size={pages * 4096}", "tmpfs", disk], check=True)
    status = 0
    try:
        one(disk / "run")
    except Exception as error:
        print(f"{pages}: {type(error).__name__}: {error}", flush=True)
        status = 2
        subprocess.run([*mount, "remount,size=100m", "tmpfs", disk], check=True)
        one(disk / "run", resume="auto")
    shutil.copytree(disk / "run", folder)
    os._exit(status)


def race(folder: Path, seed: int) -> list[int]:
    """Three runs of one folder, of which each may go on or begin anew; how they ended."""
    draw, children = random.Random(seed), []
    for _ in range(3):
        how = draw.choice(({}, {"resume": "auto"}, {"overwrite": True}))
        child = os.fork()
        if child == 0:
            try:
                one(folder, **how)
                os._exit(0)
            except InputError as error:
                print(error, flush=True)
                os._exit(2)
            finally:
                os._exit(1)
        children.append(child)
        time.sleep(draw.choice((0, draw.uniform(0, 0.3))))
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def long(folder: Path, steps: int) -> None:
    """A run of so many steps, with a checkpoint and a line on the memory at each tenth of them."""
    def say(step):
        if step % (steps // 10) == 0:
            pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
            print(step, pages * resource.getpagesize(), flush=True)
    one(folder, hooks=say, settings=Settings(steps=steps, learning_rate=1e-4, log_every=10, save_every=steps // 10))


def apart(function, *given) -> int:
    """Call it in a process of its own; its exit status, or -9 where it was killed."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            function(*given)
            os._exit(0)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(kind: str, folder: str, *sizes: str) -> None:
    if kind in ("kill", "interrupt"):
        number, ended = (signal.SIGKILL, -9) if kind == "kill" else (signal.SIGINT, 130)
        point, status = 0, ended
        while status == ended or point < 30:                   # Ctrl-C behind the last step stops nothing
            point += 1
            status = apart(stopped_at, Path(folder) / str(point), point, number)
        print(f"{point - 1} stopped, then {status}")
    if kind == "wait":
        one(Path(folder), hooks=lambda step: step == 3 and (print("waiting", flush=True), input()))
    if kind == "long":
        return long(Path(folder), int(*sizes))
    if kind == "race":
        for seed in sizes:
            print(f"{seed}: exits {race(Path(folder) / seed, int(seed))}", flush=True)
        return
    for size in map(int, sizes):
        if kind == "disk":
            print(f"{size}: exit {apart(on_a_small_disk, Path(folder) / str(size), size)}", flush=True)
            continue
        print(f"{size}: exit {apart(with_room, Path(folder) / str(size), size, kind == 'last')}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

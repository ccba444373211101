"""Runs that meet a real fault, each in a process of its own, which the test starts and looks after.

    python faulty_runs.py kill FOLDER        a run for each point at which a name in a folder changes, killed there by
                                             SIGKILL
    python faulty_runs.py room FOLDER N...   a run with room for files of N bytes at most, for each N
    python faulty_runs.py last FOLDER N...   the same, where room is short only behind the last checkpoint
    python faulty_runs.py wait FOLDER        a run that waits behind step 3 until a line comes in

Each run leaves FOLDER/<its point or its size>; lines say how they ended.
"""

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path

import numpy as np
import small

from tinyformer.data.batches import TextBatch
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


def killed_at(out: Path, point: int) -> None:
    """Run, and end this process with SIGKILL when a name in a folder changes for the `point`-th time."""
    seen = 0

    def watched(function):
        def call(*given, **more):
            nonlocal seen
            seen += 1
            if seen == point:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **more)
        return call
    for name in CHANGES:
        setattr(os, name, watched(getattr(os, name)))
    one(out)


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
    if kind == "kill":
        point, status = 0, -9
        while status == -9:
            point += 1
            status = apart(killed_at, Path(folder) / str(point), point)
        print(f"{point - 1} killed, then {status}")
    if kind == "wait":
        one(Path(folder), hooks=lambda step: step == 3 and (print("waiting", flush=True), input()))
    for size in map(int, sizes):
        print(f"{size}: exit {apart(with_room, Path(folder) / str(size), size, kind == 'last')}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

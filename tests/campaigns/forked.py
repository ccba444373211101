"""Commands that are killed, each in a process of its own that is forked off from one which has loaded all modules.

    python forked.py            asked by lines of JSON on the standard input, answered by lines of JSON

A question holds `words` of the command, `folder` to stand in, and how it ends before its time, if it does:
`change` N kills it at the N-th time that a name in a folder changes, `after` S so many seconds after its run began, and
`worker` S kills one of its workers then.  The answer has its status (negative: the signal), what it said, how many
changes there were, and how long the run took, these two where it came to its end.
"""

import importlib
import json
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

CHANGES = ("replace", "rename", "unlink", "mkdir", "rmdir")    # of a folder, as the module os names them
REPORT, SAID = ".report", ".said"


def child(question: dict) -> None:
    """Be the process of one command, which never comes back from here."""
    os.setsid()
    os.chdir(question["folder"])
    said = os.open(SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    from tinyformer.cli import main
    from tinyformer.train.run import Run
    begun, changes, begin = [], [0], Run.begin

    def started(run, *given, **more):
        begun.append(time.monotonic())
        if "after" in question:
            threading.Timer(question["after"], os.kill, (os.getpid(), signal.SIGKILL)).start()
        if "worker" in question:
            threading.Timer(question["worker"], kill_worker, (begun[0],)).start()
        return begin(run, *given, **more)

    def watched(function):
        def call(*given, **more):
            changes[0] += bool(begun)
            if changes[0] == question.get("change"):
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **more)
        return call

    Run.begin = started
    for name in CHANGES:
        setattr(os, name, watched(getattr(os, name)))
    status = main(question["words"])
    sys.stdout.flush()
    found = {"changes": changes[0], "seconds": time.monotonic() - begun[0]}
    Path(REPORT).write_text(json.dumps(found), encoding="utf-8")
    os._exit(status)


def kill_worker(seed: float) -> None:
    """End one of the processes that share the work, if there are any."""
    others = multiprocessing.active_children()
    if others:
        os.kill(random.Random(seed).choice(others).pid, signal.SIGKILL)


def answer(question: dict) -> dict:
    """Run one command and tell how it ended; WorkerError's processes must be gone by then, or it is said."""
    folder = Path(question["folder"])
    for name in (REPORT, SAID):
        (folder / name).unlink(missing_ok=True)
    process = os.fork()
    if process == 0:
        try:
            child(question)
        finally:
            os._exit(99)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    report = json.loads((folder / REPORT).read_text()) if (folder / REPORT).exists() else {}
    return {"status": status, "said": (folder / SAID).read_text(), "orphans": not all_gone(process), **report}


def all_gone(group: int, patience: float = 20) -> bool:
    """Whether no process of the group is left, after a while."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def main() -> None:
    for name in ("matplotlib.pyplot", "tinyformer.pretraining.stages", "tinyformer.tasks.learn"):
        importlib.import_module(name)                          # once, and not in every child
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

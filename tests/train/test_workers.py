"""Do workers give back what they are asked for, and never outlive whoever asked?"""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinyformer.cli import explain
from tinyformer.models import BertConfig
from tinyformer.models.bert import BertForPretraining
from tinyformer.rng import stream
from tinyformer.train import threads
from tinyformer.train.workers import workers

CONFIG = BertConfig(vocabulary=20, layers=1, heads=2, width=8, context=8)


def doubled(array):
    return 2 * array, os.getpid()


def logits_of(model, ids):
    return model.bert(ids).data


def fail(number):
    raise ValueError(f"number {number} cannot be done")


def sleep(seconds):
    time.sleep(seconds)


def test_results_come_in_order_from_other_processes():
    with workers(2) as pool:
        found = list(pool.map(doubled, [np.full(3, i) for i in range(6)]))
    assert [int(array[0]) for array, _ in found] == [0, 2, 4, 6, 8, 10]
    assert os.getpid() not in {process for _, process in found}


def blas_threads_now() -> int:
    return threads._controls()[0]()


@pytest.mark.skipif(threads._controls() is None, reason="this NumPy has no OpenBLAS that can be asked")
def test_each_has_one_thread_whatever_the_environment_says(monkeypatch):
    """Two are asked for by name, or the number in the environment of the tests would hide what is wrong."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    with workers(1) as pool:
        assert pool.submit(blas_threads_now).result() == 1


def test_a_model_computes_the_same_over_there():
    model, ids = BertForPretraining(CONFIG, stream(0, "weights")), np.arange(8)[None]
    with workers(1) as pool:
        there = pool.submit(logits_of, model, ids).result()
    np.testing.assert_allclose(there, logits_of(model, ids), rtol=1e-5, atol=1e-6)


def test_an_error_over_there_is_one_here():
    with pytest.raises(ValueError, match="number 3 cannot be done"), workers(1) as pool:
        pool.submit(fail, 3).result()


def test_leaving_by_an_error_stops_work_that_has_begun():
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), workers(1) as pool:
        pool.submit(sleep, 0).result()                         # the worker is there
        pool.submit(sleep, 60)
        raise KeyboardInterrupt
    assert time.monotonic() - began < 30 and not multiprocessing.active_children()


def heed_no_sigterm(seconds):
    """As `train` does, which notes a SIGTERM and ends its step first."""
    asked = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_leaving_by_an_error_stops_a_worker_that_catches_sigterm():
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), workers(1) as pool:
        pool.submit(sleep, 0).result()
        pool.submit(heed_no_sigterm, 60)
        time.sleep(0.5)                                        # it has begun
        raise KeyboardInterrupt
    assert time.monotonic() - began < 30 and not multiprocessing.active_children()


def end_at_once():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_killed_worker_is_no_fault_of_the_program():
    with pytest.raises(Exception) as caught, workers(1) as pool:
        pool.submit(end_at_once).result()
    status, message = explain(caught.value)
    assert status == 1 and "ended from outside" in message and "fault of the program" not in message


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_worker_does_not_survive_a_killed_parent():
    source = ("import os, sys, time\nfrom tinyformer.train.workers import workers\n"
              "if __name__ == '__main__':\n    with workers(1) as pool:\n"
              "        print(pool.submit(os.getpid).result(), flush=True)\n"
              "        pool.submit(time.sleep, 60).result()\n")
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 20
    while time.monotonic() < end and alive(child):
        time.sleep(0.05)
    assert not alive(child)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are found in /proc")
def test_nothing_is_heard_of_workers_that_are_interrupted_at_their_very_start():
    """Ctrl-C goes to the whole group, and finds the workers before a line of ours has run in them.

    With threads of BLAS beside the main thread, any of which may be given the signal.
    """
    source = ("import time\nfrom tinyformer.train.workers import workers\n"
              "if __name__ == '__main__':\n    try:\n        with workers(2) as pool:\n"
              "            pool.submit(time.sleep, 60).result()\n    except KeyboardInterrupt:\n"
              "        print('stopped')\n")
    threads = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              start_new_session=True, env=os.environ | threads)
    children, end = Path(f"/proc/{parent.pid}/task/{parent.pid}/children"), time.monotonic() + 60
    while time.monotonic() < end and len(children.read_text(encoding="utf-8").split()) < 2:
        time.sleep(0.001)
    os.killpg(parent.pid, signal.SIGINT)
    out, errors = parent.communicate(timeout=60)
    assert (out, errors) == ("stopped\n", "")


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:                                                       # an orphan that nobody has collected has ended, too
        return open(f"/proc/{process}/stat", encoding="utf-8").read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True

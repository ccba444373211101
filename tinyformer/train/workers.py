"""How are things that do not wait for one another trained at once?  Each in a process of its own, on one core.

Threads of BLAS share one product; that pays for large matrices.  Processes share nothing and pay at every size, as
long as there are several runs to do: another seed, another task, another arm of a comparison.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

from tinyformer.train.cores import cores
from tinyformer.train.log import Progress
from tinyformer.train.threads import set_blas_threads


@contextmanager
def workers(count: int) -> Iterator[ProcessPoolExecutor]:
    """`count` processes to `submit` functions to, and to `map` them over arguments; each has one thread of BLAS.

    Functions must stand at the top of a module, and what goes in and out is copied.  A script of your own that uses
    workers begins its work below `if __name__ == "__main__":`, since each of them reads the script anew.  They start
    with this block, in about half a second.  None outlives it: where it is left by an error or by Ctrl-C, they are
    stopped in the middle of their work.
    """
    before = multiprocessing.active_children()
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), become_worker)
    try:
        with deaf_to(signal.SIGINT):                           # it is for the parent to stop them
            for _ in range(count):
                pool.submit(int)                               # starts a worker, as long as none is idle
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            if process not in before:
                process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def side_by_side(title: str, function: Callable, jobs: Sequence[tuple],
                 said: Callable[..., str]) -> Iterator[tuple[tuple, Any]]:
    """Each job and function(*job), as many at once as there are cores, those first that are done first.

    Work begins when the first is asked for, and ends with the generator: close it where you leave before the last.

    said(result) is the line that is shown when one is done.
    """
    if not jobs:
        return
    with workers(min(len(jobs), cores())) as pool, Progress(title, 0, len(jobs)) as bar:
        running = {pool.submit(function, *job): job for job in jobs}
        for future in as_completed(running):
            yield running[future], future.result()
            bar.advance()
            bar.say(said(future.result()))


@contextmanager
def deaf_to(*numbers: int) -> Iterator[None]:
    """These signals are heard after this block, and never by the processes that are started within.

    Children inherit which signals are held back.  In the parent that is not enough, since a thread of BLAS may be given
    the signal: there it is noted, and raised at the end.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield                                                  # Windows; or a thread, which is never interrupted
        return
    resource_tracker.ensure_running()                          # Python's helper: its start lets signals through again
    heard: list[int] = []
    handlers = {number: signal.signal(number, lambda number, frame: heard.append(number)) for number in numbers}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in heard:
            signal.raise_signal(number)


def become_worker() -> None:
    """Make this process a worker: one thread of BLAS, the parent alone listens to Ctrl-C, and it is not survived."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_the_parent, daemon=True).start()
    set_blas_threads(1)


def _leave_with_the_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)

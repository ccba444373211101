"""How many workers share a step?  As many as are asked for; with "auto" by a rule of the shape and of the cores.

Nothing is measured, since the number decides the order of the sums: the same command gives the same bits.  What
workers gain is everything that stands between the products, which one process does on one core however many threads
its products have: 40 % of a step at width 128, and 15 % at width 768.  What they cost is that each writes and reads all
gradients once, whatever its share of the batch, and half a second to start.  See `benchmarks/README.md`.
"""

import math
import multiprocessing

import numpy as np

from tinyformer import backend
from tinyformer.cuda.nccl import cards
from tinyformer.cuda.nccl import why_not as why_not_on_gpus
from tinyformer.errors import InputError
from tinyformer.nn.module import Module
from tinyformer.train import machines
from tinyformer.train.any_batches import why_whole
from tinyformer.train.cores import cores
from tinyformer.train.loop_settings import Settings

WIDE = 1 << 20                                # numbers in a matrix whose products BLAS divides well among its threads
POSITIONS = 128                               # that a worker has at least: with fewer, gradients are most of the work
SMALL_STEP, SHORT_RUN = 5e7, 2e11             # multiplications: a millisecond and some seconds of one core


def choose(settings: Settings, model: Module, batch, recorded: int | None = None) -> tuple[int, str]:
    """How many workers share the steps of a run with such batches, and what there is to say about it.

    `recorded` is the number that the run to be resumed had, which "auto" takes, since another one would give other
    bits.  InputError where several are asked for and cannot be had.
    """
    wanted, ranks = settings.workers, machines.ranks()
    if wanted not in ("auto", 1, ranks) and ranks > 1:
        raise InputError(f"{wanted} workers are asked for, and mpiexec has started {ranks} ranks, which are the "
                         "workers; leave --workers out")
    if wanted != "auto":
        if wanted > 1 and (reason := why_not(model, batch, machines.here().size if ranks > 1 else wanted)):
            raise InputError(f"{wanted} workers cannot share a step: {reason}; take one (--workers 1)")
        return wanted, ""
    if ranks > 1:
        reason = why_not(model, batch, machines.here().size)
        return (1, f"workers: 1, since {reason}") if reason else (ranks, f"workers: {ranks}, the ranks of MPI")
    if recorded is not None:
        return recorded, f"workers: {recorded}, as before"
    if (xp := backend.library(model.parameters()[0].data)) is not np:
        return 1, one_of_several(cards(xp))
    if reason := why_not(model, batch) or why_one(settings, model, batch):
        return 1, f"workers: 1, since {reason}"
    count = min(cores(), len(batch), positions(batch) // POSITIONS)
    return count, f"workers: {count} share each batch of {len(batch)} rows"


def why_not(model: Module, batch, here: int = 2) -> str:
    """Why there can be no second worker, or not so many on this machine; empty where there can."""
    if reason := why_whole(model, batch):
        return f"the batch cannot be divided: {reason}"
    xp = backend.library(model.parameters()[0].data)
    return "" if xp is np else why_not_on_gpus(xp, here)


def one_of_several(there: int) -> str:
    """What there is to say of a run on one GPU where nobody asked for several."""
    return ("workers: 1, since the model is on a GPU" if there == 1 else
            f"workers: 1, on one of {there} GPUs; --workers {there} takes all of them")


def why_one(settings: Settings, model: Module, batch) -> str:
    """Why one process is as fast; empty where several are faster."""
    if multiprocessing.parent_process() is not None:
        return "this process is one of several that are at work"
    if cores() == 1:
        return "there is one core"
    matrices = [p.shape for p in model.parameters() if p.ndim == 2]
    step = 6 * sum(map(math.prod, matrices)) * positions(batch)        # forward, and twice that backward
    if step < SMALL_STEP or step * settings.steps < SHORT_RUN:
        return "there is too little to do for a second one"
    if min(len(batch), positions(batch) // POSITIONS) < 2:
        return f"a batch of {len(batch)} rows is too small to be divided"
    layers = [math.prod(shape) for shape in matrices if max(shape) <= 8 * min(shape)]      # and no tables of words
    if max(layers, default=0) >= WIDE:
        return "its layers are wide, and their products use all cores"
    return ""


def positions(batch) -> int:
    """In how many places a batch has something to compute: its tokens, padding included, or else its rows."""
    ids = getattr(batch, "ids", None)
    return len(batch) if ids is None else int(ids.size)

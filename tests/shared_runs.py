"""Runs that several share, for the tests of both ways to share them.

    python shared_runs.py FOLDER --workers N [--cases ...]     N processes in shared memory
    mpiexec -n N python shared_runs.py FOLDER                  N ranks of MPI
    ... --device fake                                          either of them, each on a fake device of its own

Every case leaves its arrays in FOLDER/<case>.npz.  The tests make the same with one worker and compare.
"""

import argparse
from pathlib import Path

import numpy as np
import small

from tinyformer.data.batches import TextBatch
from tinyformer.engine import Tensor
from tinyformer.nn import Module
from tinyformer.ops import affine, mean_squared_error
from tinyformer.ranks import launched
from tinyformer.train import SGD, Settings, train
from tinyformer.train.drivers import driver
from tinyformer.train.machines import machines
from tinyformer.train.muon import Muon

ROWS = 5                                      # shards of unequal rows, whatever the number of workers
PLACE = "cpu"                                 # where models are trained


class Batches:
    def __init__(self, make=small.pretraining_batch, rows=ROWS):
        self.make, self.rows = make, rows

    def batch(self, step):
        return self.make(self.rows, seed=step)


def trained(model, make=small.pretraining_batch, rows=ROWS, rates=None, **settings) -> dict[str, np.ndarray]:
    """Losses, lengths of gradients, figures of the evaluations, and what became of the parameters."""
    model.to(PLACE)
    usual = dict(steps=12, learning_rate=0.01, warmup=2, log_every=1, evaluate_every=6)
    history = train(model, Batches(make, rows), Settings(**{**usual, **settings}),
                    validation=[make(3, seed=100 + number) for number in range(5)], rates=rates, progress=False)
    return {**model.state(), "loss": np.array([row["loss"] for row in history.rows]),
            "norm": np.array([row["grad_norm"] for row in history.rows]),
            "figures": np.array([list(line.values()) for line in history.evaluations])}


def gradients(model, batch, workers, **settings) -> dict[str, np.ndarray]:
    """The gradients of one batch: what plain descent subtracts."""
    before = {name: array.copy() for name, array in model.state().items()}
    optimizer = SGD(model, momentum=0.0)
    with driver(model, optimizer, Settings(workers=workers, **settings), lambda: batch) as (work, _):
        loss, norm, _ = work.gradients(batch, 3)
        work.move(1.0)
        found = {name: before[name] - array for name, array in model.state().items()}
    return {**found, "loss": np.array(float(loss)), "norm": np.array(float(norm))}


def noisy(workers):
    """Unequal numbers of targets, padding, dropout, and clipping."""
    return trained(small.bert(dropout=0.2), workers=workers, clip=0.5)


def single(workers):
    return gradients(small.bert(spread=False, dtype=np.float32, dropout=0.2), small.pretraining_batch(ROWS), workers)


def in_parts(workers):
    """Shards that are computed in parts themselves."""
    return trained(small.gpt(dropout=0.2), small.text_batch, rows=9, workers=workers, accumulate=2)


def few_rows(workers):
    """Fewer rows than workers, where there are more than two."""
    return trained(small.gpt(), small.text_batch, rows=2, workers=workers)


def partly_frozen(workers):
    """Frozen word vectors, and a rate of its own for one parameter."""
    model = small.bert(dropout=0.1)
    model.bert.words.weight.requires_grad = False
    return trained(model, workers=workers, rates={"word_bias": 0.1, "transform.weight": 0.5})


class Gated(Module):
    """A part that only some rows use, and in some steps none."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.always, self.seldom = (Tensor(rng.normal(size=(3, 3))) for _ in range(2))
        self.offset = Tensor(np.array(0.5))


def gated_loss(model, batch, counts, rng):
    def given(x):
        return Tensor(x, requires_grad=False).to(model.offset.device)

    x = np.asarray(batch.ids, float)                           # (B, 3)
    y = affine(given(x), model.always) * model.offset
    if (batch.targets > 0).any():
        y = y + affine(given(x * (batch.targets > 0)), model.seldom)
    return mean_squared_error(y.reshape(-1), target=np.ones(x.size), count=3 * counts["tokens"])


def gated_figures(model, batch):
    return {"loss": (gated_loss(model, batch, {"tokens": 1}, None).item(), len(batch))}


class GatedBatches:
    def batch(self, step):
        rng = np.random.default_rng(step)
        users = np.zeros((ROWS, 1), np.int64)
        users[0] = step % 3 > 0                                # one row of the first shard, or nobody
        return TextBatch(rng.integers(0, 3, (ROWS, 3)), users)


def gated(workers):
    """A loss of one's own, and a parameter that gets a gradient from one shard and none from another."""
    model = Gated().to(PLACE)
    history = train(model, GatedBatches(), Settings(steps=9, learning_rate=0.01, log_every=1, workers=workers),
                    loss=gated_loss, measure=gated_figures, validation=[GatedBatches().batch(1)], progress=False)
    return {**model.state(), "loss": np.array([row["loss"] for row in history.rows]),
            "figures": np.array([list(line.values()) for line in history.evaluations])}


def matrices(workers):
    """An optimizer that cuts its stretches between matrices."""
    model, batches = small.bert().to(PLACE), Batches()
    optimizer = Muon(model)
    with driver(model, optimizer, Settings(workers=workers), lambda: batches.batch(0)) as (work, _):
        for step in range(4):
            work.gradients(batches.batch(step), step)
            work.move(0.002)
    return model.state()


CASES = {case.__name__: case for case in (noisy, single, in_parts, few_rows, partly_frozen, gated, matrices)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--cases", nargs="*", default=list(CASES))
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    if options.device == "fake":
        import fake_device  # noqa: F401  (registers it)
        globals()["PLACE"] = "fake"
    with machines():                                           # the ranks but for the first stay here
        for name in options.cases:
            np.savez(options.folder / f"{name}.npz", **CASES[name]("auto" if launched() > 1 else options.workers))


if __name__ == "__main__":
    main()

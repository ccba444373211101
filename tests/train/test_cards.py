"""Are the steps that several GPUs share those of one process, and what becomes of a run that cannot have them?

Each process has a fake device of its own, and they add up their gradients by a communicator of the form of NCCL's.
"""

import multiprocessing
import os
import signal
from contextlib import nullcontext

import fake_cuda
import fake_kernels
import numpy as np
import pytest
import shared_runs
import small
from fake_device import TALLY, xp

from tinyformer.cuda import nccl
from tinyformer.errors import InputError, NumericError, WorkerError
from tinyformer.train import SGD, AdamW, Settings, train
from tinyformer.train.cards import Cards, sharing
from tinyformer.train.drivers import driver
from tinyformer.train.on_device import OnDevice

pytestmark = [pytest.mark.slow, pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")]
BATCH = small.text_batch(rows=4)


@pytest.mark.parametrize("case, workers", [("noisy", 2), ("few_rows", 3), ("gated", 2), ("matrices", 2)])
def test_the_steps_are_those_of_one_process(case, workers, monkeypatch):
    alone = shared_runs.CASES[case](1)
    monkeypatch.setattr(shared_runs, "PLACE", "fake")
    found = shared_runs.CASES[case](workers)
    for name, array in alone.items():
        assert found[name].shape == array.shape
        assert np.abs(found[name] - array).max() <= 1e-10 * max(1.0, np.abs(array).max()), name


def team(workers=2, model=None, **settings):
    model = (model or small.gpt(dtype=np.float32, dropout=0.1)).to("fake")
    return driver(model, AdamW(model), Settings(workers=workers, steps=100, log_every=50, **settings), lambda: BATCH)


@pytest.fixture(scope="module")
def pair():
    """Two devices that are at work, and twenty steps that they have taken."""
    with team() as (work, _):
        TALLY.clear()
        for step in range(20):
            work.gradients(BATCH, step)
            work.move(1e-3)
        yield work, TALLY.waits, dict(TALLY.launches)


def test_twenty_steps_wait_for_no_device_and_move_in_one_launch_each(pair):
    work, waits, launches = pair
    assert type(work) is Cards and work.size == 2 and waits == 0
    assert launches["one_after_another"] == launches["adamw"] == launches["settle"] == 20


def test_models_stay_equal_bit_for_bit(pair):
    ours, theirs = pair[0].figures([BATCH, BATCH])
    assert ours == theirs and ours["lm loss"][0] > 0


def with_a_bad_row(step: int):
    """The batch of a step; in the third step the last row, which is not the leader's, is all alike."""
    batch = small.text_batch(rows=4, seed=step)
    batch.ids[-1, 1:] = 1 if step == 2 else np.arange(6)
    return batch


def bad_for_rows_alike(model, batch, counts, rng):
    return model.loss(batch, counts, rng) * (np.nan if (batch.ids[:, 1:] == 1).all(-1).any() else 1.0)


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.filterwarnings("ignore:step 9")
def test_a_step_that_is_not_finite_for_one_is_taken_by_nobody(precision):
    """And named at the next log line; in half precision it is passed over, as on one device."""
    def run(workers):
        model = small.gpt(dtype=np.float32).to("fake")
        settings = Settings(steps=9, log_every=9, eps=1e-6, workers=workers, precision=precision)
        history = train(model, with_a_bad_row, settings, loss=bad_for_rows_alike, progress=False)
        return [row["loss"] for row in history.rows]

    if precision == "float32":
        with pytest.raises(NumericError, match="^step 3: the loss is nan, .* the gradient of .* is not finite"):
            run(2)
    else:
        assert run(2) == pytest.approx(run(1), rel=1e-4)


def test_a_process_that_is_killed_ends_the_run_and_says_what_is_left(tmp_path):
    others = multiprocessing.active_children()

    def batches(step):
        if step == 3:
            mine, = {*multiprocessing.active_children()} - {*others}
            os.kill(mine.pid, signal.SIGKILL)
        return BATCH

    with pytest.raises(WorkerError, match=r"worker 2 of 2 .* was ended by SIGKILL.*checkpoint-00000002 is untouched"):
        train(small.gpt().to("fake"), batches, Settings(steps=9, save_every=2, workers=2), out=tmp_path,
              progress=False)


def test_one_rank_alone_takes_the_steps_of_one_device():
    """What a machine with one GPU can try of all this."""
    found = []
    for share in (False, True):
        model = small.gpt(dropout=0.1).to("fake")
        settings = Settings(steps=100, log_every=50)
        work = OnDevice(model, AdamW(model), settings)
        with sharing(1, work, settings) if share else nullcontext(work) as driven:
            for step in range(3):
                driven.gradients(BATCH, step)
                driven.move(1e-3)
        found.append(model.state())
    assert all(np.array_equal(array, found[1][name]) for name, array in found[0].items())


# ---- where it cannot be ----

def refused(workers=2):
    with team(workers):
        pass


def test_fewer_devices_than_workers(monkeypatch):
    monkeypatch.setenv("FAKE_DEVICES", "1")
    with pytest.raises(InputError, match="^2 workers cannot share a step: each takes a GPU of its own, and of these "
                                         r"there is 1 here; take one \(--workers 1\)"):
        refused()


def test_without_nccl(monkeypatch):
    monkeypatch.setattr(fake_cuda.nccl, "available", False)
    with pytest.raises(InputError, match="GPUs share a step by NCCL, which is not installed; pip install "
                                         r"nvidia-nccl-cu12; take one \(--workers 1\)"):
        refused()
    assert nccl.said(xp).startswith("not installed")


def test_plain_descent_is_for_one_device():
    model = small.gpt().to("fake")
    with pytest.raises(InputError, match="several GPUs share the steps of adamw and muon, and the optimizer is SGD"), \
            driver(model, SGD(model), Settings(workers=2), lambda: BATCH):
        pass


def test_a_loss_that_cannot_be_sent_is_named():
    model = small.gpt().to("fake")
    with pytest.raises(InputError, match="what is sent must stand at the top of a module"):
        train(model, [BATCH], Settings(steps=1, workers=2), loss=lambda *given: model.loss(*given[1:]), progress=False)


@pytest.mark.parametrize("devices, said", [("1", "workers: 1, since the model is on a GPU"),
                                           ("3", "workers: 1, on one of 3 GPUs; --workers 3 takes all of them")])
def test_auto_takes_one_device_and_says_how_many_there_are(monkeypatch, devices, said):
    monkeypatch.setenv("FAKE_DEVICES", devices)
    with team("auto") as (work, line):
        assert type(work) is OnDevice and line == said


def test_a_run_of_several_goes_on_with_one_where_the_others_are_gone(monkeypatch, tmp_path):
    model = small.gpt(dtype=np.float32).to("fake")
    monkeypatch.setenv("FAKE_DEVICES", "1")
    with driver(model, AdamW(model), Settings(workers="auto"), lambda: BATCH, recorded=2) as (work, line):
        assert type(work) is OnDevice and line.startswith("workers: 1, since 2 workers cannot share a step")

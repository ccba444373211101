"""Do batches go up beside the work, never too early for who reads them, and never into memory that is still read?"""

import fake_kernels
import numpy as np
import pytest
import small
from fake_device import TALLY, asarray, xp
from fake_streams import NULL, Event, Stream, TooEarly

from tinyformer.cuda import uploads
from tinyformer.cuda.uploads import Uploads, up
from tinyformer.train import AdamW, Settings
from tinyformer.train.on_device import OnDevice

HOST = np.arange(6.0)


def steps(count: int, make=small.bert, batch=small.pretraining_batch) -> OnDevice:
    model = make(dtype=np.float32, dropout=0.1).to("fake")
    work = OnDevice(model, AdamW(model), Settings(steps=100, log_every=50))
    TALLY.clear()
    for step in range(count):
        work.gradients(batch(seed=step), step)
        work.move(1e-3)
    return work


@pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")
@pytest.mark.parametrize("model, batch, others", [(small.bert, small.pretraining_batch, 1),
                                                  (small.gpt, small.text_batch, 0)])
def test_batches_go_up_beside_the_work_and_nobody_waits(model, batch, others):
    """All but the places of BERT's masked words, by which a plain form picks rows."""
    steps(8, model, batch)
    assert TALLY.uploads - TALLY.beside == 8 * others and TALLY.beside > 8 * 3
    assert TALLY.waits == 0


@pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")
def test_work_that_does_not_wait_for_its_batch_is_noticed(monkeypatch):
    monkeypatch.setattr(NULL, "wait_event", lambda event: None)
    with pytest.raises(TooEarly, match="read before the event that says it has landed"):
        steps(1)


@pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")
def test_copies_that_do_not_wait_for_the_work_are_noticed(monkeypatch):
    """Into memory that an earlier step may still read."""
    monkeypatch.setattr(Uploads, "stretch", forgetful(Uploads.stretch))
    with pytest.raises(TooEarly, match="given out again that another stream may still read"):
        steps(8)


def forgetful(stretch):
    def changed(self):
        self.stream.wait_event = lambda event: None
        return stretch(self)
    return changed


def test_arrays_are_held_until_the_copies_know_that_their_readers_are_done():
    beside = Uploads(xp)
    for _ in range(uploads.BEHIND + 3):
        with beside.stretch():
            there = up(xp, HOST)
            assert (there * 2).shape == HOST.shape
    assert len(beside.before) == uploads.BEHIND
    assert sum(len(arrays) for arrays, _ in beside.before) == uploads.BEHIND


def test_what_is_there_stays_and_without_a_stretch_it_goes_up_in_order():
    TALLY.clear()
    there = up(xp, HOST)
    assert up(xp, there) is there and (TALLY.uploads, TALLY.beside) == (1, 0)


# The guard itself: what it complains of, and what not.


def test_an_event_orders_two_streams():
    other, event = Stream(non_blocking=True), Event()
    with other:
        a = asarray(HOST)
        event.record()
        a + 1                                                  # where it was written it is in order
    for early in (lambda: a + 1, lambda: a[2:].data, lambda: xp.exp(a), lambda: xp.concatenate([a, a])):
        with pytest.raises(TooEarly):
            early()
    NULL.wait_event(event)
    a + 1


def test_an_event_from_before_says_nothing():
    other, event = Stream(non_blocking=True), Event()
    event.record(other)
    with other:
        a = asarray(HOST)
    NULL.wait_event(event)
    with pytest.raises(TooEarly):
        a.copy()

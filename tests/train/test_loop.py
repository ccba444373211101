"""Is a run the same run each time, also when it is stopped and resumed; does it stop when it must; does it leak?"""

import csv
import gc
import json
import os
import signal
import tracemalloc
import warnings

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer.backend import to_host
from tinyformer.engine import primitive
from tinyformer.errors import CheckpointError, InputError, NumericError
from tinyformer.models import GPT, Bert
from tinyformer.train import Interrupted, Settings, evaluate, load_model, train
from tinyformer.train.log import read_lines

SETTINGS = Settings(steps=100, learning_rate=0.01, schedule="cosine", warmup=10, accumulate=2, log_every=1,
                    evaluate_every=20, save_every=25)


class Batches:
    """A batch for each step; `hooks` are called before the batch of theirs is given."""

    def __init__(self, make=small.pretraining_batch, hooks=None):
        self.make, self.hooks = make, hooks or {}

    def batch(self, step):
        self.hooks.get(step, lambda: None)()
        return self.make(seed=step)


def bert():
    return small.bert(spread=False, dtype=np.float32, dropout=0.1)


def quiet(model, batches=None, settings=SETTINGS, **options):
    return train(model, batches or Batches(), settings, progress=False,
                 validation=lambda: [small.pretraining_batch(seed=1000)], **options)


def numbers(history):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history.rows]


def equal(a, b):
    return all(np.array_equal(x.data, y.data) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@pytest.fixture(scope="module")
def whole():
    """The run that nothing interrupted: (model, history)."""
    model = bert()
    return model, quiet(model)


def interrupt(number=signal.SIGINT):
    return lambda: os.kill(os.getpid(), number)


# ---- the same run ----

def test_the_same_seed_gives_bit_equal_losses(whole):
    model = bert()
    history = quiet(model)
    assert len(history.rows) == 100 and numbers(history) == numbers(whole[1])
    assert history.evaluations == whole[1].evaluations and equal(model, whole[0])
    other = quiet(bert(), settings=Settings(**{**SETTINGS.__dict__, "seed": 1}))
    assert other.rows[0]["loss"] != history.rows[0]["loss"], "the seed decides the dropout"


def test_fifty_steps_a_resume_and_fifty_more_are_a_hundred(whole, tmp_path):
    with pytest.raises(Interrupted) as caught:
        quiet(bert(), Batches(hooks={49: interrupt()}), out=tmp_path)
    assert caught.value.step == 50 and caught.value.path == tmp_path / "checkpoint-00000050"
    assert caught.value.signal_number == signal.SIGINT
    model = bert()
    history = quiet(model, out=tmp_path, resume=True)
    assert equal(model, whole[0])
    assert numbers(history) == numbers(whole[1]) and history.evaluations == whole[1].evaluations
    lines = [line for line in read_lines(tmp_path / "log.jsonl") if "evaluation" not in line]
    assert [line["step"] for line in lines] == list(range(1, 101))
    with (tmp_path / "log.csv").open(newline="") as file:
        assert [int(line["step"]) for line in csv.DictReader(file)] == list(range(1, 101))
    assert history.final["tokens"] == whole[1].final["tokens"]
    assert equal(load_model(tmp_path)[0], whole[0])


def test_a_crash_between_checkpoints_costs_only_the_steps_since(whole, tmp_path):
    def crash():
        raise RuntimeError("the power went off")
    with pytest.raises(RuntimeError):
        quiet(bert(), Batches(hooks={63: crash}), out=tmp_path)
    assert read_lines(tmp_path / "log.jsonl")[-1]["step"] == 63
    model = bert()
    history = quiet(model, out=tmp_path, resume="auto")
    assert "resumed from" in history.notes[0] and "checkpoint-00000050" in history.notes[0]
    assert equal(model, whole[0]) and numbers(history) == numbers(whole[1])


def test_a_damaged_checkpoint_is_passed_over_and_said_so(whole, tmp_path):
    with pytest.raises(Interrupted):
        quiet(bert(), Batches(hooks={49: interrupt(signal.SIGTERM)}), out=tmp_path)
    newest = tmp_path / "checkpoint-00000050" / "optimizer.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="optimizer.safetensors"):
        quiet(bert(), out=tmp_path, resume=newest.parent)
    model = bert()
    history = quiet(model, out=tmp_path, resume=True)
    assert "passed over checkpoint-00000050" in history.notes[0] and "at step 25" in history.notes[1]
    assert equal(model, whole[0])


def test_the_same_steps_on_another_device():
    settings = Settings(steps=20, learning_rate=0.01, accumulate=2, clip=0.5)
    for make, batch in ((small.bert, small.pretraining_batch), (small.gpt, small.text_batch)):
        here, there = make(spread=False), make(spread=False).to("fake")
        one = train(here, Batches(batch), settings, progress=False)
        two = train(there, Batches(batch), settings, progress=False)
        assert one.final["loss"] == pytest.approx(two.final["loss"], abs=1e-10)
        assert max(np.abs(a.data - to_host(b.data)).max()
                   for a, b in zip(here.parameters(), there.parameters(), strict=True)) < 1e-10


# ---- what a run leaves behind ----

def test_the_folder_of_a_run(tmp_path):
    history = quiet(bert(), out=tmp_path / "deep" / "run", facts={"unigram entropy": 2.5})
    left = sorted(path.name for path in (tmp_path / "deep" / "run").iterdir())
    assert left == ["MANIFEST.json", "checkpoint-00000075", "checkpoint-00000100", "config.json", "log.csv",
                    "log.jsonl", "metrics.json", "model.safetensors"]
    metrics = json.loads((tmp_path / "deep" / "run" / "metrics.json").read_text())
    assert metrics == {"unigram entropy": 2.5, **history.final}
    assert history.final["tokens"] == sum(int(small.pretraining_batch(seed=step).keep.sum()) for step in range(100))
    assert history.final["loss"] == history.rows[-1]["loss"] and history.final["steps"] == 100
    assert history.final["val mlm loss"] == history.evaluations[-1]["mlm loss"]
    assert [line["step"] for line in history.evaluations] == [20, 40, 60, 80, 100]


def test_a_folder_in_use_is_not_overwritten_unless_asked(tmp_path):
    short = Settings(steps=2)
    quiet(bert(), out=tmp_path, settings=short)
    before = (tmp_path / "log.jsonl").read_bytes()
    with pytest.raises(InputError, match="holds a run already.*--resume.*--overwrite"):
        quiet(bert(), out=tmp_path, settings=short)
    assert (tmp_path / "log.jsonl").read_bytes() == before
    quiet(bert(), out=tmp_path, settings=Settings(steps=3), overwrite=True)
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-00000003"]


def test_resuming_a_complete_run_trains_nothing(tmp_path, capsys):
    first = quiet(bert(), out=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = train(bert(), Batches(), SETTINGS, out=tmp_path, resume=True)
    assert again.final == first.final and numbers(again) == numbers(first)
    assert "the run is complete" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_cannot_be_resumed_is_said(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint to resume from"):
        quiet(bert(), out=tmp_path, resume=True)
    with pytest.raises(InputError, match="no folder to resume from"):
        quiet(bert(), resume=True)
    history = quiet(bert(), out=tmp_path, resume="auto", settings=Settings(steps=4, save_every=2))
    assert "a fresh start" in history.notes[0]
    with pytest.raises(InputError, match="gone on to checkpoint-00000004"):
        quiet(bert(), out=tmp_path, resume=tmp_path / "checkpoint-00000002", settings=Settings(steps=4))
    history = quiet(bert(), out=tmp_path, resume=True, settings=Settings(steps=6, learning_rate=0.5, log_every=3))
    said = " ".join(history.notes)
    assert "settings learning_rate: 0.001 then, 0.5 now" in said and "settings steps: 4 then, 6 now" in said
    assert "log_every" not in said, "how often one looks changes no number"


def test_a_run_that_died_before_its_first_checkpoint_starts_afresh(tmp_path):
    with pytest.raises(KeyError):
        quiet(bert(), Batches(hooks={3: lambda: {}["gone"]}), out=tmp_path)
    history = quiet(bert(), out=tmp_path, resume="auto", settings=Settings(steps=2, log_every=1))
    assert "a fresh start" in history.notes[0] and [row["step"] for row in history.rows] == [1, 2]
    assert len(read_lines(tmp_path / "log.jsonl")) == 3, "two steps and an evaluation, nothing of the dead run"


def test_facts_that_no_file_can_hold_are_refused_before_the_first_step(tmp_path):
    with pytest.raises(ValueError, match="facts: entropy is nan"):
        quiet(bert(), out=tmp_path, facts={"entropy": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_place_where_nothing_can_be_written_is_named_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="a folder is needed|cannot be written"):
            quiet(bert(), Batches(hooks={0: lambda: pytest.fail("a step was taken")}), out=out)


# ---- when it must stop ----

def test_a_nan_stops_the_run_and_names_step_and_parameter(tmp_path):
    model = bert()

    def poison():
        model.bert.pooler.weight.data[0, 0] = np.nan
    with pytest.raises(NumericError, match="step 31: the loss is nan.*checkpoint-00000025 is untouched"):
        quiet(model, Batches(hooks={30: poison}), out=tmp_path)
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-00000025"]
    again = bert()
    assert quiet(again, out=tmp_path, resume=True).final["steps"] == 100


@primitive(register=False)
def explode(xp, x, *, factor):
    """x itself, with a gradient that is not its own."""
    return x.copy(), lambda dout: dout * factor


class Exploding(GPT):
    """A GPT whose loss is fine and one of whose gradients is not."""

    def loss(self, batch, counts=None, rng=None):
        gain = self.layers[1].feed_norm.gain
        self.layers[1].feed_norm.gain = explode(gain, factor=float("inf"))
        loss = super().loss(batch, counts, rng)
        self.layers[1].feed_norm.gain = gain
        return loss


def test_one_infinite_gradient_is_named_and_no_step_is_taken():
    model = small.gpt()
    model.__class__ = Exploding
    before = {name: array.copy() for name, array in model.state().items()}
    with pytest.raises(NumericError, match=r"step 1: the loss is \d.*gradient of layers\.1\.feed_norm\.gain is not"):
        train(model, Batches(small.text_batch), Settings(steps=3), progress=False)
    assert all(np.array_equal(array, before[name]) for name, array in model.state().items())


def test_a_second_ctrl_c_stops_at_once_and_the_handlers_come_back(tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def twice():
        interrupt()()
        interrupt()()
    with pytest.raises(KeyboardInterrupt) as caught:
        quiet(bert(), Batches(hooks={30: twice}), out=tmp_path)
    assert type(caught.value) is KeyboardInterrupt
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-00000025"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_without_a_folder_a_stop_says_that_nothing_was_saved():
    with pytest.raises(Interrupted, match="after step 3; nothing was saved"):
        quiet(bert(), Batches(hooks={2: interrupt()}))


# ---- evaluation and memory ----

def test_evaluation_weighs_every_target_alike():
    model, batches = small.bert(), [small.pretraining_batch(rows, seed=rows) for rows in (1, 2, 5)]
    found = evaluate(model, iter(batches))
    counts = [len(batch.targets) for batch in batches]
    losses = [model.measure(batch)["mlm loss"][0] for batch in batches]
    assert found["mlm loss"] == pytest.approx(sum(losses) / sum(counts), rel=1e-12)
    assert found.keys() == {"mlm loss", "mlm accuracy", "pair loss", "pair accuracy"}
    with pytest.raises(ValueError, match="no batch"):
        evaluate(model, [])
    model.word_bias.data[3] = np.nan
    with pytest.raises(NumericError, match="mlm loss is nan"):
        evaluate(model, batches)


def test_what_is_frozen_stays():
    model = bert()
    for p in Bert.parameters(model.bert):
        p.requires_grad = False
    before = {name: array.copy() for name, array in model.state().items()}
    quiet(model, settings=Settings(steps=5))
    for name, array in model.state().items():
        assert np.array_equal(array, before[name]) == name.startswith("bert."), name


@pytest.mark.slow
def test_memory_is_flat_over_a_thousand_steps():
    """What Python and NumPy hold at step 1,000 is what they held at step 100, within 1 %."""
    held = {}

    def look(step):
        gc.collect()
        held[step] = tracemalloc.get_traced_memory()[0]
    tracemalloc.start()
    try:
        model = small.gpt(dtype=np.float32, width=32, vocabulary=100, layers=1)
        hooks = {step: lambda step=step: look(step) for step in (100, 400, 700, 999)}
        train(model, Batches(small.text_batch, hooks), Settings(steps=1000, log_every=1000), progress=False)
    finally:
        tracemalloc.stop()
    assert max(held.values()) <= 1.01 * held[100] and min(held.values()) >= 0.99 * held[100], held


@pytest.mark.parametrize("name", ["vocab.txt", "metrics.json", "model.safetensors"])
def test_files_that_stand_in_the_folder_are_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"holds a run already.*{name}"):
        quiet(bert(), out=tmp_path, settings=Settings(steps=2))
    assert (tmp_path / name).read_text() == "mine"


def test_a_run_that_leaves_the_finite_numbers_says_so_and_nothing_else():
    with warnings.catch_warnings(), pytest.raises(NumericError):
        warnings.simplefilter("error")
        quiet(bert(), settings=Settings(steps=20, learning_rate=1e30, warmup=0, clip=None))

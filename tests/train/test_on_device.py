"""Does a GPU take the host's steps, wait for nothing between log lines, and refuse a step that is not finite?"""

import importlib.util
import warnings
import weakref

import fake_kernels
import numpy as np
import pytest
import small
from fake_device import TALLY, asarray

from tinyformer.backend import to_device, to_host
from tinyformer.cli import explain
from tinyformer.engine import Tensor
from tinyformer.errors import InputError, NumericError
from tinyformer.nn import Module
from tinyformer.ops import mean_squared_error, multiply
from tinyformer.train import Settings, train
from tinyformer.train.drivers import driver
from tinyformer.train.muon import Muon
from tinyformer.train.on_device import OnDevice
from tinyformer.train.optimizers import SGD, AdamW
from tinyformer.train.step import clip_gradients

pytestmark = pytest.mark.skipif(fake_kernels.COMPILER is None, reason="no C compiler")
MODELS = {"BERT": (small.bert, small.pretraining_batch), "GPT": (small.gpt, small.text_batch)}


def run(make, batch, settings, device, dtype):
    """The history of a run, and all weights after it."""
    model = make(spread=False, dtype=dtype, dropout=0.1).to(device)
    history = train(model, lambda step: batch(rows=4, seed=step), settings, progress=False)
    return history, np.concatenate([to_host(p.data).ravel() for p in model.parameters()])


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-10), (np.float32, 1e-4)])
@pytest.mark.parametrize("name", MODELS)
def test_twenty_steps_end_where_the_host_ends(name, dtype, tolerance, optimizer):
    settings = Settings(steps=20, learning_rate=1e-3, eps=1e-6, clip=0.5, weight_decay=0.1, log_every=5,
                        optimizer=optimizer)
    expected, weights = run(*MODELS[name], settings, "cpu", dtype)
    found, moved = run(*MODELS[name], settings, "fake", dtype)
    assert np.linalg.norm(moved - weights) <= tolerance * np.linalg.norm(weights)
    for ours, theirs in zip(found.rows, expected.rows, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=tolerance)
        assert ours["grad_norm"] == pytest.approx(theirs["grad_norm"], rel=tolerance)


@pytest.mark.parametrize("kind", [AdamW, Muon])
@pytest.mark.parametrize("name", MODELS)
def test_twenty_steps_wait_for_nothing_and_move_in_one_launch_each(name, kind):
    make, batch = MODELS[name]
    model = make(dtype=np.float32, dropout=0.1).to("fake")
    optimizer = kind(model)
    with driver(model, optimizer, Settings(steps=100, log_every=50), lambda: batch()) as (work, _):
        assert type(work) is OnDevice
        TALLY.clear()
        for step in range(20):
            work.gradients(batch(seed=step), step)
            work.move(1e-3)
        assert TALLY.waits == 0
        assert TALLY.launches["adamw"] == TALLY.launches["squares"] == TALLY.launches["settle"] == 20
        shapes = {matrix[2:] for matrix in optimizer.matrices} if kind is Muon else ()
        assert TALLY.launches["look_ahead"] == TALLY.launches["go"] == 20 * len(shapes)


def test_parameters_of_their_own_rates_and_without_gradients_move_as_on_the_host():
    def moved(device):
        rng = np.random.default_rng(0)
        sizes = {"a": (3, 4), "still": (2, 2), "b": (9000, 2), "c": 5}
        parameters = {name: Tensor(rng.normal(size=size)).to(device) for name, size in sizes.items()}
        optimizer = AdamW(parameters, weight_decay=0.1, rates={"b": 0.5})
        work = OnDevice(None, optimizer, Settings()) if device == "fake" else None
        for step in range(4):
            for name, p in parameters.items():
                grad = rng.normal(size=p.shape)
                p.grad = None if name == "still" or (name, step) == ("c", 2) else to_device(grad, device)
            if work is None:
                clip_gradients(parameters.values(), 0.7)
                optimizer.step(1e-2)
            else:
                work.moves.settle(step + 1, asarray(1.0), 0.7)
                work.moves.move(1e-2)
        return [to_host(p.data) for p in parameters.values()], [slot.steps for slot in optimizer.slots]

    (weights, steps), (expected, their_steps) = moved("fake"), moved("cpu")
    assert steps == their_steps and sorted(steps) == [0, 3, 4, 4]
    for ours, theirs in zip(weights, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13)


# ---- steps that are not finite ----


class Bowl(Module):
    """x² times the number that is the batch, so that a test can say what is not finite, and when."""

    def __init__(self, dtype=np.float32):
        self.first, self.x = Tensor(np.ones(2, dtype)), Tensor(np.full((3, 2), 2, dtype))

    def loss(self, batch, counts, rng):
        off = mean_squared_error(self.first, target=np.zeros(2))
        return off + multiply(mean_squared_error(self.x, target=np.zeros((3, 2))), asarray(np.float32(batch)))


def factors(count, **bad):
    """A batch for each step: 1, but for the steps that are named, as s7=np.inf."""
    return lambda step: np.array(bad.get(f"s{step + 1}", 1.0))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_first_bad_step_is_named_at_the_next_log_line_and_nothing_has_moved_since(value):
    good, bad = Bowl().to("fake"), Bowl().to("fake")
    train(good, factors(6), Settings(steps=6, schedule="constant"), progress=False)
    with pytest.raises(NumericError, match=r"^step 7: the loss is (nan|inf), .*the gradient of x is not finite"):
        train(bad, factors(30, s7=value), Settings(steps=30, schedule="constant", log_every=10), progress=False)
    assert (to_host(bad.x.data) == to_host(good.x.data)).all() and not (to_host(bad.x.data) == 2).any()


@pytest.mark.parametrize("precision, moves", [("float32", 1), ("float16", 2)])
def test_matrices_stay_where_a_step_is_not_finite_and_so_do_their_averages(precision, moves):
    """In half precision the second of three steps is passed over; in float32 the third is not taken either."""
    def loss(model, batch, counts, rng):
        return model.loss(batch, counts, rng) * batch.by

    def after(factors):
        model = small.gpt(dtype=np.float32).to("fake")
        optimizer = Muon(model, eps=1e-6)
        settings = Settings(steps=9, precision=precision, log_every=9)
        with driver(model, optimizer, settings, lambda: None, loss=loss) as (work, _):
            for step, by in enumerate(factors):
                batch = small.text_batch()
                object.__setattr__(batch, "by", by)
                work.gradients(batch, step)
                work.move(1e-3)
            work.collect()
        return [to_host(a) for a in (optimizer.values, *optimizer.memory.values())], optimizer.slots[0].steps

    (found, steps), (expected, their_steps) = after([1.0, float("nan"), 1.0]), after([1.0] * moves)
    assert steps == their_steps or precision == "float32"      # a run that has ended counts no longer
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-8)


def test_half_precision_passes_over_what_overflows_halves_the_scale_and_says_so():
    settings = Settings(steps=20, schedule="constant", log_every=10, precision="float16")
    whole, patchy = Bowl().to("fake"), Bowl().to("fake")
    train(whole, factors(18), Settings(steps=18, schedule="constant"), progress=False)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        train(patchy, factors(20, s3=np.inf, s4=np.inf), settings, progress=False)
    assert [str(w.message) for w in said if "overflowed" in str(w.message)] == [
        "step 10: 2 steps overflowed in half precision and were passed over; the loss scale is 16384 now"]
    np.testing.assert_allclose(to_host(patchy.x.data), to_host(whole.x.data), rtol=1e-6)       # 18 steps, and no 20


@pytest.mark.filterwarnings("ignore:step 30")
def test_half_precision_gives_up_after_many_overflows_in_a_row():
    def always(step):
        return np.array(np.inf)

    with pytest.raises(NumericError, match=r"^step 24: .*gradient of x, after 23 halvings of the loss scale in a row, "
                                           r"to 0.0078125 \(float32 and bfloat16 need none\), is not finite"):
        train(Bowl().to("fake"), always, Settings(steps=60, precision="float16", log_every=30), progress=False)


def test_the_scale_doubles_after_many_good_steps(monkeypatch):
    from tinyformer.cuda.adamw import GROWTH, Moves
    model = Bowl().to("fake")
    moves = Moves(AdamW(model), scaled=True)
    moves.state[8] = float(GROWTH - 1)                         # good steps so far
    cost = multiply(model.loss(np.array(1.0), None, None), moves.scale().astype(np.float32))
    cost.backward()
    moves.settle(1, cost.data, None)
    found = moves.look(to_host)
    assert found["scale"] == 131072 and found["good"] == 0 and found["factor"] == 1 / 65536


def test_steps_that_were_passed_over_are_not_counted_when_a_run_is_saved():
    model, batches = Bowl().to("fake"), factors(6, s2=np.inf)
    optimizer, settings = AdamW(model), Settings(steps=6, precision="float16", log_every=10)
    with driver(model, optimizer, settings, lambda: None) as (work, _):
        for step in range(6):
            work.gradients(batches(step), step)
            work.move(1e-3)
            if step == 3:
                work.collect()
                assert {slot.steps for slot in optimizer.slots} == {3}
    with driver(whole_model := Bowl().to("fake"), AdamW(whole_model), settings, lambda: None) as (work, _):
        for step in range(5):
            work.gradients(np.array(1.0), step)
            work.move(1e-3)
    np.testing.assert_allclose(to_host(model.x.data), to_host(whole_model.x.data), rtol=1e-6)


@pytest.mark.parametrize("room, said", [
    (1, "4 rows of 7 positions does not fit, and in 4 parts it does: --accumulate 4, or --batch-size 1"),
    (0, "4 rows of 7 positions does not fit, nor does any part of it: take a shorter --max-length")])
def test_what_fits_is_found_where_memory_runs_out(room, said):
    tried = []

    def loss(model, batch, counts, rng):
        assert not any(value() for value in tried), "what an earlier try has computed is in the way of this one"
        value = model.loss(batch, counts, rng)
        tried.append(weakref.ref(value))
        if len(batch) > room:
            raise MemoryError("Out of memory allocating 9 bytes (allocated so far: 5 bytes).")
        tried.clear()
        return value

    with pytest.raises(MemoryError, match=rf"^Out of memory allocating 9 bytes \(.*\); a batch of {said}") as found:
        train(small.gpt().to("fake"), [small.text_batch(rows=4)], Settings(steps=1), loss=loss, progress=False)
    status, message = explain(found.value)
    assert status == 1 and message.startswith("out of memory: Out of memory allocating 9 bytes")
    assert message.count("--accumulate") == (room > 0)


def test_info_says_what_the_card_is():
    from tinyformer.commands.info import card
    assert card("fake") == (
        "A fake device, capability 9.0, 70.0 of 80.0 GB free; driver for CUDA 12.8, toolkit 12.9, CuPy 0; its pool "
        "holds 5 MB, of which 3 are in use; GPUs: 4, NCCL: 2.27.3")


# ---- in which precision ----

@pytest.mark.parametrize("precision, off", [("tf32", 5e-3), ("float16", 5e-3), ("bfloat16", 3e-2)])
@pytest.mark.parametrize("name", MODELS)
def test_rounded_factors_learn_what_float32_learns(name, precision, off):
    if precision == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="without it NumPy has no bfloat16")
    settings = dict(steps=10, learning_rate=1e-3, eps=1e-6, clip=0.5, log_every=1)
    exact, weights = run(*MODELS[name], Settings(**settings), "fake", np.float32)
    rounded, moved = run(*MODELS[name], Settings(**settings, precision=precision), "fake", np.float32)
    losses = [[row["loss"] for row in history.rows] for history in (exact, rounded)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=off)
    assert losses[0] != losses[1]                              # they were rounded
    assert np.linalg.norm(moved - weights) < off * np.linalg.norm(weights) and moved.dtype == np.float32


@pytest.mark.skipif(importlib.util.find_spec("ml_dtypes") is not None, reason="NumPy has bfloat16 here")
def test_bfloat16_says_where_it_comes_from():
    with pytest.raises(InputError, match="precision bfloat16: NumPy has no such numbers; pip install ml_dtypes"):
        train(small.gpt(dtype=np.float32).to("fake"), [small.text_batch()], Settings(steps=1, precision="bfloat16"),
              progress=False)


def test_another_precision_is_for_a_gpu_and_adamw():
    with pytest.raises(InputError, match="precision is 'float16', and the model is on cpu"):
        train(small.gpt(), [small.text_batch()], Settings(steps=1, precision="float16"), progress=False)
    model = small.gpt().to("fake")
    with pytest.raises(InputError, match="precision is 'tf32', and the optimizer is SGD"), driver(
            model, SGD(model), Settings(precision="tf32"), None):
        pass
    with pytest.raises(InputError, match="precision is 'half'; it must be one of: float32, tf32, float16, bfloat16"):
        Settings(precision="half")

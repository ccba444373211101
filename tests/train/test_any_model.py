"""Does the loop train a model of one's own, on batches of one's own, with a loss of one's own, in fewer lines?"""

import json
from dataclasses import replace

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer.backend import device_of, library, to_host
from tinyformer.data.batches import Rows
from tinyformer.engine import Tensor
from tinyformer.errors import CheckpointError, InputError
from tinyformer.models import TokenTagger
from tinyformer.nn import Linear, Module
from tinyformer.ops import mean_squared_error, tanh
from tinyformer.train import Settings, evaluate, load_model, train
from tinyformer.train.any_batches import batch_of, tokens_in, why_whole

SETTINGS = Settings(steps=30, learning_rate=0.02, log_every=1, evaluate_every=10, save_every=10)


class Net(Module):
    """One hidden layer, no config, no loss, no tokens; it remembers the running mean of what came in."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.widen, self.narrow = Linear(2, 16, rng, std=0.5), Linear(16, 1, rng, std=0.3)
        self.buffers = {"seen": np.zeros(2, np.float32), "steps": np.zeros((), np.int64)}

    def __call__(self, x):
        return self.narrow(tanh(self.widen(x))).reshape(-1)


def points(step):
    x = np.random.default_rng(step).normal(size=(8, 2)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1]).astype(np.float32)


def loss(net, batch, counts, rng):
    x, y = batch
    return mean_squared_error(net(x), target=y)


def remembering(net, batch, counts, rng):
    """The loss, and the new values of the buffers: a mean that moves, and a counter."""
    fresh = {"seen": net.buffers["seen"] * np.float32(0.9) + batch[0].mean(0) * np.float32(0.1),
             "steps": net.buffers["steps"] + 1}
    return loss(net, batch, counts, rng), fresh


def measure(net, batch):
    errors = to_host(net(batch[0]).data) - batch[1]
    return {"squared error": (float(errors @ errors), len(errors))}


def test_a_loss_a_function_of_the_step_and_a_tuple_are_enough():
    net = Net()
    before = evaluate(net, [points(1000)], measure)
    history = train(net, points, Settings(steps=300, learning_rate=0.03), loss=loss, measure=measure,
                    validation=[points(1000)], progress=False)
    assert history.final["val squared error"] < 0.1 * before["squared error"]
    assert history.final["tokens"] == 0


class Points:
    def batch(self, step):
        return points(step % 3)


@pytest.mark.parametrize("batches", [lambda step: points(step % 3), [points(0), points(1), points(2)], Points()])
def test_a_function_a_list_and_an_object_give_the_same_run(batches):
    net, other = Net(), Net()
    train(net, batches, SETTINGS, loss=loss, progress=False)
    train(other, Points(), SETTINGS, loss=loss, progress=False)
    assert all(np.array_equal(a, other.state()[name]) for name, a in net.state().items())


def test_the_loss_that_is_given_comes_before_the_models_own():
    model, seen = small.gpt(dtype=np.float32), []

    def half(model, batch, counts, rng):
        seen.append((counts, rng is not None))
        return model.loss(batch, counts, rng) * 0.5
    whole = float(model.loss(small.text_batch()).data)
    history = train(model, [small.text_batch()], Settings(steps=1, log_every=1), loss=half, progress=False)
    assert history.rows[0]["loss"] == pytest.approx(whole / 2, rel=1e-6)
    assert seen == [(small.text_batch().counts, True)]


@pytest.mark.parametrize("batches, error, words", [
    (points(0), TypeError, "a tuple of arrays is one batch; put it into a list"),
    (iter([points(0)]), TypeError, "list_iterator; it must be an object with batch"),
    ([], ValueError, "empty"), ("text", TypeError, "is a str"), (7, TypeError, "is a int")])
def test_what_cannot_give_batches_is_refused(batches, error, words):
    with pytest.raises(error, match=words):
        batch_of(batches)


def test_what_is_missing_is_named_before_a_folder_is_made(tmp_path):
    with pytest.raises(TypeError, match=r"Net has no loss; give loss=..., a function \(model, batch, counts, rng\)"):
        train(Net(), points, SETTINGS, out=tmp_path / "a", progress=False)
    with pytest.raises(TypeError, match="Net has no measure; give measure=..."):
        train(Net(), points, SETTINGS, loss=loss, validation=[points(0)], out=tmp_path / "a", progress=False)
    assert not (tmp_path / "a").exists()
    with pytest.raises(TypeError, match="the loss of Net is a float; it must be a Tensor"):
        train(Net(), points, SETTINGS, loss=lambda *parts: 0.5, progress=False)


# ---- parts of a batch ------------------------------------------------------------------------------------------------


class Pairs(Rows):
    """A batch whose rows are compared with one another."""

    divisible = False


class Together(Net):
    """A model in which the rows of a batch share their statistics."""

    divisible = False


def test_a_batch_that_cannot_be_divided_is_refused_by_name():
    settings = Settings(steps=1, accumulate=2)
    with pytest.raises(InputError, match="accumulate is 2, .*: a tuple has no split and no counts; leave"):
        train(Net(), points, settings, loss=loss, progress=False)
    with pytest.raises(InputError, match="Pairs says that its rows depend on one another"):
        train(Net(), [Pairs()], settings, loss=loss, progress=False)
    batch = small.text_batch()
    assert "Together" in why_whole(Together(), batch) and why_whole(Net(), batch) == ""
    train(Net(), points, Settings(steps=1), loss=loss, progress=False)


def test_tokens_are_counted_where_there_are_any():
    assert tokens_in(points(0)) == 0 and tokens_in(small.text_batch(3, 7)) == 21
    assert tokens_in(small.pretraining_batch(2, 7)) == 12


# ---- buffers, and folders of models that no published form describes -------------------------------------------------


def test_the_loop_puts_new_buffers_back_and_checkpoints_keep_them(tmp_path):
    whole = Net()
    train(whole, points, SETTINGS, loss=remembering, progress=False)
    expected = np.zeros(2, np.float32)
    for step in range(30):
        expected = expected * np.float32(0.9) + points(step)[0].mean(0) * np.float32(0.1)
    assert np.array_equal(whole.buffers["seen"], expected) and whole.buffers["steps"] == 30

    class Stopped(Exception):
        pass

    def stopping(step):
        if step == 17:
            raise Stopped
        return points(step)
    with pytest.raises(Stopped):
        train(Net(), stopping, SETTINGS, loss=remembering, out=tmp_path, progress=False)
    again = Net(seed=5)
    history = train(again, points, SETTINGS, loss=remembering, out=tmp_path, resume=True, progress=False)
    assert "at step 10" in history.notes[0]
    assert all(np.array_equal(a, again.state()[name]) for name, a in whole.state().items())


def test_a_folder_keeps_a_model_of_ones_own_and_says_how_to_open_it(tmp_path):
    net = Net()
    train(net, points, SETTINGS, loss=remembering, out=tmp_path, progress=False)
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == ["Net"]
    with pytest.raises(CheckpointError, match=r"holds a Net of its author's own; .*load\(folder, model\)"):
        load_model(tmp_path)
    again, _ = load_model(tmp_path, Net(seed=9))
    assert all(np.array_equal(a, again.state()[name]) for name, a in net.state().items())
    with pytest.raises(CheckpointError, match="missing: bias"):
        load_model(tmp_path, Linear(2, 3, None))


class Signed(type(small.gpt())):
    """A GPT with one parameter more, for which the published form has no place."""

    def __init__(self, *parts):
        super().__init__(*parts)
        self.sign = Tensor(np.full(3, 7.0))


def test_nothing_of_a_subclass_is_lost(tmp_path):
    config = small.gpt().config
    model = Signed(config, np.random.default_rng(0))
    model.to(dtype=np.float32)
    train(model, [small.text_batch()], Settings(steps=2), out=tmp_path, progress=False)
    again, _ = load_model(tmp_path, Signed(config, None))
    assert np.array_equal(again.sign.data, model.sign.data)


def test_a_checkpoint_that_does_not_fit_changes_nothing(tmp_path):
    train(Net(), points, SETTINGS, loss=loss, out=tmp_path, progress=False)
    other = Net()
    other.buffers = {}
    with pytest.raises(CheckpointError, match="unexpected: seen"):
        train(other, points, SETTINGS, loss=loss, out=tmp_path, resume=True, progress=False)


def test_new_buffers_of_a_part_are_refused():
    batch = small.text_batch()
    with pytest.raises(InputError, match=r"accumulate is 2, but Net gives new values of its buffers \(steps\)"):
        train(Net(), [batch], Settings(steps=1, accumulate=2), progress=False,
              loss=lambda net, part, counts, rng: (net.narrow.bias.sum(), {"steps": net.buffers["steps"] + 1}))


def test_buffers_live_on_the_device_of_the_model():
    net = Net().to("fake")

    def there(net, batch, counts, rng):
        xp = library(net.buffers["seen"])
        x = xp.asarray(batch[0])
        fresh = {"seen": net.buffers["seen"] * np.float32(0.9).item() + x.mean(0) * 0.1}
        return mean_squared_error(net(x), target=xp.asarray(batch[1])), fresh
    train(net, points, Settings(steps=3), loss=there, progress=False)
    assert device_of(net.buffers["seen"]) == device_of(net.buffers["steps"]) == "fake"
    assert isinstance(net.state()["seen"], np.ndarray) and net.state()["seen"].any()


# ---- nothing is asked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize("make, batch, field", [
    (small.gpt, small.text_batch, "targets"), (small.seq2seq, small.seq2seq_batch, "targets"),
    (lambda **more: small.bert(pair_objective="none", **more), small.pretraining_batch, "positions"),
    (lambda **more: small.head(TokenTagger, **more), lambda: small.head_batch(TokenTagger), "labels")])
def test_a_batch_without_a_single_target_moves_nothing_and_warns(make, batch, field, pieces):
    model = make(spread=False)
    batch = batch()
    if field == "positions":
        batch = replace(batch, positions=batch.positions[:0], targets=batch.targets[:0])
    else:
        batch = replace(batch, **{field: np.full_like(getattr(batch, field), -100)})
    with pytest.warns(UserWarning, match="every target of the batch is ignored"):
        loss = model.loss(batch)
    gradients = small.gradients(model, lambda: loss)
    assert loss.item() == 0 and not any(g.any() for g in gradients.values() if g is not None)
    before = {name: array.copy() for name, array in model.state().items()}
    with pytest.warns(UserWarning, match="every target"):
        history = train(model, [batch], Settings(steps=3, log_every=1, weight_decay=0.0, accumulate=pieces),
                        validation=[batch], progress=False)
    assert [row["loss"] for row in history.rows] == [0, 0, 0] and [row["grad_norm"] for row in history.rows] == [0] * 3
    assert all(np.array_equal(array, before[name]) for name, array in model.state().items())

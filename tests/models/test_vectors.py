"""Is a reader of vectors BERT, or GPT, but for its first line; and does it learn to see what is hidden?"""

import json
from dataclasses import dataclass

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest
import small

from tinyformer.backend import to_host
from tinyformer.data.vectors import hide
from tinyformer.errors import InputError
from tinyformer.models import MaskedVectors, VectorConfig, VectorEncoder
from tinyformer.options import option
from tinyformer.pretraining import OBJECTIVES, stages
from tinyformer.pretraining.objective import Objective
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.rng import stream
from tinyformer.train import Settings, load_model, train
from tinyformer.train.step import accumulate


def spelled(model, causal: bool) -> VectorEncoder:
    """The reader of vectors with the numbers of a Bert or a GPT: each word is a vector with a single 1."""
    c = model.config
    config = VectorConfig(features=c.vocabulary, layers=c.layers, heads=c.heads, width=c.width, inner=c.inner,
                          context=c.context, dropout=0.0, activation=c.activation, eps=c.eps, causal=causal)
    found = VectorEncoder(config, np.random.default_rng(0)).to(dtype=np.float64)
    numbers = model.state()
    first = {"project.weight": numbers["words.weight"].T, "project.bias": np.zeros(c.width)}
    if "segments.weight" in numbers:
        first["project.bias"] = numbers["segments.weight"][0]
    return found.load({name: first.get(name, numbers.get(name)) for name in found.state()})


def test_the_first_line_is_all_that_differs():
    batch = small.pretraining_batch()
    vectors = np.eye(small.VOCABULARY)[batch.ids]
    bert, gpt = small.bert().bert, small.gpt()
    there = np.where(batch.keep[..., None], 1, 0)
    difference = bert(batch.ids, keep=batch.keep).data - spelled(bert, False)(vectors, batch.keep).data
    assert np.abs(difference * there).max() < 1e-13
    assert np.abs(gpt.hidden(batch.ids).data - spelled(gpt, True)(vectors).data).max() < 1e-13


@pytest.mark.parametrize("causal", [False, True])
def test_only_a_causal_one_is_blind_to_what_comes_later(causal):
    model, batch = small.vectors(causal=causal).encoder, small.vector_batch()
    changed = batch.vectors.copy()
    changed[:, 4] += 1
    moved = np.abs(model(batch.vectors).data - model(changed).data).max(axis=(0, 2)) > 1e-12
    assert moved.tolist() == [not causal] * 4 + [True] * 3


def test_padding_is_not_seen_and_too_much_is_refused():
    model, batch = small.vectors(), small.vector_batch()
    noisy = np.where(batch.keep[..., None], batch.vectors, 1e3)
    difference = model(batch.vectors, batch.keep).data - model(noisy, batch.keep).data
    assert np.abs(difference[batch.keep]).max() < 1e-12
    for wrong in (np.zeros((1, 10, 5)), np.zeros((1, 3, 4))):
        with pytest.raises(ValueError, match=r"VectorEncoder: vectors are \(1, .* has room for 9 positions of 5 feat"):
            model(wrong)
    with pytest.raises(InputError, match="features is 0"):
        VectorConfig(features=0)


def test_a_share_of_each_row_is_hidden_and_never_padding():
    rng = np.random.default_rng(0)
    keep = np.arange(20) < np.array([[20], [10], [1]])
    batch = hide(rng.normal(size=(3, 20, 2)), keep, 0.3, rng)
    assert batch.hidden.sum(-1).tolist() == [6, 3, 1] and not (batch.hidden & ~keep).any()
    assert (batch.vectors[batch.hidden] == 0).all() and (batch.vectors == batch.truth)[~batch.hidden].all()
    assert batch.counts == {"numbers": 20}


@pytest.mark.parametrize("pieces", [2, 3])
def test_parts_add_up_and_another_device_agrees(pieces):
    batch = small.vector_batch(5)
    batch.hidden[0] = False                                    # parts with unequal counts
    here, there = small.vectors(), small.vectors().to("fake")
    whole = small.gradients(here, lambda: here.loss(batch))
    for model in (here, there):
        for p in model.parameters():
            p.grad = None
        accumulate(model, batch, pieces)
        for name, p in model.named_parameters().items():
            assert np.abs(to_host(p.grad) - whole[name]).max() <= 1e-10, name


# ---- a signal --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HiddenFrames(Objective):
    """Which frames of a signal were hidden?  No text, no tokenizer, and an option of its own."""

    model: str = "frames"
    rate: float | None = option(None, "share of the frames that is hidden", above=0, most=1)

    does = "hears what is missing"
    reads, unit, figure = "signal", "frames", "vector"
    config_class = VectorConfig
    defaults = dict(Objective.defaults, rate=0.2)

    def read(self):
        rng = stream(self.seed, "signal")
        speed, start = rng.choice([0.4, 0.9], size=(500, 1)), rng.uniform(0, 2 * np.pi, size=(500, 1))
        angle = speed * np.arange(self.max_length) + start
        rows = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
        return rows[:400], rows[400:]

    def make_batches(self, examples, tokenizer):
        return Frames(examples, self)

    def make_model(self, tokenizer):
        return MaskedVectors(self.sized(features=2), stream(self.seed, "weights"))

    def picture(self, prepared, found):
        return {"title": "Frames", "unit": "squared error"}


class Frames:
    def __init__(self, rows, settings):
        self.rows, self.settings = rows, settings
        self.steps_per_epoch = len(rows) // settings.batch_size

    def _hidden(self, rows, rng):
        return hide(rows, np.ones(rows.shape[:2], bool), self.settings.rate, rng)

    def batch(self, step):
        rng = stream(self.settings.seed, "frames", step)
        return self._hidden(self.rows[rng.integers(len(self.rows), size=self.settings.batch_size)], rng)

    def in_order(self, size):
        rng = stream(self.settings.seed, "validation")
        return [self._hidden(self.rows[first:first + size], rng) for first in range(0, len(self.rows), size)]


def test_an_objective_that_reads_vectors_goes_through_every_stage(tmp_path, monkeypatch):
    said = []
    monkeypatch.setitem(OBJECTIVES.places, "frames", "")
    monkeypatch.setitem(OBJECTIVES._opened, "frames", HiddenFrames)
    settings = resolve("frames", dict(steps=120, max_length=12, layers=1, width=32, learning_rate=8e-3, beta2=0.99,
                                      accumulate=2))
    prepared = stages.prepare(settings, *settings.read(), said.append)
    assert said[0].startswith("400 examples for training; ") and "120 steps of 32 x 12 frames, 12 steps" in said[0]
    assert "vocabulary" not in prepared.facts and prepared.tokenizer is None
    history = stages.train(prepared, out=tmp_path, progress=False)
    found = stages.measure(prepared)
    truth = np.concatenate([batch.truth[batch.hidden] for batch in prepared.held_out_batches()])
    assert found["val loss"] < 0.2 * truth.var(), "guessing the mean would cost the variance"
    assert stages.final_line(prepared, history, found).startswith(f"val loss {found['val loss']:.4f}, ")
    stages.draw(prepared, history, tmp_path / "loss.png", found)
    assert (tmp_path / "loss.png").stat().st_size > 5000
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == ["MaskedVectors"]
    again, _ = load_model(tmp_path, settings.make_model(None))
    batch = prepared.batches.batch(0)
    assert again.loss(batch).item() == prepared.model.loss(batch).item()


def test_the_same_steps_on_another_device():
    settings = Settings(steps=5, learning_rate=0.01)
    here, there = small.vectors(spread=False), small.vectors(spread=False).to("fake")
    one, two = (train(model, [small.vector_batch()], settings, progress=False) for model in (here, there))
    assert one.final["loss"] == pytest.approx(two.final["loss"], abs=1e-12)

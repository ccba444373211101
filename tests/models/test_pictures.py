"""Are the models of pictures differentiated right, moved as their papers say, and opened from their folders?"""

import fake_device  # noqa: F401  (registers the device "fake")
import numpy as np
import pytest

from tinyformer.data.picture_batches import PatchesHidden, PatchesShuffled, TwoViews
from tinyformer.data.pictures import Pictures
from tinyformer.data.shapes import NAMES, shapes
from tinyformer.data.views import Views
from tinyformer.engine import Tensor
from tinyformer.errors import InputError
from tinyformer.gradcheck import check
from tinyformer.models.byol import BYOL, BYOLConfig
from tinyformer.models.hidden_patches import MaskedPatches, PlacedPatches
from tinyformer.models.parts.spread import COLLAPSED, spread
from tinyformer.models.pictures import PictureClassifier, PictureConfig, PictureEncoder
from tinyformer.models.simclr import SimCLR, SimCLRConfig
from tinyformer.pretraining.collapse_detector import Detector
from tinyformer.train import Settings, load_model, save_model, train

SIZES = dict(side=6, layers=1, heads=2, width=8, projected=4, init_std=0.3)
PICTURES = Pictures(*shapes(24, 6, 0), NAMES)


def made(kind, **changes):
    return kind(kind.config_class(**{**SIZES, **changes}), np.random.default_rng(0))


def batch_for(kind, rows=3):
    if kind is MaskedPatches:
        return PatchesHidden(PICTURES, rows, 0, 3, 0.5).batch(0)
    if kind is PlacedPatches:
        return PatchesShuffled(PICTURES, rows, 0, 3).batch(0)
    return TwoViews(PICTURES, rows, 0, Views()).batch(0)


KINDS = [(SimCLR, {}), (SimCLR, dict(norm="batch")), (SimCLR, dict(patch=3)), (BYOL, {}),
         (BYOL, dict(predictor=False)), (BYOL, dict(stop_gradient=False, norm="layer")), (MaskedPatches, dict(patch=3)),
         (PlacedPatches, dict(patch=3))]
each_kind = pytest.mark.parametrize("kind, changes", KINDS, ids=lambda v: v.__name__ if isinstance(v, type) else str(v))


@each_kind
def test_gradients_by_the_complex_step(kind, changes):
    model, batch = made(kind, **changes).to(dtype=np.float64), batch_for(kind)
    for name, buffer in model.named_buffers().items():         # a target that is not the branch itself
        if name.startswith("target."):
            buffer += 0.1 * np.random.default_rng(1).normal(size=buffer.shape)

    def loss():
        found = model.loss(batch)
        return found[0] if isinstance(found, tuple) else found

    report = check(loss, *model.parameters(), checks=["complex step"])         # in which the target stands still
    assert report.ok, report


@each_kind
def test_it_opens_from_its_folder_alone(tmp_path, kind, changes):
    model = made(kind, **changes)
    again, _ = load_model(save_model(tmp_path / "model", model))
    assert type(again) is kind and again.config == model.config
    assert np.array_equal(again.features(PICTURES.pixels), model.features(PICTURES.pixels))
    for name, array in model.state().items():
        assert np.array_equal(again.state()[name], array), name


@each_kind
def test_it_learns_on_and_says_what_its_log_needs(kind, changes):
    model, batch = made(kind, **changes), batch_for(kind, 12)
    before = model.measure(batch)
    train(model, [batch], Settings(steps=25, learning_rate=0.01), progress=False)
    after = model.measure(batch)
    loss = next(name for name in before if name.endswith("loss"))
    assert after[loss][0] < before[loss][0]
    assert ("spread" in before) == (kind in (SimCLR, BYOL))


@pytest.mark.parametrize("kind", [SimCLR, BYOL])
@pytest.mark.parametrize("changes", [dict(accumulate=2), dict(workers=2)])
def test_a_batch_whose_rows_are_held_against_one_another_is_not_divided(kind, changes):
    with pytest.raises(InputError, match="PictureBatch says that its rows depend on one another"):
        train(made(kind), [batch_for(kind)], Settings(steps=2, **changes), progress=False)


def test_the_target_is_a_moving_average_and_no_parameter():
    model, batch = made(BYOL, average=0.75), batch_for(BYOL)
    name = "encoder.layers.0.linear.weight"
    first = model.buffers[f"target.{name}"].copy()
    assert not any("target" in each for each in model.named_parameters())
    train(model, [batch], Settings(steps=1, learning_rate=0.1, weight_decay=0), progress=False)
    online = model.online.named_parameters()[name].data
    assert np.array_equal(model.buffers[f"target.{name}"], first) and not np.array_equal(online, first)
    _, buffers = model.loss(batch)
    assert np.allclose(buffers[f"target.{name}"], 0.75 * first + 0.25 * online, atol=1e-6)


def test_features_are_those_of_the_running_averages_and_one_by_one():
    model = made(BYOL)
    whole = model.features(PICTURES.pixels)
    assert np.allclose(whole[3:4], model.features(PICTURES.pixels[3:4]), atol=1e-5)
    assert np.allclose(model.projections(PICTURES.pixels), model.online.project(Tensor(whole)).data, atol=1e-5)
    assert whole.shape == (24, 8) and PictureClassifier(model.config, 6, np.random.default_rng(0))(
        PICTURES.pixels).shape == (24, 6)


def test_on_another_device():
    for kind, changes in ((SimCLR, {}), (BYOL, {})):
        here, there = made(kind, **changes), made(kind, **changes).to("fake")
        batch = batch_for(kind)
        assert here.loss(batch)[0].item() == pytest.approx(there.loss(batch)[0].item(), abs=1e-5)
        assert np.allclose(here.features(batch.pixels), there.features(batch.pixels), atol=1e-5)


def test_the_spread_is_one_where_directions_are_even_and_none_where_all_are_one():
    rng = np.random.default_rng(0)
    assert spread(rng.normal(size=(2000, 32))) == pytest.approx(1, abs=0.03)
    assert spread(rng.normal(size=(1, 32)) + 1e-3 * rng.normal(size=(200, 32))) < 0.01
    assert spread(np.zeros((3, 4))) == 0


def test_the_detector_says_it_once():
    class Gone:
        values = [0.5, 0.05, 0.04, 0.5, 0.02]

        def measure(self, batch):
            return {"a loss": (1.0, 1), "spread": (self.values.pop(0) * 8, 8)}

    said = []
    detector, model = Detector("byol", said.append), Gone()
    assert [detector(model, None)["spread"][0] / 8 for _ in range(5)] == [0.5, 0.05, 0.04, 0.5, 0.02]
    assert len(said) == 1 and said[0].startswith("byol: the projections have collapsed, their spread is 0.050")
    assert COLLAPSED == 0.1


@pytest.mark.parametrize("changes, message", [
    (dict(side=7, patch=3), "side is 7 and patch is 3; the side must be a whole multiple"),
    (dict(patch=-1), "patch is -1"), (dict(side=0), "side is 0"), (dict(norm="none"), "norm is 'none'; it must be")])
def test_sizes_that_cannot_be(changes, message):
    with pytest.raises(InputError, match=message):
        PictureConfig(**{**SIZES, **changes})
    with pytest.raises(InputError, match="average is 1.0; it must be at least 0"):
        BYOLConfig(**SIZES, average=1.0)
    assert SimCLRConfig(**SIZES).features == 36 and PictureConfig(**SIZES, patch=3).context == 4
    assert PictureEncoder(PictureConfig(**SIZES), None).count() == 36 * 8 + 3 * 8

"""Do `pretrain pictures` and `probe` do what they say, by each method; is nothing lost where a run was stopped?"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tinyformer
from tinyformer.cli import main
from tinyformer.errors import InputError
from tinyformer.pretraining.pretraining_settings import resolve

BRIEF = ["--corpus", "shapes", "--side", "8", "--width", "8", "--batch-size", "12", "--steps", "4", "--evaluate-every",
         "4"]
LEFT = {"simclr": {"views", "neighbours", "filters"}, "byol": {"views", "neighbours", "filters"},
        "masked": {"patches", "neighbours", "attention"}, "jigsaw": {"patches", "neighbours", "attention"}}


@pytest.fixture(autouse=True)
def few_shapes(monkeypatch):
    monkeypatch.setattr("tinyformer.data.pictures.DRAWN", 72)


def trained(folder, method, *more):
    """The folder, after pre-training on few small shapes into it."""
    assert main(["pretrain", "pictures", "--method", method, "--out", str(folder), *BRIEF, *more]) == 0
    return folder


@pytest.fixture
def run(tmp_path):
    """A function that pre-trains into a folder of its own."""
    return lambda method, name="run", *more: trained(tmp_path / name, method, *more)


@pytest.fixture(scope="module")
def simclr(tmp_path_factory):
    """A run of SimCLR, with all its pictures, for whoever only looks at one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tinyformer.data.pictures.DRAWN", 72)
        return trained(tmp_path_factory.mktemp("runs") / "simclr", "simclr")


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures take longer than the few steps of a test."""
    monkeypatch.setattr("tinyformer.pretraining.seen_pictures.draw_all", lambda *parts: None)
    monkeypatch.setattr("tinyformer.pretraining.stages.draw", lambda *parts: None)


@pytest.fixture
def sketched(monkeypatch):
    """What would be drawn is looked through, and an empty file stands for it."""
    def tiles(rows, path, **more):
        assert {np.shape(picture) for _, pictures in rows for picture in pictures} == {(8, 8)}
        path.touch()

    monkeypatch.setattr("tinyformer.plot.tiles", tiles)
    monkeypatch.setattr("tinyformer.plot.loss_curve", lambda points, path, **more: path.touch())


def test_a_run_is_drawn(simclr):
    assert all((simclr / f"{name}.png").stat().st_size > 3000 for name in LEFT["simclr"] | {"loss"})


@pytest.mark.parametrize("method", LEFT)
def test_each_method_leaves_a_model_its_figures_and_pictures(run, sketched, method, capsys):
    out = run(method)
    metrics, settings = (json.loads((out / name).read_text()) for name in ("metrics.json", "settings.json"))
    assert {path.stem for path in out.glob("*.png")} == LEFT[method] | {"loss"}
    assert metrics["pictures"] == 54 and {"val loss", "linear probe", "pixels", "random encoder"} <= metrics.keys()
    assert ("val spread" in metrics) == (method in ("simclr", "byol")) and settings["method"] == method
    assert "linear probe " in capsys.readouterr().out
    model, tokenizer = tinyformer.load(out)
    assert model.features(tinyformer.data.pictures.read_pictures("shapes", 8).pixels[:3]).shape == (3, 8)
    assert resolve("pictures", {}, settings).to_dict() == settings and tokenizer is None


def test_a_resumed_run_ends_bit_for_bit_where_the_unbroken_one_does(run, undrawn):
    """BYOL's target and batch norm's averages are buffers, and come back with the rest."""
    whole = run("byol", "whole", "--save-every", "2")
    broken = Path(shutil.copytree(whole, whole.with_name("broken")))
    for name in ("model.safetensors", "config.json", "MANIFEST.json", "metrics.json"):
        (broken / name).unlink()
    shutil.rmtree(broken / "checkpoint-00000004")
    assert main(["pretrain", "pictures", "--out", str(broken), "--resume"]) == 0
    assert (broken / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_a_collapse_is_said_while_it_trains_and_in_the_end(run, undrawn, capsys):
    out = run("byol", "gone", "--no-predictor", "--no-stop-gradient", "--norm", "layer", "--steps", "80",
              "--evaluate-every", "40", "--learning-rate", "0.02")
    said = capsys.readouterr()
    assert "byol: the projections have collapsed, their spread is 0.0" in said.err
    assert said.out.strip().split(", ")[-2] == "the projections have collapsed"
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["evaluation"]["spread"] < 0.1 for line in lines if "evaluation" in line][-1]


def test_probe_shows_what_features_are_worth(simclr, capsys):
    assert main(["probe", str(simclr), "--supervised", "2", "--few", "2"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0].split(",")[0] for line in said[1:7]] == [
        "SimCLR", "random encoder", "pixels", "behind its head", "behind a random head", "supervised"]
    assert "linear, 2 each" in said[0] and said[7].startswith("54 examples, 18 asked")
    assert main(["probe", str(simclr), "--supervised", "0", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["right"]
    assert all(0 <= share <= 1 for row in figures.values() for share in row.values()) and len(figures) == 5


@pytest.mark.parametrize("given, message", [
    (dict(method="masked", temperature=0.1), "--temperature is a setting of --method simclr, and the method is masked"),
    (dict(method="byol", temperature=0.1), "--temperature is a setting of --method simclr, and the method is byol"),
    (dict(method="jigsaw", turn=0.1), "--turn is a setting of --method simclr and byol"),
    (dict(method="masked", patch=0), "--patch is 0, and --method masked is about patches"),
    (dict(patch=5), "side is 12 and patch is 5"), (dict(preset="tiny"), "--preset is tiny, and there are none"),
    (dict(max_length=9), "--max-length is 9, and a picture is seen whole"),
    (dict(held_out="x"), "--held-out is a text; of pictures a share is held out"),
    (dict(method="dino"), "--method is 'dino'; choose one of: simclr, byol")])
def test_settings_that_mean_nothing_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        resolve("pictures", {"corpus": "digits", **given}).make_model(None)


def test_what_suits_a_method_is_taken_where_nobody_says_otherwise():
    one, two, three = (resolve("pictures", {"corpus": "digits", "method": method}) for method in
                       ("simclr", "byol", "masked"))
    assert (one.norm, one.patch, one.width, one.temperature, one.average) == ("batch", 0, 256, 0.2, None)
    assert (two.norm, two.average, two.weight_decay, two.temperature) == ("batch", 0.98, 0.1, None)
    assert (three.patch, three.width, three.hidden, three.turn, three.max_length) == (4, 64, 0.4, None, 144)
    assert resolve("pictures", {"corpus": "digits", "patch": 4}).width == 64, "a transformer"
    assert resolve("pictures", {"corpus": "shapes"}).side == 16


@pytest.mark.parametrize("words, message", [
    (["probe", "MODEL", "--corpus", "nothing"], "nothing: no such pictures"),
    (["pretrain", "pictures", "--out", "x"], "no pictures were named; give --corpus digits")])
def test_errors_are_one_line(simclr, words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([str(simclr) if word == "MODEL" else word for word in words]) == 2
    assert message in capsys.readouterr().err

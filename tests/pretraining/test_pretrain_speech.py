"""Does `pretrain speech` learn by each method, go on where it stopped, and leave what opens?"""

import json
from dataclasses import replace

import numpy as np
import pytest

import tinyformer
from tinyformer.cli import main
from tinyformer.errors import InputError
from tinyformer.models import Hubert, MaskedVectors, NextVectors
from tinyformer.models.parts.every_layer import layers_of
from tinyformer.pretraining import stages
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.pretraining.speech_methods import METHODS, mean_of_clusters
from tinyformer.sound import Extractor, Voices, write_wav

BRIEF = ["--layers", "2", "--width", "16", "--heads", "2", "--max-length", "40", "--batch-size", "4", "--steps", "4",
         "--evaluate-every", "4", "--validation", "0.2"]


@pytest.fixture(scope="module")
def wavs(tmp_path_factory):
    """A folder with fifteen words as WAV files."""
    folder = tmp_path_factory.mktemp("wavs")
    for number, each in enumerate(Voices(0).utterances(15)):
        write_wav(folder / f"{each.word}{number}.wav", each.samples, each.rate)
    return folder


@pytest.fixture
def run(wavs, tmp_path):
    """A function that pre-trains a model for a few steps, into the folder that it returns."""
    def folder(method, name, *more):
        words = ["pretrain", "speech", "--corpus", str(wavs), "--method", method, "--out", str(tmp_path / name)]
        assert main([*words, *BRIEF, *more]) == 0
        return tmp_path / name
    return folder


@pytest.mark.parametrize("method, kind, blind", [("masked", MaskedVectors, "guessing the mean"),
                                                ("next", NextVectors, "repeating what is heard")])
def test_a_method_leaves_a_model_and_a_picture(method, kind, blind, run, wavs, capsys):
    out = run(method, "run")
    metrics = json.loads((out / "metrics.json").read_text())
    said = capsys.readouterr().out
    assert said.startswith(f"val loss {metrics['val loss']:.4f} ({blind}: {metrics['blind loss']:.4f}), ")
    model, ear = tinyformer.load(out)
    assert type(model) is kind and isinstance(ear, Extractor) and metrics["sounds"] == 12
    heard = ear(tinyformer.sound.read_wav(next(iter(wavs.iterdir())), ear.rate)[0])
    (states,) = layers_of(model.encoder, [heard])
    assert states.shape == (3, len(heard), 16)
    for name in ("speech.png", "loss.png"):
        assert (out / name).stat().st_size > 5000
    assert main(["fill", "--model", str(out), "a [MASK]"]) == 2
    assert f"holds a {kind.__name__}, which reads no text" in capsys.readouterr().err


def test_clusters_of_two_rounds_and_what_was_stopped_goes_on_bit_for_bit(run, capsys, no_pictures):
    first = run("clusters", "first", "--clusters", "6")
    model, ear = tinyformer.load(first)
    assert type(model) is Hubert and np.array(ear.centres).shape == (6, 80) and model.config.clusters == 6
    whole, broken = (run("clusters", name, "--clusters", "5", "--teacher", str(first), "--save-every", "2")
                     for name in ("whole", "broken"))
    assert "val accuracy" in capsys.readouterr().out
    assert np.array(tinyformer.load(whole)[1].centres).shape == (5, 16), "of hidden vectors"
    for name in ("model.safetensors", "config.json", "MANIFEST.json", "metrics.json"):
        (broken / name).unlink()
    for path in (broken / "checkpoint-00000004").iterdir():
        path.unlink()
    (broken / "checkpoint-00000004").rmdir()
    assert main(["pretrain", "speech", "--out", str(broken), "--resume"]) == 0
    assert (broken / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


OWN = {"masked": {}, "clusters": dict(clusters=8), "next": dict(distance=3)}


@pytest.fixture(scope="module")
def voices():
    """Sixty words, and what says that they were read."""
    return resolve("speech", dict(corpus="voices", utterances=60)).read()


@pytest.mark.parametrize("method", METHODS)
def test_it_learns_to_hear(method, voices):
    """In sixty steps it beats who knows nothing."""
    settings = resolve("speech", dict(corpus="voices", utterances=60, method=method, steps=60, layers=1, width=32,
                                      batch_size=16, learning_rate=5e-3, **OWN[method]))
    prepared = stages.prepare(settings, *voices)
    stages.train(prepared, progress=False)
    found = stages.measure(prepared)
    assert found["val loss"] < 0.9 * found["blind loss"]


def test_who_knows_nothing_is_computed_from_what_is_asked():
    settings = resolve("speech", dict(corpus="voices", utterances=20, steps=1))
    prepared = stages.prepare(settings, *settings.read())
    method, batch = settings.asks(prepared.tokenizer), next(prepared.held_out.in_order(100))
    assert method.knows_nothing([batch]) == pytest.approx((batch.truth[batch.hidden]**2).mean())
    truth, got, guessed = method.shown(batch, np.full_like(batch.truth, 7), None)
    assert np.isnan(got[batch.hidden]).all() and (guessed[batch.hidden] == 7).all()
    assert np.array_equal(guessed[~batch.hidden], truth[~batch.hidden])
    method = METHODS["next"](2)
    batch = method.ask(batch.truth, batch.keep, None, None)
    truth, got, foreseen = method.shown(batch, batch.truth, None)
    assert np.array_equal(foreseen[:, 2:][batch.keep[:, 2:]], truth[:, 2:][batch.keep[:, 2:]]), "who is always right"
    looks = mean_of_clusters([np.array([[1.0], [3.0]]), np.array([[5.0]])], [np.array([0, 0]), np.array([2])], 3)
    assert looks.tolist() == [[2.0], [0.0], [5.0]]


@pytest.mark.parametrize("given, said", [
    (dict(preset="tiny"), "--preset is tiny, a size of models that read words"),
    (dict(clusters=9), "--clusters is a setting of --method clusters, and this is masked; leave it out"),
    (dict(method="next", mask_rate=0.2), "--mask-rate is a setting of --method masked and clusters, and this is next"),
    (dict(method="clusters", teacher_layer=1), "--teacher-layer is 1, and there is no --teacher"),
    (dict(method="next", distance=50, max_length=40), "--distance is 50, and a row has 40 vectors"),
    (dict(method="maskd"), "--method is 'maskd'; choose one of: masked, clusters, next; did you mean 'masked'")])
def test_settings_that_mean_nothing_are_refused(given, said):
    with pytest.raises(InputError) as error:
        resolve("speech", given)
    assert said in str(error.value)


def test_a_teacher_that_does_not_fit_is_refused(run, bert, no_pictures):
    first = run("masked", "first", "--stacked", "1")
    clusters = resolve("speech", dict(corpus="voices", utterances=4, method="clusters", teacher=str(first)))
    for settings, said in ((clusters, "--stacked is 2, and the teacher in .* has 1; give it the same"),
                           (replace(clusters, stacked=1, teacher_layer=3), "--teacher-layer is 3, .* has 2 layers"),
                           (replace(clusters, teacher=str(bert)), "which holds a BertForPretraining; it must be")):
        with pytest.raises(InputError, match=said):
            settings.make_tokenizer(*settings.read())


def test_no_sound_and_too_few_are_refused():
    with pytest.raises(InputError, match="no sound was named; give --corpus DIR, a folder of WAV files, or --corpus v"):
        resolve("speech", {}).read()
    with pytest.raises(InputError, match="--validation 0.9 leaves none of 2 sounds to learn from"):
        resolve("speech", dict(corpus="voices", utterances=2, validation=0.9)).read()

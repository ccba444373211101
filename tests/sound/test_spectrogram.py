"""Is the log-mel spectrogram that of the usual libraries, step by step and as a whole?"""

import numpy as np
import pytest

from tinyformer.errors import CheckpointError
from tinyformer.sound import Extractor, Voices, log_mel
from tinyformer.sound.spectrogram import frames, hann, hertz, mel, power, triangles

SOUND = next(Voices(3).utterances(1)).samples.astype(np.float64)


def test_frames_overlap_and_a_short_sound_has_one():
    assert frames(np.arange(10.0), 4, 3).tolist() == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    assert frames(np.ones(2), 4, 3).tolist() == [[1, 1, 0, 0]]


def test_windows_half_apart_add_up_to_one():
    assert np.abs(hann(8)[:4] + hann(8)[4:] - 1).max() < 1e-15


def test_the_power_of_a_wave_stands_where_its_frequency_is():
    tone = np.cos(2 * np.pi * 5 * np.arange(64) / 64)
    found = power(tone[None], 64)[0]
    assert found.argmax() == 5 and found[5] == pytest.approx(32**2) and np.delete(found, 5).max() < 1e-20


def test_the_mel_scale_there_and_back():
    assert mel(1000) == pytest.approx(1000, abs=0.1) and np.allclose(hertz(mel(np.arange(4000))), np.arange(4000))


def test_between_two_middles_the_triangles_share_a_wave():
    weights = triangles(8000, 40, 4096)
    inside = slice(*(np.flatnonzero(weights[:, band])[0] for band in (1, 39)))
    assert np.abs(weights[inside].sum(1) - 1).max() < 1e-9 and weights.min() == 0


def test_twice_as_loud_is_one_step():
    one, two = log_mel(SOUND, 8000), log_mel(2 * SOUND, 8000)
    heard = one > np.log(1e-4)
    assert np.abs((two - one)[heard] - 2 * np.log(2)).max() < 1e-9
    assert np.all(log_mel(np.zeros(400), 8000) == np.log(1e-6))


# ---- beside others ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window, size, bands, hop", [(200, 512, 40, 80), (256, 256, 20, 128)])
def test_transformers_hears_the_same(window, size, bands, hop):
    audio = pytest.importorskip("transformers.audio_utils")
    filters = audio.mel_filter_bank(size // 2 + 1, bands, 0.0, 4000.0, 8000, mel_scale="htk")
    theirs = audio.spectrogram(SOUND, audio.window_function(window, "hann"), window, hop, fft_length=size, power=2.0,
                               center=False, mel_filters=filters, mel_floor=1e-6, log_mel="log", dtype=np.float64).T
    ours = log_mel(SOUND, 8000, bands, window, hop, size)
    assert ours.shape == theirs.shape and np.abs(ours - theirs).max() < 1e-5


def test_librosa_hears_the_same():
    librosa = pytest.importorskip("librosa")
    theirs = librosa.feature.melspectrogram(y=SOUND, sr=8000, n_fft=512, hop_length=80, center=False, n_mels=40,
                                            htk=True, norm=None, dtype=np.float64).T
    ours = log_mel(SOUND, 8000, 40, 512, 80, 512)
    assert ours.shape == theirs.shape and np.abs(ours - np.log(np.maximum(theirs, 1e-6))).max() < 1e-5


# ---- what enters a model ---------------------------------------------------------------------------------------------


def test_vectors_have_mean_0_and_deviation_1_and_stand_for_20_ms(tmp_path):
    sounds = [each.samples for each in Voices(1).utterances(20)]
    ear = Extractor().fitted(sounds)
    every = np.concatenate([ear(sound) for sound in sounds])
    assert every.shape[1] == ear.features == 80 and every.dtype == np.float32 and ear.seconds == 0.02
    assert np.abs(every.reshape(-1, 40).mean(0)).max() < 1e-4 and np.abs(every.reshape(-1, 40).std(0) - 1).max() < 2e-3
    frames_of = ear.spectrogram(sounds[0])
    assert np.allclose(every[:len(frames_of) // 2].reshape(-1, 40), (frames_of - ear.mean) / ear.std, atol=1e-4)
    assert ear(np.zeros(1)).shape == (1, 80)
    ear.save(tmp_path)
    assert Extractor.load(tmp_path) == ear


@pytest.mark.parametrize("change, said", [
    (lambda text: text[:40], "it must name"), (lambda text: text.replace('"hop_length"', '"hop"'), "hop_length"),
    (lambda text: text.replace('"n_fft": 512', '"n_fft": 0'), "size cannot be meant"),
    (lambda text: text.replace('"feature_size": 40', '"feature_size": 41'), "mean, std cannot be meant")])
def test_a_damaged_description_is_refused(change, said, tmp_path):
    Extractor().fitted([SOUND]).save(tmp_path)
    path = tmp_path / "preprocessor_config.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(CheckpointError, match=f"preprocessor_config.json: .*{said}"):
        Extractor.load(tmp_path)

"""Is a WAV file read as it was written, whatever its form, and does one that cannot be read say why?"""

import struct
import wave

import numpy as np
import pytest

from tinyformer.errors import InputError
from tinyformer.sound import read_folder, read_spoken_digits, read_wav, resampled, write_wav

RATE = 8000
WAVE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(800) / RATE)


def written(path, width: int, channels: int = 1, rate: int = RATE):
    """A file with samples of so many bytes; a second channel has the same sound, half as loud."""
    sound = np.stack([WAVE / (1 + n) for n in range(channels)], axis=1).ravel()
    whole = np.round(sound * (2.0**(8 * width - 1) - 1)).astype(np.int64) + (128 if width == 1 else 0)
    raw = b"".join(int(value).to_bytes(width, "little", signed=width > 1) for value in whole)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(raw)
    return path


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_width_and_number_of_channels(width, channels, tmp_path):
    samples, rate = read_wav(written(tmp_path / "a.wav", width, channels))
    assert rate == RATE and samples.dtype == np.float32 and samples.shape == WAVE.shape
    assert np.abs(samples - WAVE * (1 if channels == 1 else 0.75)).max() < max(2.0**(1 - 8 * width), 1e-7)


def test_what_was_written_is_read(tmp_path):
    write_wav(tmp_path / "a.wav", 3 * WAVE, RATE)
    assert np.abs(read_wav(tmp_path / "a.wav")[0] - np.clip(3 * WAVE, -1, 1)).max() < 4e-5


def test_the_extensible_form_is_the_plain_one_with_its_tag_further_on(tmp_path):
    data = written(tmp_path / "a.wav", 3).read_bytes()
    body = data[20:36]
    longer = struct.pack("<H", 0xFFFE) + body[2:] + struct.pack("<HHIH", 22, 24, 4, 1) + bytes(14)
    packed = data[:16] + struct.pack("<I", len(longer)) + longer + data[36:]
    (tmp_path / "b.wav").write_bytes(packed[:4] + struct.pack("<I", len(packed) - 8) + packed[8:])
    assert np.array_equal(read_wav(tmp_path / "a.wav")[0], read_wav(tmp_path / "b.wav")[0])


@pytest.mark.parametrize("damage, said", [
    (lambda data: b"", "is empty"),
    (lambda data: b"fLaC" + data[4:], "is no WAV file, whatever its name says"),
    (lambda data: data[:20] + struct.pack("<H", 85) + data[22:], "its samples are MP3, and only plain"),
    (lambda data: data[:20] + struct.pack("<H", 3) + data[22:], "its samples are floating point"),
    (lambda data: data[:20] + struct.pack("<H", 999) + data[22:], "its samples are of format 999"),
    (lambda data: data[:-100], "is cut short: it says 800 samples and holds 750"),
    (lambda data: data[:40] + bytes(4), r"holds no sound \(0 samples\)"),
    (lambda data: data[:30], "header of this WAV file is damaged"),
    (lambda data: data[:24] + struct.pack("<I", 0) + data[28:], "0 samples a second"),
])
def test_what_cannot_be_read_says_why_and_what_to_do(damage, said, tmp_path):
    path = tmp_path / "b.wav"
    path.write_bytes(damage(written(tmp_path / "a.wav", 2).read_bytes()))
    with pytest.raises(InputError, match=f"b.wav: .*{said}.*(ffmpeg|record it again)"):
        read_wav(path)


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder, and a WAV file is needed"):
        read_wav(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_wav(tmp_path / "nothing.wav")


# ---- another rate ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old, new", [(8000, 16000), (16000, 8000), (44100, 8000), (8000, 12000)])
def test_a_tone_stays_a_tone(old, new):
    tone = lambda rate: np.sin(2 * np.pi * 500 * np.arange(rate // 10) / rate)           # noqa: E731  (whole periods)
    assert np.abs(resampled(tone(old), old, new) - tone(new)[:round(old // 10 * new / old)]).max() < 0.01


def test_what_is_too_fast_is_left_out():
    fast = np.sin(2 * np.pi * 3500 * np.arange(1600) / 16000)
    assert np.abs(resampled(fast, 16000, 4000)).max() < 1e-12
    assert resampled(fast, 8000, 8000) is fast


@pytest.mark.parametrize("count, new", [(800, 300), (801, 300), (800, 301), (300, 800), (301, 801), (7, 20)])
def test_scipy_draws_the_same(count, new):
    signal = pytest.importorskip("scipy.signal")
    samples = np.random.default_rng(0).normal(size=count)
    assert np.abs(resampled(samples, count, new) - signal.resample(samples, new)).max() < 1e-12


# ---- folders ---------------------------------------------------------------------------------------------------------


def test_names_say_which_digit_it_is(tmp_path):
    for name in ("7_anna_12", "0_bo_3"):
        write_wav(tmp_path / f"{name}.wav", WAVE, 16000)
    found = read_spoken_digits(tmp_path)
    assert [(each.digit, each.speaker, each.take, each.rate, len(each.samples)) for each in found] == [
        ("0", "bo", 3, 8000, 400), ("7", "anna", 12, 8000, 400)]
    (tmp_path / "below").mkdir()
    write_wav(tmp_path / "below" / "any name.wav", WAVE, RATE)
    assert len(read_folder(tmp_path, RATE)) == 3
    with pytest.raises(InputError, match=r"1 of 3 names do not say which digit it is, such as any name.wav; they are"):
        read_spoken_digits(tmp_path)


def test_a_folder_without_sound_is_refused(tmp_path):
    (tmp_path / "a.flac").write_bytes(b"fLaC")
    for folder, said in ((tmp_path, "there is no WAV file in it"), (tmp_path / "a.flac", "is a file"),
                         (tmp_path / "b", "no such folder")):
        with pytest.raises(InputError, match=said):
            read_folder(folder, RATE)

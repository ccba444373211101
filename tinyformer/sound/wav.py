"""What does a WAV file hold?  Samples of 8 to 32 bits, in one channel or more; here numbers from -1 to 1."""

import io
import wave
from pathlib import Path

import numpy as np

from tinyformer.errors import InputError
from tinyformer.places import file_bytes, room_for
from tinyformer.sound.resampling import resampled

PCM, EXTENSIBLE = 1, 0xFFFE                   # format tags: plain samples, and a tag that stands further on
OTHERS = {2: "Microsoft ADPCM", 3: "floating point", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 85: "MP3"}
REMEDY = "convert it to plain samples: ffmpeg -i IN -c:a pcm_s16le OUT.wav"
FASTEST = 768_000                             # samples a second; a rate beyond is a damaged header


def read_wav(path: str | Path, rate: int | None = None) -> tuple[np.ndarray, int]:
    """The samples (N,) of a file, float32 from -1 to 1, channels averaged, and how many there are a second.

    With `rate` they are brought to so many.  InputError names the file, what is wrong with it, and the remedy.
    """
    path = Path(path)
    data = _bytes(path)
    try:
        with wave.open(io.BytesIO(_as_plain(path, data))) as file:
            channels, width, found, count = file.getparams()[:4]
            raw = file.readframes(count)
    except (wave.Error, EOFError, RuntimeError) as error:
        raise InputError(f"{path}: the header of this WAV file is damaged ({error or 'it ends too early'}); get the "
                         f"file again, or {REMEDY}") from None
    if not 1 <= found <= FASTEST or not 1 <= width <= 4:
        raise InputError(f"{path}: says {8 * width} bits and {found} samples a second; 8, 16, 24 or 32 bits and at "
                         f"most {FASTEST:,} samples can be read: get the file again, or {REMEDY}")
    if not count:
        raise InputError(f"{path}: holds no sound (0 samples); record it again, or take it out of the folder")
    if len(raw) < count * channels * width:
        raise InputError(f"{path}: is cut short: it says {count:,} samples and holds "
                         f"{len(raw) // (channels * width):,}; get the file again, or {REMEDY}")
    samples = _numbers(raw, width).reshape(-1, channels).mean(1)
    samples = samples if rate is None else resampled(samples, found, rate)
    return samples.astype(np.float32), rate or found


def write_wav(path: str | Path, samples: np.ndarray, rate: int) -> None:
    """Write samples (N,) from -1 to 1 as 16 bits in one channel; what is louder is cut off there."""
    whole = np.clip(np.round(np.asarray(samples) * 32768), -32768, 32767).astype("<i2")
    with room_for(Path(path), whole.nbytes), wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        file.writeframes(whole.tobytes())


def _bytes(path: Path) -> bytes:
    """What stands in the file; InputError where it cannot be read or is no WAV file."""
    data = file_bytes(path, "a WAV file")
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        what = "is empty" if not data else "is no WAV file, whatever its name says"
        raise InputError(f"{path}: {what} (a WAV file begins with RIFF and WAVE); {REMEDY}")
    return data


def _as_plain(path: Path, data: bytes) -> bytes:
    """The bytes with a format tag that `wave` knows: it stands further on where it is "extensible", as with 24 bits."""
    at = data.find(b"fmt ") + 8                                # behind name and length
    tag = int.from_bytes(data[at:at + 2], "little")
    if tag == EXTENSIBLE:
        tag = int.from_bytes(data[at + 24:at + 26], "little")
        data = data[:at] + tag.to_bytes(2, "little") + data[at + 2:]
    if at >= 8 and tag != PCM:
        raise InputError(f"{path}: its samples are {OTHERS.get(tag, f'of format {tag}')}, and only plain whole numbers "
                         f"(PCM) can be read; {REMEDY}")
    return data


def _numbers(raw: bytes, width: int) -> np.ndarray:
    """Samples of so many bytes as float64 from -1 to 1; those of one byte are unsigned, with silence at 128."""
    if width == 1:
        return (np.frombuffer(raw, np.uint8) - 128.0) / 128
    padded = np.zeros((len(raw) // width, 4), np.uint8)        # the sample in the highest bytes of a 32-bit one
    padded[:, 4 - width:] = np.frombuffer(raw, np.uint8)[:len(padded) * width].reshape(-1, width)
    return padded.view("<i4")[:, 0] / 2.0**31

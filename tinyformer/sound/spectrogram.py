"""What does an ear tell of a sound?  How loud it is in each of some bands, again and again: the log-mel spectrogram.

    frames      stretches of 25 ms, one every 10 ms, which overlap
    window      each fades in and out, or its edges would be heard as waves of their own
    power       of the waves in it: the Fourier transform, squared
    bands       triangles that are equally wide to the ear, and so wider the higher they are: the mel scale
    logarithm   twice as loud is always one step
"""

import numpy as np

FLOOR = 1e-6                                  # below it there is silence, whose logarithm would be minus infinity


def log_mel(samples: np.ndarray, rate: int, bands: int = 40, window: int = 200, hop: int = 80, size: int = 512,
            floor: float = FLOOR) -> np.ndarray:
    """samples (N,) -> the log-energy of each band in each frame, (T, bands), natural logarithm.

    T = 1 + (N - window) // hop frames of `window` samples, of which a sound has one at least; `size` is that of the
    transform, for which they are filled up with zeros.
    """
    stretches = frames(samples, window, hop) * hann(window)                              # (T, W)
    return np.log(np.maximum(power(stretches, size) @ triangles(rate, bands, size), floor))


def frames(samples: np.ndarray, window: int, hop: int) -> np.ndarray:
    """The stretches of `window` samples that begin every `hop`, (T, W); what is shorter than one ends in silence."""
    samples = np.pad(samples, (0, max(0, window - len(samples))))
    return np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]


def hann(window: int) -> np.ndarray:
    """The raised cosine, 0 at its ends and 1 in the middle (W,); periodic, so that windows half apart add up to 1."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)


def power(stretches: np.ndarray, size: int) -> np.ndarray:
    """The squared size of the waves with 0, 1, ... periods in `size` samples: (T, W) -> (T, size // 2 + 1)."""
    waves = np.fft.rfft(stretches, size)
    return waves.real**2 + waves.imag**2


def triangles(rate: int, bands: int, size: int) -> np.ndarray:
    """How much of each wave belongs to each band, (size // 2 + 1, bands): up to 1 in its middle, 0 at the next ones.

    The middles are equally far apart on the mel scale, from 0 to half the rate.
    """
    middles = hertz(np.linspace(0, mel(rate / 2), bands + 2))  # with a place below the first band and above the last
    waves = np.arange(size // 2 + 1)[:, None] * (rate / size)                            # (K, 1), in Hz
    rising = (waves - middles[:-2]) / (middles[1:-1] - middles[:-2])
    falling = (middles[2:] - waves) / (middles[2:] - middles[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def mel(hertz):
    """How high a tone of so many Hz sounds (O'Shaughnessy 1987): 1000 Hz are 1000 mel."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def hertz(mel):
    """How many Hz a tone has that sounds so high."""
    return 700 * (10 ** (np.asarray(mel) / 2595) - 1)

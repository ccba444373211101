"""How does a voice sound?  A source that hums or hisses, and a tube that lets pass what it resonates with.

Fant 1960, "Acoustic Theory of Speech Production".  Hum is a train of pulses, as many a second as the pitch; hiss is
noise; the tube is a gain for each frequency, with a peak at each formant.  Both change slowly, so that a sound is made
in frames that overlap, each filtered by its own gain.
"""

import math

import numpy as np

from tinyformer.sound.spectrogram import hann

SIZE = 512                                    # of the transform in which a frame is filtered
LOWER = (1.0, 0.5, 0.25)                      # how high the peaks of the three formants are


def voiced(pitch: np.ndarray, hum: np.ndarray, hiss: np.ndarray, formants: np.ndarray, widths: np.ndarray, rate: int,
           hop: int, rng: np.random.Generator) -> np.ndarray:
    """A sound of T frames, one every `hop` samples: pitch in Hz, loudness of hum and hiss (T,) -> samples (T hop,).

    The formants and their widths (T, 3) are in Hz.
    """
    moments, samples = np.arange(len(pitch)) * hop, np.arange(len(pitch) * hop)
    pitch, hum, hiss = (np.interp(samples, moments, track) for track in (pitch, hum, hiss))            # (T hop,)
    source = hum * pulses(pitch, rate) + hiss * 0.06 * rng.normal(size=len(samples))
    return filtered(source, resonance(formants, widths, rate), hop)


def pulses(pitch: np.ndarray, rate: int) -> np.ndarray:
    """Equally strong waves at the pitch and its multiples below half the rate: pitch (N,) -> (N,), 1 at the peaks.

    The sum of cos(k x) over k = 1, ..., K is sin((K + 1/2) x) / (2 sin(x / 2)) - 1/2 (Dirichlet).
    """
    x = 2 * np.pi * (np.cumsum(pitch) / rate % 1)
    count = math.ceil(rate / 2 / pitch.max()) - 1
    half = np.sin(x / 2)
    at_peak = np.abs(half) < 1e-9
    return np.where(at_peak, count, np.sin((count + 0.5) * x) / (2 * np.where(at_peak, 1, half)) - 0.5) / count


def resonance(formants: np.ndarray, widths: np.ndarray, rate: int) -> np.ndarray:
    """The gain of the tube for each wave of the transform: (T, 3) -> (T, SIZE // 2 + 1), a peak for each formant."""
    waves = np.arange(SIZE // 2 + 1) * (rate / SIZE)           # in Hz
    away = (waves - formants[..., None]) / (widths[..., None] / 2)                       # (T, 3, K)
    return (np.array(LOWER)[:, None] / np.sqrt(1 + away**2)).sum(1)


def filtered(source: np.ndarray, gain: np.ndarray, hop: int) -> np.ndarray:
    """The source (N,) in frames of two hops, each with its own gain (T, K), added up again: (N,).

    Half a transform before and after a frame is left empty, for a filter rings.
    """
    before = SIZE // 2 - hop
    fade, out = hann(2 * hop), np.zeros(len(source) + SIZE)
    padded = np.pad(source, hop)
    for number, each in enumerate(gain):
        first = number * hop                                   # in `padded`; the frame's middle is at this sample
        stretch = np.zeros(SIZE)
        piece = padded[first:first + 2 * hop]
        stretch[before:before + len(piece)] = piece * fade[:len(piece)]
        out[first:first + SIZE] += np.fft.irfft(np.fft.rfft(stretch) * each, SIZE)
    return out[SIZE // 2:SIZE // 2 + len(source)]

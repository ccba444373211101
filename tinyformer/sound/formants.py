"""How does a voice sound?  A source that hums or hisses, and a tube that lets pass what it resonates with.

Fant 1960, "Acoustic Theory of Speech Production".  Hum is a train of pulses, as many a second as the pitch; hiss is
noise; the tube is a gain for each frequency, with a peak at each formant.  Both change slowly, so that a sound is made
in frames that overlap, each filtered by its own gain.
"""

import math

import numpy as np

from tinyformer.sound.spectrogram import frames, hann

SIZE = 512                                    # of the transform in which a frame is filtered
LOWER = (1.0, 0.5, 0.25)                      # how high the peaks of the three formants are


def voiced(pitch: np.ndarray, hum: np.ndarray, hiss: np.ndarray, formants: np.ndarray, widths: np.ndarray,
           bright: float, rate: int, hop: int, rng: np.random.Generator) -> np.ndarray:
    """A sound of T frames, one every `hop` samples: pitch in Hz, loudness of hum and hiss (T,) -> samples (T hop,).

    The formants and their widths (T, 3) are in Hz; a voice that is `bright`, above 1, has more of the higher ones.
    """
    moments, samples = np.arange(len(pitch)) * hop, np.arange(len(pitch) * hop)
    pitch, hum, hiss = (np.interp(samples, moments, track) for track in (pitch, hum, hiss))            # (T hop,)
    source = hum * pulses(pitch, rate) + hiss * 0.06 * rng.normal(size=len(samples))
    return filtered(source, resonance(formants, widths, bright, rate), hop)


def pulses(pitch: np.ndarray, rate: int) -> np.ndarray:
    """Equally strong waves at the pitch and its multiples below half the rate: pitch (N,) -> (N,), 1 at the peaks.

    The sum of cos(k x) over k = 1, ..., K is sin((K + 1/2) x) / (2 sin(x / 2)) - 1/2 (Dirichlet).
    """
    x = 2 * np.pi * (np.cumsum(pitch) / rate % 1)
    count = math.ceil(rate / 2 / pitch.max()) - 1
    half = np.sin(x / 2)
    at_peak = np.abs(half) < 1e-9
    return np.where(at_peak, count, np.sin((count + 0.5) * x) / (2 * np.where(at_peak, 1, half)) - 0.5) / count


def resonance(formants: np.ndarray, widths: np.ndarray, bright: float, rate: int) -> np.ndarray:
    """The gain of the tube for each wave of the transform: (T, 3) -> (T, SIZE // 2 + 1), a peak for each formant."""
    waves = np.arange(SIZE // 2 + 1) * (rate / SIZE)           # in Hz
    away = (waves - formants[..., None]) / (widths[..., None] / 2)                       # (T, 3, K)
    heights = np.array(LOWER) * bright ** np.arange(3)
    return (heights[:, None] / np.sqrt(1 + away**2)).sum(1)


def filtered(source: np.ndarray, gain: np.ndarray, hop: int) -> np.ndarray:
    """The source (N,) in frames of two hops, each with its own gain (T, K), added up again: (N,).

    Half a transform before and after a frame is left empty, for a filter rings.
    """
    before = SIZE // 2 - hop
    pieces = frames(np.pad(source, hop), 2 * hop, hop)[:len(gain)] * hann(2 * hop)       # (T, 2 hop)
    stretched = np.pad(pieces, ((0, 0), (before, SIZE - before - 2 * hop)))              # (T, SIZE)
    heard = np.fft.irfft(np.fft.rfft(stretched) * gain, SIZE)
    out = np.zeros(len(source) + SIZE)
    for number, each in enumerate(heard):
        out[number * hop:number * hop + SIZE] += each
    return out[SIZE // 2:SIZE // 2 + len(source)]

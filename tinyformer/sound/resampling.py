"""How does a sound become one of another rate?  Its waves stay, and are drawn at other moments."""

import numpy as np


def resampled(samples: np.ndarray, old: int, new: int) -> np.ndarray:
    """samples (N,), `old` a second, as `new` a second: (round(N new / old),), at least one.

    The Fourier series through the N samples is drawn at the new moments; waves that are too fast for the new rate are
    left out (Nyquist), or they would come back as slow ones.  The sound counts as periodic: its end rings into its
    beginning, which is heard only where it does not begin and end in silence.
    """
    count, length = len(samples), max(1, round(len(samples) * new / old))
    if old == new or not count:
        return samples
    waves = np.fft.rfft(samples)                               # (N // 2 + 1,)
    shorter = min(count, length)
    if shorter % 2 == 0 and count != length:                   # the fastest wave stands for two, one in each direction
        waves[shorter // 2] *= 2 if length < count else 0.5
    return np.fft.irfft(waves, length) * (length / count)      # which pads with zeros, or leaves out

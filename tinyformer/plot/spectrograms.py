"""What was said, what of it did a model get to hear, and what did it make of that?  Spectrograms beside one another."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import figure, save

GAP = "#B9B9B9"                               # where there was nothing to be heard
WORDS = ("what was there", "what the model got", "what it guessed")


def heard(truth: Sequence[np.ndarray], got: Sequence[np.ndarray], guessed: Sequence[np.ndarray], path: str | Path, *,
          seconds: float, title: str = "", words: Sequence[str] = WORDS) -> None:
    """Draw a row for each sound, in it three spectrograms (T, bands) on one scale: NaN in them is drawn as a gap.

    `seconds` is the time from one frame to the next.
    """
    if not len(truth) or not len(truth) == len(got) == len(guessed):
        raise ValueError(f"heard: there are {len(truth)}, {len(got)} and {len(guessed)} spectrograms; give as many of "
                         "each, and one at least")
    import matplotlib
    colours = matplotlib.colormaps["magma"].with_extremes(bad=GAP)
    drawn, grid = figure(11, 1.5 * len(truth) + 0.9, len(truth), 3, squeeze=False, sharey=True)
    for row, sounds in zip(grid, zip(truth, got, guessed, strict=True), strict=True):
        low, high = np.nanpercentile(sounds[0], (2, 99.5))
        for axes, sound in zip(row, sounds, strict=True):
            axes.imshow(np.ma.masked_invalid(sound.T), origin="lower", aspect="auto", cmap=colours, vmin=low, vmax=high,
                        extent=(0, len(sound) * seconds, 0, sound.shape[1]), interpolation="nearest")
            axes.grid(False)
            axes.set_yticks([0, sound.shape[1]])
        row[0].set_ylabel("band")
    for axes, text in zip(grid[0], words, strict=True):
        axes.set_title(legible(text), fontsize=12)
    for axes in grid[-1]:
        axes.set_xlabel("seconds")
    if title:
        drawn.suptitle(legible(title), fontsize=14)
    save(drawn, path)

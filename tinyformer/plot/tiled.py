"""What do many small pictures look like side by side?  Rows of them, each with a word or two."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import RED, clipped, figure, save

Row = tuple[str, Sequence[np.ndarray]]                         # what stands before it, and its pictures (S, S)
INCHES = 0.75                                                  # of a picture


def tiles(rows: Sequence[Row], path: str | Path, *, title: str | None = None, columns: Sequence[str] = (),
          signed: bool | Collection[int] = False, marked: Sequence[Sequence[bool]] = ()) -> None:
    """Draw rows of grey pictures from 0 to 1, below `columns`, words over the first of them.

    `signed` rows, all or by their numbers, are weights, with a colour for either sign, each picture on its own scale.
    `marked` pictures get a frame.
    """
    if not rows or not all(len(pictures) for _, pictures in rows):
        raise ValueError("tiles: there is no picture to draw; give rows of (text, pictures)")
    wide, side = max(len(pictures) for _, pictures in rows), len(rows[0][1][0])
    step = side + max(1, side // 8)                            # with what is left free between two
    weights = range(len(rows) * signed) if isinstance(signed, bool) else signed
    grey, coloured = np.full((2, len(rows) * step, wide * step), np.nan)       # nothing is drawn where it is NaN
    for number, (_, pictures) in enumerate(rows):
        sheet = coloured if number in weights else grey
        for place, picture in enumerate(pictures):
            picture = np.asarray(picture, float)
            most = (float(np.abs(picture).max()) or 1.0) if number in weights else 1.0
            sheet[number * step:number * step + side, place * step:place * step + side] = picture / most
    drawn, axes = figure(INCHES * wide + 1.6, INCHES * len(rows) + 0.5)
    axes.imshow(grey, interpolation="nearest", cmap="gray", vmin=0, vmax=1)
    axes.imshow(coloured, interpolation="nearest", cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_axis_off()
    for number, (text, _) in enumerate(rows):
        axes.annotate(clipped(text, 34), (-side / 4, number * step + side / 2), ha="right", va="center", fontsize=10,
                      annotation_clip=False)
    for place, text in enumerate(columns):
        axes.annotate(clipped(text, 14), (place * step + side / 2, -side / 4), ha="center", va="bottom", fontsize=10,
                      annotation_clip=False)
    for number, frames in enumerate(marked):
        for place in np.flatnonzero(frames):
            _frame(axes, place * step - 0.5, number * step - 0.5, side)
    if title:
        drawn.suptitle(legible(title), fontsize=13)
    save(drawn, path)


def _frame(axes, x: float, y: float, side: int) -> None:
    """A line around the picture whose upper left corner lies at (x, y)."""
    axes.plot([x, x + side, x + side, x, x], [y, y, y + side, y + side, y], color=RED, linewidth=2)

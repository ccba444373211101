"""Which of these are alike?  The cosines of things in groups, a square for each layer, and curves over all layers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.every_run import draw_runs
from tinyformer.plot.fonts import DPI, legible, quiet
from tinyformer.plot.panels import Panel, colours_of
from tinyformer.plot.style import BLACK, clipped, plain, save

SIDE, TEXTS = 2.9, 3.3                        # inches of a square, and of the texts left of the first one


def alike(squares: Mapping[str, np.ndarray], texts: Sequence[str], groups: Sequence[str], panels: Sequence[Panel],
          path: str | Path, *, title: str | None = None) -> None:
    """Draw a square of cosines (N, N) for each name, and panels of runs below.

    The N things are named by their `texts` and stand in their `groups`, one behind the other.
    """
    cosines = {name: np.asarray(square, float) for name, square in squares.items()}
    wrong = [name for name, square in cosines.items() if square.shape != (len(texts), len(texts))]
    if wrong or len(groups) != len(texts) or not squares or not panels:
        raise ValueError(f"alike: {len(texts)} texts, {len(groups)} groups, {len(panels)} panels and squares of "
                         f"{[square.shape for square in cosines.values()]}; squares are (N, N) for N texts and groups")
    drawn, top, below = _laid_out(len(squares), len(panels))
    edges = [place for place in range(1, len(groups)) if groups[place] != groups[place - 1]]
    middles = {groups[first]: (first + last - 1) / 2 for first, last in zip([0, *edges], [*edges, len(groups)],
                                                                            strict=True)}
    for number, (axes, (name, square)) in enumerate(zip(top, cosines.items(), strict=True)):
        image = axes.imshow(square, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
        for edge in edges:
            axes.axhline(edge - 0.5, color=BLACK, linewidth=0.8)
            axes.axvline(edge - 0.5, color=BLACK, linewidth=0.8)
        axes.set_title(legible(name), fontsize=12)
        axes.set_xticks(list(middles.values()), [legible(group) for group in middles], fontsize=10)
        axes.set_yticks(range(len(texts)), [clipped(text, 46) for text in texts] if number == 0 else [], fontsize=7)
        axes.tick_params(length=0)
        axes.grid(False)
    drawn.colorbar(image, ax=top, label="cosine", shrink=0.85, pad=0.01)
    colours = colours_of(panels)
    for axes, panel in zip(below, panels, strict=True):
        draw_runs(axes, panel, colours)
    if title:
        drawn.suptitle(legible(title), fontsize=14)
    save(drawn, path)


def _laid_out(squares: int, panels: int):
    """A figure with a row of squares, the first with room for texts beside it, and a row of panels below."""
    quiet()
    from matplotlib.figure import Figure
    drawn = Figure(figsize=(TEXTS + SIDE * squares + 0.8, SIDE + 4.6), dpi=DPI, layout="constrained")
    rows = drawn.add_gridspec(2, 1, height_ratios=(SIDE + 0.6, 3.6))
    top, below = ([drawn.add_subplot(place) for place in row.subgridspec(1, count)]
                  for row, count in zip(rows, (squares, panels), strict=True))
    for axes in (*top, *below):
        plain(axes)
    return drawn, top, below

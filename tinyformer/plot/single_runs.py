"""Do all runs go the same way, and do they turn at the same moment?  Every run as a line of its own.

A mean over runs that jump at different steps would show a slow rise that none of them made.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import BLACK, GREY, SERIES, clipped, figure, level, name_ends, save

COLOURS = (*SERIES, BLACK)


def single_runs(panels: Sequence[Mapping], path: str | Path, *, title: str | None = None) -> None:
    """Draw a panel for each of `panels`, two beside each other, with a thin line for each run.

    A panel has "title", "ylabel" and "curves" {name: runs}, a run being [(x, y), ...], and may have "xlabel", and
    "levels" {text: value}, which become dashed lines.  All runs of a name have one colour, the same in every panel,
    and the name stands where they end on average.
    """
    if not panels:
        raise ValueError("single_runs: there is no panel to draw")
    names = list(dict.fromkeys(name for panel in panels for name in panel["curves"]))
    colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
    across, down = min(2, len(panels)), -(-len(panels) // 2)
    drawn, grid = figure(6.6 * across, 3.6 * down + 0.6, down, across, squeeze=False)
    for axes in list(grid.flat)[len(panels):]:
        axes.set_axis_off()
    for axes, panel in zip(grid.flat, panels, strict=False):
        _panel(axes, panel, colours)
    if title:
        drawn.suptitle(legible(title), fontsize=14)
    save(drawn, path)


def _panel(axes, panel: Mapping, colours: Mapping[str, str]) -> None:
    ends, values = [], list(panel.get("levels", {}).values())
    for name, runs in panel["curves"].items():
        if not runs or not all(map(len, runs)):
            raise ValueError(f"single_runs: {name!r} has no runs, or a run no points; give each as a list of (x, y)")
        for run in runs:
            x, y = np.array(run, float).T
            axes.plot(x, y, color=colours[name], linewidth=1.4, alpha=0.75)
            values += [y.min(), y.max()]
        ends.append((float(np.mean([run[-1][1] for run in runs])), clipped(name, 24), colours[name]))
    low, high = min(values), max(values)
    room = high - low or 1
    axes.set_ylim(low - 0.12 * room, high + 0.1 * room)
    axes.margins(x=0.01)
    for text, value in panel.get("levels", {}).items():
        level(axes, value, legible(text), GREY, below=value < (low + high) / 2)
    name_ends(axes, ends, 10)
    axes.set_title(clipped(panel["title"], 48), fontsize=12)
    axes.set(xlabel=legible(panel.get("xlabel", "step")), ylabel=legible(panel["ylabel"]))

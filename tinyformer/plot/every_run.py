"""Do all runs go the same way, and do they turn at the same moment?  Every run as a line of its own.

A mean over runs that jump at different steps would show a slow rise that none of them made.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.panels import Panel, colours_of, finish, laid_out
from tinyformer.plot.style import clipped, save


def single_runs(panels: Sequence[Panel], path: str | Path, *, title: str | None = None) -> None:
    """Draw the panels, two beside each other, with a thin line for each run.

    All runs of a name have one colour, the same in every panel, and the name stands where they end on average.
    """
    if not panels:
        raise ValueError("single_runs: there is no panel to draw")
    colours = colours_of(panels)
    drawn, grid = laid_out(panels, title)
    for axes, panel in zip(grid, panels, strict=True):
        draw_runs(axes, panel, colours)
    save(drawn, path)


def draw_runs(axes, panel: Panel, colours: Mapping[str, str]) -> None:
    """Draw one panel into its axes, a line for each run."""
    ends, values = [], []
    for name, runs in panel.curves.items():
        if not runs or not all(map(len, runs)):
            raise ValueError(f"single_runs: {name!r} has no runs, or a run no points; give each as a list of (x, y)")
        for run in runs:
            x, y = np.array(run, float).T
            axes.plot(x, y, color=colours[name], linewidth=1.4, alpha=0.75)
            values += [y.min(), y.max()]
        ends.append((float(np.mean([run[-1][1] for run in runs])), clipped(name, 24), colours[name]))
    finish(axes, panel, ends, values)

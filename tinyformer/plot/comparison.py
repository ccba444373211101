"""What did a treatment bring?  The mean of several seeds as a curve, a band around it, and others beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.panels import Panel, Run, colours_of, finish, laid_out
from tinyformer.plot.style import GREY, clipped, save


def compared(panels: Sequence[Panel], path: str | Path, *, title: str | None = None, band: str = "range") -> None:
    """Draw the panels, two beside each other: for each name the mean over its runs, and a band around it.

    The band is the "range" from the lowest run to the highest, or one standard "deviation" (n - 1) up and down.  A name
    has the same colour in every panel; controls are thin, dashed and grey.
    """
    if band not in ("range", "deviation"):
        raise ValueError(f"compared: band is {band!r}; it must be 'range' or 'deviation'")
    if not panels:
        raise ValueError("compared: there is no panel to draw")
    colours = colours_of(panels)
    drawn, grid = laid_out(panels, title)
    for axes, panel in zip(grid, panels, strict=True):
        _panel(axes, panel, colours, band)
    runs = sorted({len(runs) for panel in panels for runs in (*panel.curves.values(), *panel.controls.values())})
    drawn.supxlabel(_said(runs, band), fontsize=10, color=GREY)
    save(drawn, path)


def _panel(axes, panel: Panel, colours: Mapping[str, str], band: str) -> None:
    ends, values = [], []
    lines = [(name, runs, colours[name], False) for name, runs in panel.curves.items()]
    lines += [(name, runs, GREY, True) for name, runs in panel.controls.items()]
    for name, runs, colour, control in lines:
        x, y = together(runs)                                  # (P,), (R, P)
        mean = y.mean(0)
        low, high = y.min(0), y.max(0)
        if band == "deviation":
            spread = y.std(0, ddof=1) if len(y) > 1 else np.zeros_like(mean)
            low, high = mean - spread, mean + spread
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(x, mean, color=colour, linewidth=1.2 if control else 2, linestyle=(0, (5, 3)) if control else "-",
                  marker="o", markersize=0 if control or len(x) > 30 else 3.5)
        ends.append((float(mean[-1]), f"{clipped(name, 20)} {_short(mean[-1])}", colour))
        values += [*low, *high]
    finish(axes, panel, ends, values)


def together(runs: Sequence[Run]) -> tuple[np.ndarray, np.ndarray]:
    """The runs on common places: x (P,) and y (R, P).  Where they were measured elsewhere, lines are drawn between."""
    arrays = [np.array(sorted(run), float).reshape(-1, 2) for run in runs]
    if not arrays or not all(map(len, arrays)):
        raise ValueError("compared: a curve has no runs, or a run no points; give each run as a list of (x, y)")
    places = np.unique(np.concatenate([run[:, 0] for run in arrays]))
    first, last = max(run[0, 0] for run in arrays), min(run[-1, 0] for run in arrays)
    inside = places[(first <= places) & (places <= last)]
    if not len(inside):
        raise ValueError("compared: the runs of a curve share no stretch of the x axis; they cannot be averaged")
    return inside, np.stack([np.interp(inside, run[:, 0], run[:, 1]) for run in arrays])


def _short(value: float) -> str:
    """A fraction with two places, a percentage or a loss in tens with one."""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _said(runs: list[int], band: str) -> str:
    """What line and band are, in words."""
    if runs[-1] == 1:
        return "one seed each"
    seeds = f"{runs[0]} to {runs[-1]}" if len(runs) > 1 else f"{runs[0]}"
    around = "from the lowest to the highest" if band == "range" else "one standard deviation up and down"
    return f"line: mean of {seeds} seeds; band: {around}"

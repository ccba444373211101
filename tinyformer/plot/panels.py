"""What does a panel show?  Curves of several runs, or bars; the same two forms for every experiment."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import BLACK, GREY, SERIES, clipped, figure, level, name_ends

Run = Sequence[tuple[float, float]]                            # (x, y), ...
Ends = Sequence[tuple[float, str, str]]                        # where a curve ends: height, text, colour
COLOURS = (*SERIES, BLACK)
MOST_MARKS = 8                                                 # places of a logarithmic axis that are named one by one


@dataclass(frozen=True)
class Panel:
    """Curves by name, each with its runs, over one axis."""

    title: str
    ylabel: str
    curves: Mapping[str, Sequence[Run]]
    xlabel: str = "step"
    levels: Mapping[str, float] = field(default_factory=dict)  # dashed lines across, by what they mean
    controls: Mapping[str, Sequence[Run]] = field(default_factory=dict)        # drawn thin, dashed and grey
    percent: bool = False                                      # y goes from 0 to 100
    logarithmic: bool = False                                  # x by its logarithm


@dataclass(frozen=True)
class Bars:
    """A bar for each name, with the values of its seeds, or none; `level` is a dashed line, (what it means, value)."""

    title: str
    xlabel: str
    values: Mapping[str, Sequence[float]]
    level: tuple[str, float] | None = None


def laid_out(panels: Sequence[Panel], title: str | None):
    """A figure with room for so many panels, two beside each other, and their axes."""
    across, down = min(2, len(panels)), math.ceil(len(panels) / 2)
    drawn, grid = figure(6.4 * across, 3.6 * down + 0.6, down, across, squeeze=False)
    for axes in list(grid.flat)[len(panels):]:
        axes.set_axis_off()
    if title:
        drawn.suptitle(legible(title), fontsize=14)
    return drawn, list(grid.flat)[:len(panels)]


def colours_of(panels: Sequence[Panel]) -> dict[str, str]:
    """A colour for each name, the same in every panel."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.curves))
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}


def finish(axes, panel: Panel, ends: Ends, values: Sequence[float]) -> None:
    """Limits, levels, names and titles of a panel whose curves, of these `values`, have been drawn."""
    low, high = (0.0, 100.0) if panel.percent else _extremes([*values, *panel.levels.values()])
    room = (0.03 if panel.percent else 0.12) * (high - low or 1)
    axes.set_ylim(low - room, high + room)
    axes.margins(x=0.01)
    if panel.logarithmic:
        _logarithmic(axes, panel)
    elif _counted(places := _places(panel)):
        axes.set_xticks(places)
    for text, value in panel.levels.items():
        level(axes, value, legible(text), GREY, below=value < (low + high) / 2)
    name_ends(axes, ends, 10)
    axes.set_title(clipped(panel.title, 52), fontsize=12)
    axes.set(xlabel=legible(panel.xlabel), ylabel=legible(panel.ylabel))


def _extremes(values: Sequence[float]) -> tuple[float, float]:
    return float(np.min(values)), float(np.max(values))


def _logarithmic(axes, panel: Panel) -> None:
    """A logarithmic axis, on which the places of the points are named where they are few."""
    axes.set_xscale("log")
    places = _places(panel)
    if len(places) <= MOST_MARKS:
        axes.set_xticks(places, [_short(place) for place in places])
        axes.minorticks_off()


def _places(panel: Panel) -> list[float]:
    """Where on the x axis there are points."""
    return sorted({x for runs in panel.curves.values() for run in runs for x, _ in run})


def _counted(places: Sequence[float]) -> bool:
    """Whether they are few whole numbers one after the other, as the numbers of layers."""
    return 1 < len(places) <= MOST_MARKS and list(places) == list(range(int(places[0]), int(places[0]) + len(places)))


def _short(number: float) -> str:
    """3.3 M, 64 k, 3,000, 0.5: a number as people say it."""
    if number < 10_000:
        return f"{number:,.0f}" if number == round(number) else f"{number:g}"
    return f"{number / 1e6:.1f} M" if number >= 999_500 else f"{number / 1e3:.0f} k"

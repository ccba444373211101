"""Does a model learn from the examples in its prompt?  Accuracy over their number, and over the size of the model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import GREY, SERIES, clipped, figure, level, name_ends, save

Point = tuple[float, float, float]                             # shots, accuracy in percent, its standard error


def shot_curve(curves: Mapping[str, Sequence[Point]], path: str | Path, *, chance: float | None = None,
               title: str = "What worked examples bring") -> None:
    """Draw the accuracy of each curve {name: points} over the number of examples, its standard error as a bar."""
    if not curves or not all(map(len, curves.values())):
        raise ValueError("shot_curve: a curve has no points; give each as a list of (shots, accuracy, standard error)")
    drawn, axes = figure(6.4, 4)
    ends = []
    for colour, (name, points) in zip(SERIES, curves.items(), strict=False):
        shots, accuracy, error = np.array(sorted(points), float).T
        axes.errorbar(shots, accuracy, error, color=colour, marker="o", markersize=5, linewidth=2, capsize=3)
        ends.append((float(accuracy[-1]), f"{clipped(name, 22)} {accuracy[-1]:.0f}", colour))
    _percent(axes)
    axes.set_xticks(sorted({point[0] for points in curves.values() for point in points}))
    if chance is not None:
        level(axes, chance, f"chance {chance:.0f}", GREY)
    name_ends(axes, ends, 10)
    axes.set(xlabel="worked examples in the prompt", ylabel="right answers, %", title=clipped(title, 60))
    save(drawn, path)


def by_size(panels: Sequence[Mapping], sizes: Sequence[float], path: str | Path, *, title: str | None = None) -> None:
    """Draw accuracy over the number of parameters, a line for each number of shots (Brown et al. 2020, figure 1.2).

    A panel has "title", "lines" {name: accuracies in percent (R, P), of R seeds at P sizes}, and may have "dashed"
    {name: accuracies (R, P)}, controls that are drawn thin and grey.  A line is the mean, its band goes from the lowest
    seed to the highest.
    """
    if not panels:
        raise ValueError("by_size: there is no panel to draw")
    across = min(2, len(panels))
    down = -(-len(panels) // across)
    drawn, grid = figure(6.2 * across, 3.7 * down + 0.5, down, across, squeeze=False)
    for axes in list(grid.flat)[len(panels):]:
        axes.set_axis_off()
    for axes, panel in zip(grid.flat, panels, strict=False):
        ends = []
        axes.set_xscale("log")
        drawings = [(name, values, colour, 2) for colour, (name, values) in
                    zip(SERIES, panel["lines"].items(), strict=False)]
        drawings += [(name, values, GREY, 1.2) for name, values in panel.get("dashed", {}).items()]
        for name, values, colour, wide in drawings:
            values = np.asarray(values, float)                 # (R, P)
            if values.shape[1:] != (len(sizes),):
                raise ValueError(f"by_size: {name!r} is {values.shape}; it must be (seeds, {len(sizes)}), one for each "
                                 "size")
            mean = values.mean(0)
            axes.fill_between(sizes, values.min(0), values.max(0), color=colour, alpha=0.18, linewidth=0)
            axes.plot(sizes, mean, color=colour, linewidth=wide, marker="o", markersize=4.5 if wide > 1.5 else 0,
                      linestyle="-" if wide > 1.5 else (0, (5, 3)))
            ends.append((float(mean[-1]), f"{clipped(name, 20)} {mean[-1]:.0f}", colour))
        _percent(axes)
        name_ends(axes, ends, 10)
        axes.set_xticks(sizes, [_short(size) for size in sizes])
        axes.minorticks_off()
        axes.set(xlabel="parameters", ylabel="right answers, %")
        axes.set_title(clipped(panel["title"], 52), fontsize=12)
    if title:
        drawn.suptitle(legible(title), fontsize=14)
    seeds = max(len(values) for panel in panels for values in panel["lines"].values())
    drawn.supxlabel(f"line: mean of {seeds} seeds; band: from the lowest to the highest" if seeds > 1 else "one seed",
                    fontsize=10, color=GREY)
    save(drawn, path)


def _percent(axes) -> None:
    axes.set_ylim(-3, 103)
    axes.set_yticks(range(0, 101, 20))


def _short(size: float) -> str:
    """64 k, 3.3 M: a number of parameters as people say it."""
    return f"{size / 1e6:.1f} M" if size >= 999_500 else f"{size / 1e3:.0f} k"

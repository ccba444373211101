"""Which of many treatments helps, and how good is each model at each task?  Bars, coloured by kind or by model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.panels import Bars
from tinyformer.plot.style import BLACK, BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, SERIES, clipped, figure, save

KINDS = (BLUE, RED, GREY, ORANGE, PURPLE)     # colours of the groups, in their order


def grouped(panels: Sequence[Bars], groups: Mapping[str, Sequence[str]], path: str | Path, *,
            title: str | None = None) -> None:
    """Draw the panels beside each other, with a bar for each name in `groups` {kind: names}, kind below kind.

    A bar is as long as the mean, and each seed is a point on it; where a name has no values, there is a dash.
    """
    if not panels or not groups:
        raise ValueError("grouped: there is no panel or no group to draw")
    names = [(name, number) for number, kind in enumerate(groups) for name in groups[kind]]
    missing = sorted({name for panel in panels for name, _ in names if name not in panel.values})
    if missing:
        raise ValueError(f"grouped: no values for {', '.join(missing)}; give each its own in every panel, or ()")
    height = 0.36 * (len(names) + len(groups)) + 1.4
    drawn, grid = figure(3.4 * len(panels) + 1.2, height, 1, len(panels), squeeze=False)
    places = [place + 0.5 * number for place, (_, number) in enumerate(names)]           # a gap between kinds
    for axes, panel in zip(grid.flat, panels, strict=True):
        for y, (name, number) in zip(places, names, strict=True):
            values, colour = np.asarray(panel.values[name], float), KINDS[number % len(KINDS)]
            if not len(values):
                axes.annotate("–", (0, y), xytext=(5, 0), textcoords="offset points", va="center", color=GREY)
                continue
            axes.barh(y, values.mean(), 0.8, color=colour, alpha=0.75)
            axes.plot(values, np.full(len(values), y), linestyle="", marker="o", markersize=3.5, color=BLACK,
                      markeredgecolor="white", markeredgewidth=0.5)
            axes.annotate(f"{values.mean():.1f}", (max(values.max(), values.mean(), 0), y), xytext=(5, 0),
                          textcoords="offset points", va="center", fontsize=9, color=INK.get(colour, colour))
        axes.set_yticks(places, [clipped(name, 26) for name, _ in names])
        axes.set_ylim(places[-1] + 0.7, -0.7)
        axes.tick_params(axis="y", length=0, labelleft=axes is grid.flat[0])
        axes.grid(False, axis="y")
        axes.grid(True, axis="x", color="#DDDDDD", linewidth=0.8)
        axes.axvline(0, color=GREY, linewidth=1)
        text, mark = panel.level or ("", 0.0)
        seen = [0.0, mark, *(value for name, _ in names for value in panel.values[name])]
        low, high = min(seen), max(seen)
        axes.set_xlim(low - 0.03 * (high - low), high + 0.18 * (high - low or 1))
        if text:
            axes.axvline(mark, color=BLACK, linewidth=1.2, linestyle=(0, (5, 3)))
            axes.annotate(legible(text), (mark, 1), xycoords=("data", "axes fraction"), xytext=(3, 2),
                          textcoords="offset points", fontsize=9, color=BLACK, annotation_clip=False)
        axes.set_title(clipped(panel.title, 40), fontsize=12, pad=18)
        axes.set_xlabel(legible(panel.xlabel))
    last = list(grid.flat)[-1]
    for number, kind in enumerate(groups):
        colour = KINDS[number % len(KINDS)]
        last.annotate(f"■ {clipped(kind, 30)}", (1.02, 1), xycoords="axes fraction", xytext=(0, -16 * number - 8),
                      textcoords="offset points", color=INK.get(colour, colour), fontsize=11, va="center")
    if title:
        drawn.suptitle(legible(title), fontsize=14)
    runs = max(len(values) for panel in panels for values in panel.values.values())
    drawn.supxlabel(f"bar: mean of {runs} seed{'s' * (runs > 1)}; points: the seeds", fontsize=10, color=GREY)
    save(drawn, path)


def glue_table(rows: Sequence[tuple[str, Mapping[str, float | Sequence[float]]]], path: str | Path, *,
               title: str = "Scores by task (majority 0, ceiling 100)") -> None:
    """Draw a bar for each model at each task, and their averages: rows of (task, {model: score or scores of seeds}).

    Scores are on a scale on which always saying the same is at 0 and a perfect reader at 100.  The thin line at the
    end of a bar goes from the lowest seed to the highest.
    """
    models = list(dict.fromkeys(model for _, scores in rows for model in scores))
    if not models:
        raise ValueError("glue_table: there is no score to draw; give rows of (task, {model: score})")
    table = {(task, model): np.atleast_1d(np.asarray(value, float)) for task, scores in rows
             for model, value in scores.items()}
    tasks = [task for task, _ in rows]
    average = "average"
    for model in models:
        found = [table[task, model].mean() for task in tasks if (task, model) in table]
        table[average, model] = np.array([np.mean(found)])
    drawn, axes = figure(8, 0.9 + (0.24 * len(models) + 0.14) * (len(tasks) + 1))
    thick = 0.8 / len(models)
    for m, model in enumerate(models):
        for t, task in enumerate([*tasks, average]):
            if (task, model) not in table:
                continue
            values, colour = table[task, model], SERIES[m % len(SERIES)]
            y = t + 0.25 * (task == average) + thick * (m - (len(models) - 1) / 2)
            axes.barh(y, values.mean(), thick * 0.9, color=colour, alpha=1 if task == average else 0.75)
            axes.plot([values.min(), values.max()], [y, y], color="black", linewidth=1.2)
            axes.annotate(f"{values.mean():.1f}", (max(values.max(), 0), y), xytext=(4, 0), textcoords="offset points",
                          va="center", fontsize=9, color=INK.get(colour, colour),
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    lowest = min(values.min() for values in table.values())
    highest = max(values.max() for values in table.values())
    axes.set_xlim(min(0, lowest - 3), max(100, highest) + 8)
    axes.set_ylim(len(tasks) + 0.8, -0.6)
    axes.axvline(0, color=GREY, linewidth=1.3)
    axes.axvline(100, color=GREEN, linewidth=1.3, linestyle=(0, (5, 3)))
    axes.axhline(len(tasks) - 0.375, color=GREY, linewidth=0.8)
    axes.set_yticks([*range(len(tasks)), len(tasks) + 0.25], [clipped(task, 24) for task in tasks] + [average])
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.grid(True, axis="x", color="#DDDDDD", linewidth=0.8)
    axes.set(xlabel="score", title=clipped(title, 70))
    for m, model in enumerate(models):
        colour = SERIES[m % len(SERIES)]
        axes.annotate(f"■ {clipped(model, 30)}", (1.01, 1), xycoords="axes fraction", xytext=(0, -16 * m - 8),
                      textcoords="offset points", color=INK.get(colour, colour), fontsize=11, va="center")
    save(drawn, path)

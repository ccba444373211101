"""What did pre-training bring?  Learning curves of several seeds side by side, and the scores of many tasks."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import GREEN, GREY, INK, SERIES, clipped, figure, level, name_ends, save

Run = Sequence[tuple[float, float]]


def compared(panels: Sequence[Mapping], path: str | Path, *, title: str | None = None, band: str = "range") -> None:
    """Draw a panel for each of `panels`, with one curve for each name: the mean over its runs, and a band around it.

    A panel has "title", "ylabel" and "curves" {name: runs}, a run being [(x, y), ...], and may have "xlabel", and
    "majority" and "ceiling", which become named levels.  The band is the "range" from the lowest run to the highest,
    or one standard "deviation" (n - 1) up and down.  A name has the same colour in every panel.
    """
    if band not in ("range", "deviation"):
        raise ValueError(f"compared: band is {band!r}; it must be 'range' or 'deviation'")
    if not panels:
        raise ValueError("compared: there is no panel to draw")
    names = list(dict.fromkeys(name for panel in panels for name in panel["curves"]))
    colours = {name: SERIES[number % len(SERIES)] for number, name in enumerate(names)}
    across = min(2, len(panels))
    down = math.ceil(len(panels) / across)
    drawn, grid = figure(6.2 * across, 3.5 * down + 0.6, down, across, squeeze=False)
    for axes in list(grid.flat)[len(panels):]:
        axes.set_axis_off()
    for axes, panel in zip(grid.flat, panels, strict=False):
        _panel(axes, panel, colours, band)
    runs = sorted({len(runs) for panel in panels for runs in panel["curves"].values()})
    if title:
        drawn.suptitle(legible(title), fontsize=14)
    drawn.supxlabel(_said(runs, band), fontsize=10, color=GREY)
    save(drawn, path)


def _panel(axes, panel: Mapping, colours: Mapping[str, str], band: str) -> None:
    ends, extremes, right = [], [], 0.0
    for name, runs in panel["curves"].items():
        x, y = together(runs)                                  # (P,), (R, P)
        mean = y.mean(0)
        low, high = y.min(0), y.max(0)
        if band == "deviation":
            spread = y.std(0, ddof=1) if len(y) > 1 else np.zeros_like(mean)
            low, high = mean - spread, mean + spread
        axes.fill_between(x, low, high, color=colours[name], alpha=0.18, linewidth=0)
        axes.plot(x, mean, color=colours[name], linewidth=2, marker="o", markersize=3.5 if len(x) < 30 else 0)
        ends.append((float(mean[-1]), f"{clipped(name, 18)} {_short(mean[-1])}", colours[name]))
        extremes += [*low, *high]
        right = max(right, x[-1])
    levels = [(float(panel[key]), f"{key} {_short(panel[key])}", colour)
              for key, colour in (("majority", GREY), ("ceiling", GREEN)) if panel.get(key) is not None]
    extremes += [value for value, *_ in levels]
    low, high = min(extremes), max(extremes)
    room = high - low or 1
    axes.set_ylim(low - 0.12 * room, high + 0.12 * room)
    axes.margins(x=0.01)
    for value, text, colour in levels:
        level(axes, value, text, colour, below=text.startswith("majority"))
    name_ends(axes, ends, 10)
    axes.set_title(clipped(panel["title"], 48), fontsize=12)
    axes.set(xlabel=legible(panel.get("xlabel", "step")), ylabel=legible(panel["ylabel"]))


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

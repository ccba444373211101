"""Is each model better than the one before, and which lines does it pass?  The average, and every task by itself."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

from tinyformer.plot.style import BLACK, GREY, SERIES, clipped, figure, level, name_ends, save

LINES = (("", (0, ())), ("- - ", (0, (4, 1.5))))     # of tasks, by how often their colour came before


def standings(scores: Mapping[str, Sequence[Mapping[str, float]]], path: str | Path, *,
              levels: Mapping[str, float] | None = None, title: str = "Scores by task") -> None:
    """Draw scores {model: for each seed {task: score}}, the models from left to right in their order.

    A thin line for each task goes through its means over the seeds, a thick one through the averages of all tasks, on
    which each seed is a point.  `levels` are dashed lines across, by what they mean.  (In the manner of Wang et al.
    2019, SuperGLUE, figure 1.)
    """
    if not scores or not all(scores.values()):
        raise ValueError("standings: a model has no scores; give each a mapping {task: score} for every seed")
    models, tasks = [*scores], [*next(iter(scores.values()))[0]]
    drawn, axes = figure(1.15 * len(models) + 3.2, 5.2)
    ends, places = [], range(len(models))
    for number, task in enumerate(tasks):
        heights = [mean(seed[task] for seed in scores[model]) for model in models]
        colour, (mark, dashes) = SERIES[number % len(SERIES)], LINES[number // len(SERIES) % len(LINES)]
        axes.plot(places, heights, color=colour, linewidth=1.2, alpha=0.8, marker="o", markersize=3.5, linestyle=dashes)
        ends.append((heights[-1], f"{mark}{clipped(task, 16)} {round(heights[-1])}", colour))
    averages = [[mean(seed.values()) for seed in scores[model]] for model in models]
    heights = [mean(each) for each in averages]
    axes.plot(places, heights, color=BLACK, linewidth=3, zorder=4)
    for place, each, height in zip(places, averages, heights, strict=True):
        axes.plot([place] * len(each), each, linestyle="", marker="o", markersize=5, color=BLACK, zorder=5,
                  markeredgecolor="white", markeredgewidth=0.6)
        axes.annotate(f"{height:.1f}", (place, max(each)), xytext=(0, 6), textcoords="offset points", ha="center",
                      fontsize=10, fontweight="bold", color=BLACK, zorder=6,
                      bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.5})
    ends.append((heights[-1], f"average {heights[-1]:.1f}", BLACK))
    seen = [*(levels or {}).values(), *(value for end in scores.values() for seed in end for value in seed.values())]
    axes.set_ylim(min(0, *seen) - 4, max(100, *seen) + 7)
    axes.set_xlim(-0.4, len(models) - 0.05)     # beside the last model the levels have their names
    for text, value in (levels or {}).items():
        level(axes, value, clipped(text, 50), GREY)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_xticks(places, [clipped(model, 18) for model in models])
    name_ends(axes, ends, 10)
    axes.set(ylabel="score", title=clipped(title, 70))
    save(drawn, path)

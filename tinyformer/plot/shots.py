"""Does a model learn from the examples in its prompt?  Accuracy over their number."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

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
    axes.set_ylim(-3, 103)
    axes.set_yticks(range(0, 101, 20))
    axes.set_xticks(sorted({point[0] for points in curves.values() for point in points}))
    if chance is not None:
        level(axes, chance, f"chance {chance:.0f}", GREY)
    name_ends(axes, ends, 10)
    axes.set(xlabel="worked examples in the prompt", ylabel="right answers, %", title=clipped(title, 60))
    save(drawn, path)

"""What makes the pictures look alike?  Colours that everybody can tell apart, plain axes, names beside the lines."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np

from tinyformer.places import room_for
from tinyformer.plot.fonts import DPI, families, legible, quiet
from tinyformer.plot.palette import smaller

# Colours of Okabe and Ito (2008), which people with any kind of colour vision can tell apart.
BLUE, ORANGE, GREEN, RED, SKY, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7"
GREY, BLACK = "#595959", "#1A1A1A"
SERIES = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY)
INK = {ORANGE: "#9C6B00", SKY: "#1F7FB8", PURPLE: "#A3477B", GREEN: "#007A59"}     # darker, so that words can be read


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **more):
    """A figure of so many inches and its axes, in this project's plain style."""
    quiet()
    from matplotlib.figure import Figure
    drawn = Figure(figsize=(width, height), dpi=DPI, layout="compressed")
    grid = drawn.subplots(rows, columns, **more)
    for axes in np.ravel(grid):
        plain(axes)
    return drawn, grid


def plain(axes) -> None:
    """Give axes this project's plain style."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=10)
    axes.xaxis.label.set_size(11)
    axes.yaxis.label.set_size(11)
    axes.title.set_size(14)


def save(drawn, path: str | Path) -> None:
    """Write the figure as PNG, a large one by a palette; folders that are missing are made."""
    from matplotlib.text import Text
    for text in drawn.findobj(Text):
        text.set_fontfamily(families())
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = BytesIO()
    drawn.savefig(picture, format="png", bbox_inches="tight", pad_inches=0.15, metadata={"Software": "tinyformer"})
    picture = smaller(picture)
    with room_for(path, picture.getbuffer().nbytes):
        path.write_bytes(picture.getbuffer())


def clipped(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis where it has more than `most` characters; fit to be drawn."""
    return legible(text if len(text) <= most else text[:most - 1].rstrip() + "…")


def level(axes, value: float, text: str, colour: str, *, below: bool = False) -> None:
    """A dashed line across the axes, its meaning written at its right end, above or below it."""
    axes.axhline(value, color=colour, linewidth=1.3, linestyle=(0, (5, 3)))
    axes.annotate(text, (1, value), xycoords=("axes fraction", "data"), xytext=(-4, -4 if below else 4),
                  textcoords="offset points", ha="right", va="top" if below else "bottom",
                  color=INK.get(colour, colour), fontsize=10,
                  bbox={"facecolor": "white", "alpha": 0.6, "edgecolor": "none", "pad": 0.5})


def name_ends(axes, labels: Sequence[tuple[float, str, str]], size: float = 11) -> None:
    """Write each series' name beside its end on the right: (value, name, colour).

    Names that would overlap are pushed apart evenly, and stay within the height of the axes.
    """
    place = np.log10 if axes.get_yscale() == "log" else np.asarray
    low, high = place(axes.get_ylim())
    points = axes.figure.get_figheight() * 72 * axes.get_position().height
    labels = sorted(labels)
    heights = spread([float((place(value) - low) / (high - low)) for value, *_ in labels], 1.4 * size / points)
    for height, (_, text, colour) in zip(heights, labels, strict=True):
        axes.annotate(text, (1.01, height), xycoords="axes fraction", color=INK.get(colour, colour), fontsize=size,
                      va="center", annotation_clip=False)


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Rising heights, moved as little as it takes to stand `gap` apart within 0 and 1.

    Less i * gap, the i-th height only has to be no smaller than the one before: neighbours that break this rule are
    pooled to their mean until none does (isotonic regression: the nearest such heights by squares).
    """
    n = len(heights)
    gap = min(gap, 1 / max(n - 1, 1))
    pools: list[list[float]] = []                              # pools of neighbours, each to stand at its mean
    for i, height in enumerate(heights):
        pools.append([height - i * gap])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    flat = [float(np.mean(pool)) for pool in pools for _ in pool]
    return [min(max(value, 0.0), 1 - (n - 1) * gap) + i * gap for i, value in enumerate(flat)]

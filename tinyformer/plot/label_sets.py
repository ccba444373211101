"""Which labels are found, which are missed, and which are given wrongly?  A bar for each label, one part for each."""

from collections.abc import Mapping
from pathlib import Path

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import BLACK, BLUE, GREY, INK, ORANGE, RED, clipped, figure, save

SHOWN = 40                                       # labels that have a bar, the most frequent ones
PARTS = (("found", BLUE), ("missed", ORANGE), ("given wrongly", RED))


def label_bars(counts: Mapping[str, tuple[int, int, int]], path: str | Path, *,
               title: str = "Which labels were found") -> None:
    """Draw for each label how often it was found, missed, and given wrongly, with the F1 that this makes.

    Found and missed stand right of the axis, one behind the other, and are together as long as the label is frequent;
    what was given wrongly stands left of it.  The most frequent label comes first, and labels after the 40th are left
    out.
    """
    if not counts:
        raise ValueError("label_bars: there is no label to draw; give the three counts of each")
    order = sorted(counts, key=lambda label: -sum(counts[label][:2]))
    names = order[:SHOWN]
    drawn, axes = figure(8.5, 0.34 * len(names) + 1.7)
    longest = max(1, *(sum(counts[name][:2]) for name in names))
    widest = max(counts[name][2] for name in names)
    for y, name in enumerate(names):
        found, missed, wrong = counts[name]
        for start, length, (_, colour) in zip((0, found, -wrong), (found, missed, wrong), PARTS, strict=True):
            axes.barh(y, length, 0.74, left=start, color=colour, alpha=0.8)
        f1 = 2 * found / (2 * found + missed + wrong) if found else 0.0
        axes.annotate(f"F1 {f1:.2f}", (found + missed, y), xytext=(5, 0), textcoords="offset points", va="center",
                      fontsize=9, color=BLACK)
    axes.set_yticks(range(len(names)), [f"{clipped(name, 24)}  ({sum(counts[name][:2]):,})" for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(-1.05 * widest, 1.16 * longest)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.grid(True, axis="x", color="#DDDDDD", linewidth=0.8)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.set_xlabel("texts; behind each label, how many have it")
    more = f"; the {SHOWN} most frequent of {len(order):,} labels" if len(order) > SHOWN else ""
    axes.set_title(legible(title + more), pad=24)
    for number, (word, colour) in enumerate(PARTS):
        axes.annotate(f"■ {word}", (0.02 + 0.24 * number, 1), xycoords="axes fraction", xytext=(0, 8),
                      textcoords="offset points", fontsize=11, color=INK.get(colour, colour))
    save(drawn, path)

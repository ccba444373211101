"""Which class is taken for which, and how near are the scores?  A confusion matrix, and predicted against true."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible, width
from tinyformer.plot.style import BLUE, GREY, clipped, figure, save

NUMBERED, SHOWN = 29, 60                         # classes up to which there are numbers; classes that have a row at all


def confusion(labels: Sequence[str], counts: np.ndarray, path: str | Path, *,
              title: str = "Which class was taken for which") -> None:
    """Draw counts (K, K) of K classes, row = true class, column = predicted; colours are shares of the row.

    Up to 29 classes the counts are written in, and the shares where there is room.  More classes are sorted, the
    most frequent first, and have colours alone; those after the 60th are joined.
    """
    counts = np.asarray(counts)
    if len(labels) == 0 or counts.shape != (len(labels), len(labels)):
        raise ValueError(f"confusion: counts are {counts.shape} for {len(labels)} labels; they must be (K, K), one row "
                         "and one column for each of the K labels")
    right, total = int(np.trace(counts)), int(counts.sum())
    labels, counts, sorted_too = _arranged([clipped(str(label), 22) for label in labels], counts)
    K, of_class = len(labels), counts.sum(1)
    shares = counts / np.maximum(of_class, 1)[:, None]
    widest = max(width(label, 11) for label in labels) / 72
    side = max(min(max(0.75 * K, 2.6), 5 + 0.12 * K), min(1.1 * widest * K, 5.5))
    drawn, axes = figure(side + 2.6, side + 1.4)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    size = 11 if K <= 8 else 9 if K <= 14 else 7
    tilted = widest * size / 11 > 0.95 * side / K
    axes.set_xticks(range(K), labels, rotation=90 if tilted else 0, fontsize=size)
    axes.set_yticks(range(K), [f"{label}  ({n:,})" for label, n in zip(labels, of_class, strict=True)], fontsize=size)
    axes.tick_params(length=0)
    axes.grid(False)
    for edge in axes.spines.values():
        edge.set_visible(False)
    if K <= NUMBERED:
        for row, column in np.ndindex(K, K):
            n, share = counts[row, column], shares[row, column]
            if n or row == column:
                axes.text(column, row, f"{n:,}\n{share:.0%}" if K <= 10 and of_class[row] else f"{n:,}", ha="center",
                          va="center", fontsize=size, color="white" if share > 0.55 else "black" if n else GREY)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true (how many)" + ", the most frequent first" * sorted_too)
    _headed(axes, title, f"{right:,} of {total:,} right" + (f" ({right / total:.1%})" if total else ""))
    drawn.colorbar(image, ax=axes, label="share of the true class", shrink=0.8, pad=0.02,
                   format=lambda share, _: f"{share:.0%}")
    save(drawn, path)


def score_scatter(true: Sequence[float], predicted: Sequence[float], path: str | Path, *,
                  title: str = "Predicted against true scores", pearson: float | None = None,
                  spearman: float | None = None) -> None:
    """Draw a point for each pair of scores, with the diagonal on which they agree; given correlations are written."""
    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    if true.ndim != 1 or true.shape != predicted.shape or not len(true):
        raise ValueError(f"score_scatter: {true.shape} true and {predicted.shape} predicted scores; there must be as "
                         "many of both, one number each, and at least one")
    drawn, axes = figure(6, 6)
    finite = np.isfinite(true) & np.isfinite(predicted)
    shown = np.concatenate([true[finite], predicted[finite]]) if finite.any() else np.zeros(1)
    margin = 0.05 * (np.ptp(shown) or 1)
    low, high = shown.min() - margin, shown.max() + margin
    axes.plot([low, high], [low, high], color=GREY, linewidth=1.3, linestyle=(0, (5, 3)))
    many = len(true)
    axes.scatter(true[finite], predicted[finite], s=26 if many < 500 else 12 if many < 3000 else 5, color=BLUE,
                 alpha=0.6 if many < 100 else 0.35 if many < 1000 else 0.2, linewidths=0)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal", xlabel="true score", ylabel="predicted score")
    axes.grid(True, color="#DDDDDD", linewidth=0.8)
    figures = [f"{name} {value:.3f}" for name, value in (("Pearson", pearson), ("Spearman", spearman))
               if value is not None]
    _headed(axes, title, ", ".join([*figures, f"{many:,} pair" + "s" * (many != 1)]) + "; dashed: equal")
    save(drawn, path)


def _headed(axes, title: str, below: str) -> None:
    axes.set_title(clipped(title, 70), pad=24)
    axes.annotate(legible(below), (0.5, 1), xycoords="axes fraction", xytext=(0, 7), textcoords="offset points",
                  ha="center", color=GREY, fontsize=11)


def _arranged(labels: list[str], counts: np.ndarray) -> tuple[list[str], np.ndarray, bool]:
    """As they are where the classes are few; otherwise sorted by their number, the rarest joined; and whether so."""
    if len(labels) <= NUMBERED:
        return labels, counts, False
    order = np.argsort(-counts.sum(1), kind="stable")
    labels, counts = [labels[k] for k in order], counts[np.ix_(order, order)]
    if len(labels) > SHOWN:
        cuts = np.arange(SHOWN)
        labels = [*labels[:SHOWN - 1], f"({len(labels) - SHOWN + 1} others)"]
        counts = np.add.reduceat(np.add.reduceat(counts, cuts, axis=0), cuts, axis=1)
    return labels, counts, True

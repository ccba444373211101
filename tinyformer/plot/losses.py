"""Is it learning?  The loss over the steps, and the levels that knowing nothing or little would reach."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.fonts import legible
from tinyformer.plot.style import BLUE, GREEN, GREY, RED, figure, level, name_ends, save

Points = Sequence[tuple[float, float]]


def loss_curve(training: Points, path: str | Path, *, validation: Points = (), entropy: float | None = None,
               start: float | None = None, blind: tuple[str, float] | None = None, pairs: bool = False,
               title: str = "Training loss", unit: str = "nats per token") -> None:
    """Draw losses, in this unit, over steps, each series a list of (step, loss).

    `entropy` is the unigram entropy: the plateau of a model that knows how often each token occurs and nothing else.
    `start` is ln V, the loss of a model that knows nothing; `blind` is what else to hold it against, such as
    ("guessing the mean", 0.5).  All are drawn as named levels.  With `pairs` the losses have that of a sentence pair in
    them, and ln 2, the loss of a coin, is added to the levels.
    """
    drawn, axes = figure(8, 5)
    steps, losses = _columns(training)
    smooth = _smoothed(losses)
    axes.plot(steps, losses, color=BLUE, alpha=0.25, linewidth=0.8)
    axes.plot(steps, smooth, color=BLUE, linewidth=2)
    labels = [(smooth[-1], f"training {smooth[-1]:.2f}", BLUE)]
    if len(validation):
        at, values = _columns(validation)
        axes.plot(at, values, color=RED, linewidth=2, marker="o", markersize=4)
        labels.append((values[-1], f"validation {values[-1]:.2f}", RED))
    right = max([steps[-1], *(step for step, _ in validation)])
    axes.set_xlim(0, right)
    coin, plus = (math.log(2), " + ln 2") if pairs else (0.0, "")
    named = ((start, "ln V", "nothing", GREY), (entropy, "unigram entropy", "only how often each token occurs", GREEN))
    levels = [(value + coin, f"{name}{plus} = {value + coin:.2f}: knows {knows}", colour)
              for value, name, knows, colour in named if value is not None]
    levels += [(blind[1] + coin, f"{blind[0]} = {blind[1] + coin:.2f}", GREY)] if blind else []
    shown = [value for value, *_ in [*labels, *levels]]
    low, high = min([*shown, *losses, *(v for _, v in validation)]), max([*shown, *losses])
    axes.set_ylim(low - 0.06 * (high - low or 1), high + 0.10 * (high - low or 1))
    close = len(levels) == 2 and abs(levels[0][0] - levels[1][0]) < 0.07 * (high - low)
    for value, text, colour in levels:                         # of two that are close, the lower is named below
        level(axes, value, text, colour, below=close and value == min(levels)[0])
    name_ends(axes, labels)
    unit += ", plus nats per pair" if pairs else ""
    axes.set(title=legible(title), xlabel="step", ylabel=f"loss ({unit})")
    save(drawn, path)


def _columns(points: Iterable[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.array(list(points), float).reshape(-1, 2)
    if not len(pairs):
        raise ValueError("loss_curve: there is no point to draw; give a list of (step, loss)")
    return pairs[:, 0], pairs[:, 1]


def _smoothed(losses: np.ndarray) -> np.ndarray:
    """A mean over a thirtieth of the run around each value, over as many as there are at both ends."""
    window = np.ones(2 * (len(losses) // 60) + 1)
    return np.convolve(losses, window, mode="same") / np.convolve(np.ones(len(losses)), window, mode="same")

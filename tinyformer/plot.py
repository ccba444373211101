"""What do training, attention and a gradient check look like?  Three pictures for whoever would rather look than read.

Every function takes plain numbers and writes one PNG.  matplotlib is imported when a picture is drawn, and used
through Figure objects alone, so that it needs no display and keeps no state.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

# Four of the colours of Okabe and Ito (2008), which people with any kind of colour vision can tell apart.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
GREY = "#595959"
Points = Sequence[tuple[float, float]]


def loss_curve(training: Points, path: str | Path, *, validation: Points = (), entropy: float | None = None,
               start: float | None = None, pairs: bool = False, title: str = "Training loss") -> None:
    """Draw losses in nats over steps, each series a list of (step, loss).

    `entropy` is the unigram entropy: the plateau of a model that knows how often each token occurs and nothing else.
    `start` is ln V, the loss of a model that knows nothing.  Both are drawn as named levels.  With `pairs` the losses
    have that of a sentence pair in them, and ln 2, the loss of a coin, is added to both levels.
    """
    figure, axes = _figure(8, 5)
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
    for value, text, colour in levels:
        axes.axhline(value, color=colour, linewidth=1.3, linestyle=(0, (5, 3)))
        axes.annotate(text, (right, value), xytext=(-4, 4), textcoords="offset points", ha="right", va="bottom",
                      color=colour, fontsize=10)
    shown = [value for value, *_ in [*labels, *levels]]
    low, high = min([*shown, *losses, *(v for _, v in validation)]), max([*shown, *losses])
    axes.set_ylim(low - 0.06 * (high - low or 1), high + 0.10 * (high - low or 1))
    _name_ends(axes, labels)
    axes.set(title=title, xlabel="step", ylabel="loss (nats per token" + (", plus nats per pair)" if pairs else ")"))
    _save(figure, path)


def attention_map(weights: np.ndarray, tokens: Sequence[str], path: str | Path, *,
                  names: Sequence[str] | None = None, title: str = "Where each token looks") -> None:
    """Draw attention weights (H, T, T), one square a head: row = the token that asks, column = the one it looks at.

    All heads share one scale, from 0 to the largest weight; every row sums to 1.
    """
    weights = np.asarray(weights, float)
    heads, length = weights.shape[0], len(tokens)
    if weights.shape != (heads, length, length):
        raise ValueError(f"attention_map: weights are {weights.shape} for {length} tokens; they must be (H, T, T) "
                         f"with T = {length}")
    across = min(heads, 2 if heads <= 4 or length > 16 else 4)
    down = math.ceil(heads / across)
    side = max(3.2, 0.24 * length + 1)
    figure, grid = _figure(across * side + 1.1, down * side + 0.7, down, across, squeeze=False)
    for head, axes in enumerate(grid.flat):
        if head >= heads:
            axes.set_axis_off()
            continue
        image = axes.imshow(weights[head], cmap="Blues", vmin=0, vmax=weights.max(), interpolation="nearest")
        axes.set_title(names[head] if names else f"head {head + 1}", fontsize=12)
        axes.set_xticks(range(length), tokens, rotation=90, fontsize=9)
        axes.set_yticks(range(length), tokens if head % across == 0 else [], fontsize=9)
        axes.tick_params(length=0)
        axes.grid(False)
        for edge in axes.spines.values():
            edge.set_visible(False)
        axes.set_xlabel("looked at")
        if head % across == 0:
            axes.set_ylabel("asking")
        if head + across < heads:
            axes.set_xlabel("")
    figure.colorbar(image, ax=grid, label="attention weight (each row sums to 1)", shrink=0.8, pad=0.02)
    figure.suptitle(title, fontsize=14)
    _save(figure, path)


def valley(found, path: str | Path) -> None:
    """Draw error against step of a gradient check, as `gradcheck.sweep` returns it, on logarithmic axes.

    A central difference errs by truncation where the step is large and by rounding where it is small, so its best
    step lies in a valley; the complex step subtracts nothing, so that it may be as short as one likes.
    """
    figure, axes = _figure(8, 5)
    floor = 1e-17                                              # so that an error of exactly 0 can be drawn
    labels, top = [], 0.0
    for errors, name, colour in [(found.complex_step, "complex step", GREEN),
                                 (found.float64, "difference, float64", BLUE),
                                 (found.float32, "difference, float32", ORANGE)]:
        steps, errors = np.asarray(found.steps, float), np.maximum(np.asarray(errors, float), floor)
        real = np.isfinite(errors)
        if not real.any():                                     # f does not run on complex numbers
            continue
        axes.loglog(steps[real], errors[real], color=colour, linewidth=2, marker="o", markersize=3.5)
        best = int(np.nanargmin(errors))
        if name.startswith("difference"):
            axes.annotate(f"best step {steps[best]:.0e}", (steps[best], errors[best]), xytext=(18, -3),
                          textcoords="offset points", va="center", color=colour, fontsize=10)
        labels.append((errors[real][np.argmin(steps[real])], name, colour))
        top = max(top, *errors[real])
    axes.set_ylim(floor / 3, 10 * top)
    axes.set_xlim(max(found.steps), min(found.steps))          # the step shrinks to the right, as one tries it
    for x, text in ((0.02, "\u2190 too long: the curve bends"), (0.98, "too short: digits cancel \u2192")):
        axes.text(x, 0.99, text, transform=axes.transAxes, ha="left" if x < 0.5 else "right", va="top", color=GREY)
    _name_ends(axes, labels)
    axes.set(title=f"How far off is a numerical derivative of {found.name}?",
             xlabel="step h (smaller to the right)", ylabel="relative error")
    _save(figure, path)


def _figure(width: float, height: float, rows: int = 1, columns: int = 1, **more):
    """A figure in inches and its axes, in this project's plain style."""
    import logging
    logging.getLogger("matplotlib").setLevel(logging.ERROR)    # it warns where the home directory is read-only
    from matplotlib.figure import Figure
    figure = Figure(figsize=(width, height), dpi=120, layout="compressed")
    grid = figure.subplots(rows, columns, **more)
    for axes in np.ravel(grid):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=10)
        axes.xaxis.label.set_size(11)
        axes.yaxis.label.set_size(11)
        axes.title.set_size(14)
    return figure, grid


def _save(figure, path) -> None:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", bbox_inches="tight", pad_inches=0.15, metadata={"Software": "tinyformer"})


def _columns(points: Iterable[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.array(list(points), float).reshape(-1, 2)
    if not len(pairs):
        raise ValueError("loss_curve: there is no point to draw; give a list of (step, loss)")
    return pairs[:, 0], pairs[:, 1]


def _smoothed(losses: np.ndarray) -> np.ndarray:
    """A mean over a thirtieth of the run around each value, over as many as there are at both ends."""
    window = np.ones(2 * (len(losses) // 60) + 1)
    return np.convolve(losses, window, mode="same") / np.convolve(np.ones(len(losses)), window, mode="same")


def _name_ends(axes, labels: list[tuple[float, str, str]]) -> None:
    """Write each series' name beside its end on the right, pushed apart where two would overlap."""
    log = axes.get_yscale() == "log"
    place = np.log10 if log else np.asarray
    low, high = place(axes.get_ylim())
    gap, last = 0.055, -1.0
    for value, text, colour in sorted(labels):
        height = max(float((place(value) - low) / (high - low)), last + gap)
        axes.annotate(text, (1.01, height), xycoords="axes fraction", color=colour, fontsize=11, va="center",
                      annotation_clip=False)
        last = height

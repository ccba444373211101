"""Where does a function lead that is applied to its own result, again and again?"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyformer.plot.style import GREEN, GREY, INK, SERIES, clipped, figure, save


def repeated(x, values: Sequence, path: str | Path, *, band: tuple[float, float] | None = None, title: str = "",
             xlabel: str = "x", ylabel: str = "after so many times") -> None:
    """Draw what each x > 0 has become after 1, 2, ... times: values (times, n), over x (n,) plain and logarithmic.

    `band` is the stretch that values no longer leave.
    """
    x, values = np.asarray(x, float), np.asarray(values, float)
    if values.ndim != 2 or values.shape[1:] != x.shape or not (x > 0).all():
        raise ValueError(f"repeated: x is {x.shape} and values {values.shape}; give values (times, n) over n places, "
                         "all of them above 0")
    drawn, (plain, logarithmic) = figure(12, 4.6, 1, 2)
    for axes in (plain, logarithmic):
        for times, row in enumerate(values, 1):
            colour = SERIES[(times - 1) % len(SERIES)]
            axes.plot(x, row, color=colour, linewidth=2.4 if times == len(values) else 1.4)
            if axes is logarithmic:
                _name_climb(axes, x, row, "once" if times == 1 else str(times), colour)
        if band is not None:
            axes.axhspan(*band, color=GREEN, alpha=0.15, linewidth=0)
        axes.plot(x, x, color=GREY, linewidth=1, linestyle=(0, (2, 3)))
        axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 1.08 * values.max()), xlim=(x.min(), x.max()))
    logarithmic.set_xscale("log")
    logarithmic.set_ylabel("")
    if band is not None:
        logarithmic.text(0.02, band[1] + 0.02, f"{band[0]:.2f} to {band[1]:.2f}: never left again", color=GREY,
                         transform=logarithmic.get_yaxis_transform(), fontsize=10)
    if title:
        drawn.suptitle(clipped(title, 90), fontsize=14)
    save(drawn, path)


def _name_climb(axes, x, row, name: str, colour: str) -> None:
    """The name of a curve left of where it has climbed to a third of its height."""
    height = row.max() / 3
    axes.annotate(name, (x[(row >= height).argmax()], height), xytext=(-5, 0), textcoords="offset points", ha="right",
                  color=INK.get(colour, colour), fontsize=11)

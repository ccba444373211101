"""How short should the step of a numerical derivative be?  The error against the step lies in a valley."""

from pathlib import Path

import numpy as np

from tinyformer.plot.style import BLUE, GREEN, GREY, INK, ORANGE, clipped, figure, name_ends, save


def valley(found, path: str | Path) -> None:
    """Draw error against step of a gradient check, as `gradcheck.sweep` returns it, on logarithmic axes.

    A central difference errs by truncation where the step is large and by rounding where it is small, so its best
    step lies in a valley; the complex step subtracts nothing, so that it may be as short as one likes.
    """
    drawn, axes = figure(8, 5)
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
                          textcoords="offset points", va="center", color=INK.get(colour, colour), fontsize=10)
        labels.append((errors[real][np.argmin(steps[real])], name, colour))
        top = max(top, *errors[real])
    axes.set_ylim(floor / 3, 10 * top)
    axes.set_xlim(max(found.steps), min(found.steps))          # the step shrinks to the right, as one tries it
    for x, text in ((0.02, "\u2190 too long: the curve bends"), (0.98, "too short: digits cancel \u2192")):
        axes.text(x, 0.99, text, transform=axes.transAxes, ha="left" if x < 0.5 else "right", va="top", color=GREY)
    name_ends(axes, labels)
    name, _, case = found.name.partition(": ")
    axes.set_title(f"How far off is a numerical derivative of {clipped(name, 40)}?", pad=22 if case else 6)
    if case:
        axes.text(0.5, 1.025, f"at the case: {clipped(case, 80)}", transform=axes.transAxes, ha="center", color=GREY)
    axes.set(xlabel="step h (smaller to the right)", ylabel="relative error")
    save(drawn, path)

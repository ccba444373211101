"""How is running text set in a picture?  On a page measured in points, where the width of every word is known."""

import re
from collections.abc import Iterator

from tinyformer.plot.fonts import DPI, legible, quiet, width
from tinyformer.plot.style import BLACK, GREY

PAGE = 620                                       # the width of a page in points, 72 to the inch
# A word with the spaces behind it, or one character of a script that is written without spaces.
WIDE = "\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60"
PIECE = re.compile(rf"[{WIDE}]\s*|[^\s{WIDE}]+\s*|\s+")


def page(height: float):
    """An empty figure of this height and its axes, on which (x, y) is in points from the upper left corner."""
    quiet()
    from matplotlib.figure import Figure
    drawn = Figure(figsize=(PAGE / 72, height / 72), dpi=DPI)
    axes = drawn.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, PAGE), ylim=(height, 0))
    axes.set_axis_off()
    return drawn, axes


def heading(axes, title: str, legend: str) -> None:
    """The title of a page, and below it in grey how to read it."""
    axes.text(0, 15, fitted(title, 14, PAGE), fontsize=14, color=BLACK)
    axes.text(0, 31, fitted(legend, 10, PAGE), fontsize=10, color=GREY)


def fitted(text: str, size: float, most: float) -> str:
    """The text fit to be drawn, cut with an ellipsis where it would be wider than `most` points."""
    if width(legible(text[:1000]), size) <= most:
        return legible(text[:1000])
    fits, long = 0, min(len(text), 1000)
    while long - fits > 1:                                     # halve the doubt
        middle = (fits + long) // 2
        fits, long = (middle, long) if width(legible(text[:middle] + "…"), size) <= most else (fits, middle)
    return legible(text[:fits].rstrip() + "…")


def lines(text: str, size: float, room: float = PAGE) -> Iterator[tuple[int, int]]:
    """Where to break the text: (start, end) of each line, as many pieces on each as have room."""
    start, filled = 0, 0.0
    for piece in PIECE.finditer(text):
        bare = width(legible(piece[0].rstrip()), size)
        if filled and filled + bare > room:
            yield start, piece.start()
            start, filled = piece.start(), 0.0
        if bare > room:                                        # longer than a line: cut anywhere
            for place in range(piece.start(), piece.end()):
                one = width(legible(text[place]), size)
                if filled and filled + one > room:
                    yield start, place
                    start, filled = place, 0.0
                filled += one
        else:
            filled += width(legible(piece[0]), size)
        if "\n" in piece[0]:                                   # a paragraph ends
            yield start, piece.end()
            start, filled = piece.end(), 0.0
    if start < len(text):
        yield start, len(text)

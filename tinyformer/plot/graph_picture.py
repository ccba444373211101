"""What does a graph look like?  Boxes for ops, parameters to their right, inputs to their left, frames for modules.

SVG written by hand, in a font whose letters all have one width, so that every box is as wide as what it says.
"""

from html import escape
from itertools import zip_longest

from tinyformer.plot.arranged import arrange
from tinyformer.plot.boxes import ACROSS, Box, Group
from tinyformer.plot.graph import Array, Graph, Step, shape_text, written
from tinyformer.plot.style import BLACK, BLUE, GREY, INK, ORANGE, RED

SIZE, LINE = 12.0, 16.0                       # of the letters, and from line to line, in pixels
LETTER = 0.605 * SIZE                         # the width of a letter in the widest of the usual fonts
FONTS = "DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace"
PAD, GAP = 8.0, 14.0                          # between a border and what it says; between an op and what is beside it
FILLS = {"op": ("#FFFFFF", BLUE), "parameter": ("#FFF4DB", INK[ORANGE]), "input": ("#EFEFEF", "#8A8A8A")}
TINTS = ("#F3F7FB", "#E8F0F8", "#DCE8F4", "#D0E0EF")   # of a frame, and of those in it
MARGINS, SILL = (36.0, 14.0, 12.0, 14.0), 18.0        # of a frame; its name stands on the sill

UNNAMED = {"parameter": "a parameter", "input": "an input"}
WEIGHTS, TIPS = ("normal", "bold"), ("", ' marker-end="url(#tip)"')

Line = list[tuple[str, str, bool]]            # pieces of a line of text: what, in which colour, whether bold


class Card:
    """A bordered piece of text: its lines, and the room that they take."""

    def __init__(self, kind: str, lines: list[Line]):
        self.kind, self.lines = kind, lines
        letters = max(sum(len(text) for text, *_ in line) for line in lines)
        self.width = round(letters * LETTER + 2 * PAD, 1)
        self.height = len(lines) * LINE + PAD

    def drawn(self, x: float, y: float) -> list[str]:
        """With its upper left corner at x, y."""
        fill, edge = FILLS[self.kind]
        parts = [f'<rect x="{x:.1f}" y="{y:.1f}" width="{self.width:.1f}" height="{self.height:.1f}" rx="5" '
                 f'fill="{fill}" stroke="{edge}"/>']
        for number, line in enumerate(self.lines, 1):
            spans = "".join(f'<tspan fill="{colour}" font-weight="{WEIGHTS[bold]}">{escape(text)}</tspan>'
                            for text, colour, bold in line)
            parts.append(f'<text x="{x + PAD:.1f}" y="{y + number * LINE - 1:.1f}" xml:space="preserve">{spans}</text>')
        return parts


def svg_text(graph: Graph) -> str:
    """The whole picture as one text."""
    cards = {step.key: _cards(step) for step in graph.steps}
    whole = Group(key=(), margins=(4.0, 4.0, 4.0, 4.0))
    groups = {(): whole}
    for step in graph.steps:
        for depth in range(len(step.frame)):
            if step.frame[:depth + 1] not in groups:
                groups[step.frame[:depth + 1]] = group = Group(
                    key=step.frame[:depth + 1], margins=_margins(graph, step.frame[depth]), sill=SILL,
                    least=len(graph.frames[step.frame[depth]].label()) * LETTER + 3 * PAD)
                groups[step.frame[:depth]].inside.append(group)
        groups[step.frame].inside.append(_box(step, *cards[step.key]))
    places, paths = arrange(whole, [(source, step.key) for step in graph.steps for source in step.inputs])
    parts = [part for key, group in groups.items() if key for part in _framed(graph, group, places[key])]
    parts += [f'<path d="{path}" fill="none" stroke="{GREY}" stroke-width="1.2"{TIPS[arrives]}/>'
              for path, arrives in paths]
    for step in graph.steps:
        parts += [f'<g class="step-{step.key}">', *_drawn(cards[step.key], *places[step.key]), "</g>"]
    _, _, width, height = places[()]
    legend, wide = _legend(graph, height + 6)
    return _sheet(graph.title, max(width, wide), height + 34, [*parts, *legend])


def _sheet(title: str, width: float, height: float, parts: list[str]) -> str:
    width, height = round(width + 16), round(height + 8)
    opening = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
               f'viewBox="-8 -4 {width} {height}" role="img" font-family="{FONTS}" font-size="{SIZE:g}">')
    tip = (f'<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="6" refY="3" orient="auto">'
           f'<path d="M0 0L6 3L0 6z" fill="{GREY}"/></marker></defs>')
    paper = f'<rect x="-8" y="-4" width="{width}" height="{height}" fill="#FFFFFF"/>'
    return "\n".join([opening, f"<title>{escape(title)}</title>", tip, paper, *parts, "</svg>", ""])


# ---- what a step says ------------------------------------------------------------------------------------------------


def _cards(step: Step) -> tuple[Card, list[Card], list[Card]]:
    """The op's card, and those to the left and to the right of it."""
    left, right = _beside("input", step.constants), _beside("parameter", step.parameters)
    if not step.op:
        return *_beside("parameter", (step.result,)), left, right
    title = [(step.op, BLUE, True)]
    if step.result.name:
        title = [(f"{step.result.name} = ", BLACK, False), *title]
    if step.module:
        title.append((f" {step.module}", GREY, False))
    return Card("op", _lines(title, step.result)), left, right


def _beside(kind: str, arrays: tuple[Array, ...]) -> list[Card]:
    """A card for each array that shows numbers; one for all, where none does."""
    ink = {"input": BLACK, "parameter": INK[ORANGE]}[kind]
    texts = [_lines([(array.name or UNNAMED[kind], ink if array.name else GREY, bool(array.name))], array)
             for array in arrays]
    if any(len(lines) > 1 for lines in texts):
        return [Card(kind, lines) for lines in texts]
    return [Card(kind, [lines[0] for lines in texts])] if texts else []


def _lines(title: Line, array: Array) -> list[Line]:
    """A title; the shape; and the numbers with the gradient to their right."""
    lines = [title]
    shape = shape_text(array)
    if shape and not (array.numbers and array.shape == ()):
        lines[0] = [*lines[0], (f" {shape}", GREY, False)]
    numbers = _block(array.numbers) if array.numbers else []
    gradient = _block(array.gradient) if array.gradient else []
    for row, slope in zip_longest(numbers, gradient, fillvalue=""):
        lines.append([piece for piece in ((row, BLACK, False), ("  " * bool(row and slope) + slope, RED, False))
                      if piece[0]])
    return lines


def _block(rows) -> list[str]:
    """Rows of numbers, the columns below one another."""
    texts = written(rows)
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [" ".join(f"{text:>{wide}}" for text, wide in zip(row, widths, strict=True)) for row in texts]


def _box(step: Step, card: Card, left: list[Card], right: list[Card]) -> Box:
    height = max(_tall(left), card.height, _tall(right))
    edge = (height - card.height) / 2
    beside = [max((side.width for side in cards), default=-GAP) + GAP for cards in (left, right)]
    half = card.width / 2
    return Box(left=half + beside[0], right=half + beside[1], height=height, edge=edge, door=card.width, key=step.key)


def _tall(cards: list[Card]) -> float:
    return sum(card.height + 4 for card in cards) - 4 if cards else 0.0


def _drawn(cards, x: float, y: float, width: float, height: float) -> list[str]:
    card, left, right = cards
    start = x + max((side.width + GAP for side in left), default=0.0)
    middle, parts = y + height / 2, []
    for sides, edge, toward in ((left, start, -1), (right, start + card.width, 1)):
        top = middle - _tall(sides) / 2
        for side in sides:
            centre, near = top + side.height / 2, edge + toward * GAP
            level = min(max(centre, middle - card.height / 2 + 6), middle + card.height / 2 - 6)
            parts.append(f'<path d="M{near:.1f} {centre:.1f}L{edge:.1f} {level:.1f}" stroke="{FILLS[side.kind][1]}"/>')
            parts += side.drawn(near if toward > 0 else near - side.width, top)
            top += side.height + 4
    return parts + card.drawn(start, middle - card.height / 2)


# ---- frames and the legend -------------------------------------------------------------------------------------------


def _margins(graph: Graph, key: str) -> tuple:
    top, right, bottom, left = MARGINS
    cards = 8.0 if graph.frames[key].times > 1 else 0.0        # several alike: as a pile, of which one is on top
    return top, right + cards, bottom + cards, left


def _framed(graph: Graph, group: Group, place: tuple) -> list[str]:
    """A frame with its name in the corner where no line comes in."""
    x, y, width, height = place
    frame, tint = graph.frames[group.key[-1]], TINTS[min(len(group.key), len(TINTS)) - 1]
    pile = (8.0, 4.0, 0.0) if frame.times > 1 else (0.0,)
    less = max(pile)
    parts = [f'<rect x="{x + off:.1f}" y="{y + off:.1f}" width="{width - less:.1f}" height="{height - less:.1f}" '
             f'rx="8" fill="{tint}" stroke="#A9BFD3"/>' for off in pile]
    room = min((way.x for way in group.ways_in.values()), default=width) - PAD
    at, anchor = (x + PAD, "start") if room > len(frame.label()) * LETTER + PAD else (x + width - less - PAD, "end")
    return [*parts, f'<text x="{at:.1f}" y="{y + LINE:.1f}" fill="{GREY}" text-anchor="{anchor}" '
                    f'xml:space="preserve">{escape(frame.label())}</text>']


def _legend(graph: Graph, y: float) -> tuple[list[str], float]:
    """What the colours mean: those that occur."""
    arrays = [array for step in graph.steps for array in (step.result, *step.parameters, *step.constants)]
    entries = [("op", "op")]
    if any(step.parameters or not step.op for step in graph.steps):
        entries.append(("parameter", "parameter"))
    if any(step.constants for step in graph.steps):
        entries.append(("input", "input"))
    x, parts = 4.0, []
    for kind, text in entries:
        fill, edge = FILLS[kind]
        parts.append(f'<rect x="{x:.1f}" y="{y + 4:.1f}" width="14" height="12" rx="3" fill="{fill}" stroke="{edge}"/>')
        parts.append(f'<text x="{x + 20:.1f}" y="{y + 14:.1f}" fill="{GREY}">{text}</text>')
        x += 20 + len(text) * LETTER + ACROSS
    for text, colour, shown in (("numbers", BLACK, any(array.numbers for array in arrays)),
                                ("gradient", RED, any(array.gradient for array in arrays))):
        if shown:
            parts.append(f'<text x="{x:.1f}" y="{y + 14:.1f}" fill="{colour}">{text}</text>')
            x += len(text) * LETTER + ACROSS
    return parts, x

"""Where did the model find its answer, and where do people?  Both marked in the passage, below the question."""

from collections.abc import Sequence
from pathlib import Path

from tinyformer.plot.fonts import legible, width
from tinyformer.plot.page import PAGE, fitted, heading, lines, page
from tinyformer.plot.style import BLACK, BLUE, GREEN, GREY, INK, ORANGE, RED, save

Span = tuple[int, int]
Item = tuple[str, str, Span | None, Sequence[Span]]
TEXT, LINE, MOST_LINES, AROUND = 10.5, 17, 10, 2000
PALE = "#FBDD9B"                                 # behind the predicted answer


def marked_answers(items: Sequence[Item], path: str | Path, *, title: str = "Answers in their passages",
                   most: int = 5) -> None:
    """Draw the first `most` items, each (document, question, predicted span or None, gold spans).

    A span is (start, end) in characters, the end exclusive; None says that there is no answer, and so do no gold
    spans.  The predicted answer stands on a coloured ground, the gold answers are underlined.  Of a passage that is
    longer than 10 lines those with answers are shown, and some around them.
    """
    blocks, y = [], 50.0
    for number, (document, question, predicted, gold) in enumerate(items[:most], 1):
        for start, end in [*([predicted] if predicted else []), *gold]:
            if not 0 <= start < end <= len(document):
                raise ValueError(f"marked_answers: item {number} has an answer at ({start}, {end}) of a document of "
                                 f"{len(document)} characters; it must be 0 <= start < end <= {len(document)}")
        asked = [question[a:b] for a, b in lines(question, 12, PAGE - 90)][:3]
        shown = _shown(document, [*([predicted] if predicted else []), *gold])
        blocks.append((y, asked, shown, document, predicted, gold))
        y += LINE * (len(asked) + len(shown) + 1) + 20
    drawn, axes = page(max(y, 70))
    heading(axes, title, "coloured ground: predicted; underlined: the gold answer")
    for block in blocks:
        _draw(axes, *block)
    save(drawn, path)


def _draw(axes, y: float, asked: list[str], shown: list[Span | None], document: str, predicted: Span | None,
          gold: Sequence[Span]) -> None:
    verdict, colour = _verdict(document, predicted, gold)
    axes.text(PAGE, y + 12, verdict, fontsize=11, color=colour, ha="right")
    for text in asked:
        axes.text(0, y + 12, legible(text), fontsize=12, color=BLACK)
        y += LINE
    said = ["no answer" if predicted is None else document[slice(*predicted)]]
    said.append(" / ".join(dict.fromkeys(document[slice(*span)] for span in gold)) or "no answer")
    answers = [fitted(f"{name}: {text}", TEXT, PAGE / 2 - 10)
               for name, text in zip(("predicted", "gold"), said, strict=True)]
    axes.text(0, y + 11, answers[0], fontsize=TEXT, color=INK[ORANGE])
    axes.text(width(answers[0], TEXT) + 16, y + 11, answers[1], fontsize=TEXT, color=BLUE)
    for line in shown:
        y += LINE
        if line is None:
            axes.text(0, y + 12, "…", fontsize=TEXT, color=GREY)
            continue
        if predicted:
            _mark(axes, document, line, predicted, y, ground=True)
        for span in dict.fromkeys(map(tuple, gold)):
            _mark(axes, document, line, span, y, ground=False)
        axes.text(0, y + 12, legible(document[slice(*line)].rstrip()), fontsize=TEXT, color=BLACK)
    axes.plot([0, PAGE], [y + LINE + 12] * 2, color="#DDDDDD", linewidth=0.8)


def _mark(axes, document: str, line: Span, span: Span, y: float, ground: bool) -> None:
    """The part of the span that stands in this line: a coloured ground, or a line below."""
    end = line[0] + len(document[slice(*line)].rstrip())       # no mark below the space at which the line was broken
    first, last = max(line[0], span[0]), min(end, span[1])
    if first >= last:
        return
    left, right = (width(legible(document[line[0]:place]), TEXT) for place in (first, last))
    if ground:
        axes.fill([left - 1, right + 1, right + 1, left - 1], [y, y, y + 16, y + 16], color=PALE, linewidth=0)
    else:
        axes.plot([left, right], [y + 15, y + 15], color=BLUE, linewidth=2, solid_capstyle="butt")


def _verdict(document: str, predicted: Span | None, gold: Sequence[Span]) -> tuple[str, str]:
    """Whether the predicted answer is one of the gold answers, letter for letter, or shares a place with one."""
    if predicted is None or not gold:
        return ("✓ right", INK[GREEN]) if predicted is None and not gold else ("✗ wrong", RED)
    if document[slice(*predicted)] in [document[slice(*span)] for span in gold]:
        return "✓ right", INK[GREEN]
    shares = any(predicted[0] < end and start < predicted[1] for start, end in gold)
    return ("≈ overlaps", INK[ORANGE]) if shares else ("✗ wrong", RED)


def _shown(document: str, spans: list[Span]) -> list[Span | None]:
    """The lines of a passage, or those around its answers where it is long; None stands for what is left out."""
    middles = sorted(start for start, _ in spans) or [0]
    near = (max(0, middles[0] - AROUND), min(len(document), middles[-1] + AROUND))      # of a whole book, say
    found = [(near[0] + a, near[0] + b) for a, b in lines(document[near[0]:near[1]], TEXT)]
    marked = {i for i, (a, b) in enumerate(found) for start, end in spans if start < b and a < end} or {0}
    kept = set(sorted(marked)[:MOST_LINES])
    reach = 0
    while len(kept) < min(MOST_LINES, len(found)):             # widen, line by line, while there is room
        reach += 1
        wider = sorted(i for m in marked for i in (m - reach, m + reach) if 0 <= i < len(found) and i not in kept)
        kept.update(wider[:MOST_LINES - len(kept)])
    kept, shown = sorted(kept), []
    for i in kept:
        if i and i - 1 not in kept:
            shown.append(None)
        shown.append(found[i])
    cut = kept and kept[-1] + 1 < len(found) or near[1] < len(document)
    return [None] * (near[0] > 0 and kept[:1] == [0]) + shown + [None] * bool(cut)

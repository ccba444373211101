"""Which words were tagged wrongly?  Sentences in a row of words, the predicted tag of each in a box below it."""

from collections.abc import Sequence
from pathlib import Path

from tinyformer.plot.fonts import width
from tinyformer.plot.page import PAGE, fitted, heading, page
from tinyformer.plot.style import BLACK, GREY, RED, save

# Pale, so that black words can be read on them; from the colours of Okabe and Ito (2008), lightened.
FILLS = ("#BFDCEF", "#FAE3B0", "#BFE5D8", "#EBCFDF", "#D9EEF9", "#F6F0B5", "#DDDDDD", "#F4D3BD")
WORD, TAG, GAP = 12, 9, 7                        # font sizes; between words
ROW, TRUTH = 36, 13                              # height of a row of words, and of the true tags below it
Sentence = tuple[Sequence[str], Sequence[str] | None, Sequence[str]]


def tagged_sentences(sentences: Sequence[Sentence], path: str | Path, *, title: str = "Tags", most: int = 10) -> None:
    """Draw the first `most` sentences, each (words, true tags or None, predicted tags).

    A wrong tag has a thick frame, with the true tag written below it.  "O", which marks nothing, has no box.  A word
    beyond the end of the predicted tags stands there without a tag, as one that the model did not get to read.
    """
    sentences = [(list(words), None if true is None else list(true), list(predicted))
                 for words, true, predicted in sentences[:most]]
    for number, (words, true, predicted) in enumerate(sentences, 1):
        if len(predicted) > len(words) or true is not None and len(true) != len(words):
            raise ValueError(f"tagged_sentences: sentence {number} has {len(words)} words, {len(predicted)} predicted "
                             f"tags and {len(true or words)} true tags; there must be one for each word")
    names = sorted({_type(tag) for _, true, predicted in sentences for tag in [*(true or ()), *predicted]})
    fills = {name: FILLS[number % len(FILLS)] for number, name in enumerate(names)}
    rows = [row for sentence in sentences for row in _rows(*sentence)]
    placed, y = [], 0.0                                        # (x, y, width, word, true tag, predicted tag)
    for last, row in rows:
        placed += [(x, y, *cell) for x, *cell in row]
        y += ROW + TRUTH * any(truth != guess for *_, truth, guess in row) + 10 * last
    checked = [(truth, guess) for (*_, truth, guess) in placed if guess is not None]
    wrong = sum(truth != guess for truth, guess in checked)
    legend = f"below each word its predicted tag; {wrong:,} of {len(checked):,} wrong: framed, the true tag below"
    if all(true is None for _, true, _ in sentences):
        legend = "below each word its predicted tag"
    drawn, axes = page(y + 40)
    heading(axes, title, legend)
    for x, y, room, word, truth, guess in placed:
        _draw(axes, x, y + 44, room, word, truth, guess, fills)
    save(drawn, path)


def _rows(words: list[str], true: list[str] | None, predicted: list[str]) -> list[tuple[bool, list]]:
    """A sentence in rows that fit the page, each (is it the last, [(x, width, word, true tag, predicted tag), ...])."""
    rows, x = [[]], 0.0
    for number, word in enumerate(words):
        guess = predicted[number] if number < len(predicted) else None
        truth = guess if true is None or guess is None else true[number]
        room = max(width(fitted(word, WORD, PAGE / 2), WORD),
                   *(width(fitted(tag or "", TAG, PAGE / 4), TAG) + 8 for tag in (guess, truth)))
        if x and x + room > PAGE:
            x = 0.0
            rows.append([])
        rows[-1].append((x, room, word, truth, guess))
        x += room + GAP
    return [(row is rows[-1], row) for row in rows]


def _draw(axes, x: float, y: float, room: float, word: str, truth: str | None, guess: str | None, fills: dict) -> None:
    from matplotlib.patches import FancyBboxPatch

    def centred(text: str, below: float, size: float, colour: str, most: float) -> None:
        axes.text(x + room / 2, y + below, fitted(text, size, most), fontsize=size, ha="center", color=colour)

    centred(word, 12, WORD, GREY if guess is None else BLACK, PAGE / 2)
    if guess is None:
        return
    bad = guess != truth
    if bad or guess != "O":
        wide = width(fitted(guess, TAG, PAGE / 4), TAG) + 6
        axes.add_patch(FancyBboxPatch((x + (room - wide) / 2, y + 18), wide, 12,
                                      boxstyle="round,pad=0,rounding_size=3",
                                      facecolor="white" if guess == "O" else fills[_type(guess)],
                                      edgecolor=RED if bad else "none", linewidth=1.8))
    centred(guess, 27.2, TAG, GREY if guess == "O" else BLACK, PAGE / 4)
    if bad:
        centred(truth, 41, TAG, RED, PAGE / 4)


def _type(tag: str) -> str:
    """B-PER and I-PER are of one type, and have one colour."""
    return tag[2:] if tag[:2] in ("B-", "I-") else tag

"""What did the model get wrong?  Wrong examples as plain text for a terminal, one form for each kind of task.

Every function takes all examples, right and wrong, and returns one text: how many are wrong, and some of those.
"""

import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from tinyformer.metrics.bleu import words_of
from tinyformer.metrics.squad import exact_match

Span = tuple[int, int]
LINES, AROUND, WORD = 8, 160, 20                 # lines of a text; characters beside an answer; and of a longish word
PIECE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]|[^\s\u2e80-\u9fff\uac00-\ud7af]+|\s+")


def wrong_labels(items: Iterable[tuple[str | tuple[str, str], str, str, float | None]], *, most: int = 5,
                 width: int | None = None) -> str:
    """Texts or pairs of texts with a wrong class: (text, true label, predicted label, confidence between 0 and 1).

    Those come first of which the model was surest; a confidence of None is not shown.
    """
    items, width = list(items), _width(width)
    wrong = sorted((item for item in items if item[1] != item[2]), key=lambda item: -(item[3] or 0))
    out = [_heading(len(wrong), len(items), "example", most, ", the surest first" if _sure(wrong) else "")]
    for text, true, predicted, confidence in wrong[:most]:
        sure = "" if confidence is None else f" ({confidence:.1%})"
        out += ["", *_wrapped(f"true: {true}, predicted: {predicted}{sure}", width, 2), *_texts(text, width)]
    return "\n".join(out)


def wrong_scores(items: Iterable[tuple[str, str, float, float]], *, most: int = 5, width: int | None = None) -> str:
    """Pairs with their scores, (first text, second text, true score, predicted score), the largest errors first."""
    items, width = list(items), _width(width)
    furthest = sorted(items, key=lambda item: -abs(item[3] - item[2]))[:most]
    out = [f"the {len(furthest)} largest errors of {_many(len(items), 'pair')}:" if items else "there are no pairs"]
    for first, second, true, predicted in furthest:
        out += ["", f"  true: {true:.2f}, predicted: {predicted:.2f}, error: {predicted - true:+.2f}",
                *_texts((first, second), width)]
    return "\n".join(out)


def wrong_tags(sentences: Iterable[tuple[Sequence[str], Sequence[str], Sequence[str]]], *, most: int = 5,
               width: int | None = None) -> str:
    """Sentences with wrong tags, (words, true tags, predicted tags), and a column each for the wrong words.

    Those with the most wrong words come first.  Words beyond the end of the predicted tags were not read, and are
    neither right nor wrong.
    """
    sentences, width = list(sentences), _width(width)
    checked = [(words, [(number, *tags) for number, tags in enumerate(zip(true, predicted, strict=False))])
               for words, true, predicted in sentences]
    wrong = [(words, [row for row in rows if row[1] != row[2]]) for words, rows in checked]
    wrong = sorted((pair for pair in wrong if pair[1]), key=lambda pair: -len(pair[1]))
    total = sum(len(rows) for _, rows in checked)
    out = [_heading(len(wrong), len(sentences), "sentence", most, ", the worst first")]
    if wrong:
        out.insert(0, f"{sum(len(rows) for _, rows in wrong):,} of {_many(total, 'word')} wrong")
    for words, rows in wrong[:most]:
        table = [("word", "true", "predicted"), *((words[n], true, predicted) for n, true, predicted in rows)]
        room = max(8, width // 3 - 4)
        table = [[_clipped(cell, room) for cell in row] for row in table]
        wide = [max(_columns(row[k]) for row in table) for k in range(3)]
        out += ["", *_wrapped(" ".join(words), width, 2)]
        padded = [[cell + " " * (w - _columns(cell)) for cell, w in zip(row, wide, strict=True)] for row in table]
        out += ["    " + "  ".join(row).rstrip() for row in padded]
    return "\n".join(out)


def wrong_answers(items: Iterable[tuple[str, str, Span | None, Sequence[Span]]], *, most: int = 5,
                  width: int | None = None) -> str:
    """Questions with a wrong answer, (document, question, predicted span or None, gold spans), marked in the passage.

    A span is (start, end) in characters, the end exclusive; None, and no gold spans, say that there is no answer.
    An answer is right that exactly matches a gold one by the rules of SQuAD: case, punctuation and articles aside.
    """
    items, width = list(items), _width(width)
    wrong = [item for item in items if not _answered(item[0], item[2], item[3])]
    out = [_heading(len(wrong), len(items), "answer", most, ", «gold» and [predicted]")]
    for document, question, predicted, gold in wrong[:most]:
        said = "no answer" if predicted is None else document[slice(*predicted)]
        true = " / ".join(dict.fromkeys(document[slice(*span)] for span in gold)) or "no answer"
        out += ["", *_wrapped(question, width, 2), *_wrapped(f"gold: {true}; predicted: {said}", width, 4),
                *_wrapped(marked(document, predicted, gold), width, 4, lines=3 * LINES)]
    return "\n".join(out)


def wrong_texts(items: Iterable[tuple[str, str, str]], *, most: int = 5, width: int | None = None) -> str:
    """Texts that were rewritten otherwise than they should: (source, true target, what was written)."""
    items, width = list(items), _width(width)
    wrong = [item for item in items if words_of(item[1]) != words_of(item[2])]
    out = [_heading(len(wrong), len(items), "text", most, "")]
    for source, true, said in wrong[:most]:
        out += ["", *_wrapped(source, width, 2), *_wrapped(f"true: {true}", width, 4),
                *_wrapped(f"said: {said}", width, 4)]
    return "\n".join(out)


def marked(document: str, predicted: Span | None, gold: Sequence[Span], around: int = AROUND) -> str:
    """The passage with «gold» and [predicted] answers, cut between words where it is far from both.

    Of gold answers that overlap the first is marked.
    """
    spans: list[Span] = []
    for start, end in gold:
        if all(end <= first or last <= start for first, last in spans):
            spans.append((start, end))
    marks = [(*span, "«", "»") for span in spans] + ([(*predicted, "[", "]")] if predicted else [])
    # At one place a mark closes before another opens, and the longer of two spans, or the gold one, stands outside.
    placed = sorted([(start, 1, -end, rank, mark) for rank, (start, end, mark, _) in enumerate(marks)]
                    + [(end, 0, -start, -rank, mark) for rank, (start, end, _, mark) in enumerate(marks)])
    kept = np.zeros(len(document), bool)
    for start, end, *_ in marks or [(0, 0, "", "")]:
        first, last = max(0, start - around), min(len(document), end + around)
        before = document.rfind(" ", max(0, first - WORD), first) + 1          # 0 where no word begins so near
        after = document.find(" ", last, last + WORD)                          # -1 where none ends
        kept[before or (0 if first < WORD else first):last if after < 0 else after] = True
    pieces, place = [], 0
    for at, *_, mark in [*placed, (len(document), 2, "")]:
        for _, run in groupby(range(place, at), key=kept.__getitem__):
            run = list(run)
            pieces.append(document[run[0]:run[-1] + 1] if kept[run[0]] else " … ")
        pieces.append(mark)
        place = at
    return "".join(pieces).strip()


def _answered(document: str, predicted: Span | None, gold: Sequence[Span]) -> bool:
    if predicted is None or not gold:
        return predicted is None and not gold
    return any(exact_match(document[slice(*span)], document[slice(*predicted)]) for span in gold)


# ---- lines that fit a terminal ---------------------------------------------------------------------------------------


def _heading(wrong: int, total: int, what: str, most: int, how: str) -> str:
    if not total:
        return f"there are no {what}s"
    if not wrong:
        return f"0 of {_many(total, what)} wrong"
    shown = f"; {min(most, wrong)} of them{how}:" if most < wrong else f"{how}:"
    return f"{wrong:,} of {_many(total, what)} wrong{shown}"


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}" + "s" * (n != 1)


def _sure(wrong: list) -> bool:
    return len(wrong) > 1 and any(item[3] is not None for item in wrong)


def _texts(text: str | tuple[str, str], width: int) -> list[str]:
    parts = [("", text)] if isinstance(text, str) else zip(("1: ", "2: "), text, strict=True)
    return [line for name, part in parts for line in _wrapped(name + part, width, 4)]


def _width(width: int | None) -> int:
    """That of the terminal unless it is given, and 100 where there is no terminal; at least 40."""
    return max(40, shutil.get_terminal_size((100, 24)).columns if width is None else width)


def _plain(text: str) -> str:
    """On one line, without characters that would steer the terminal."""
    text = " ".join(text.split())
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _columns(text: str) -> int:
    """How many columns of a terminal the text fills: two for Chinese, none for an accent that joins a letter."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _clipped(text: str, most: int) -> str:
    text = _plain(text)
    if _columns(text) <= most:
        return text
    while _columns(text) > most - 1:
        text = text[:-1]
    return text + "…"


def _wrapped(text: str, width: int, indent: int, lines: int = LINES) -> list[str]:
    """The text in lines of at most this width, each indented; those beyond `lines` are left out."""
    room, found = width - indent, [""]
    for piece in PIECE.findall(_plain(text)):
        if _columns(found[-1]) + _columns(piece.rstrip()) > room:
            found.append("")
        if not piece.isspace() or found[-1]:
            found[-1] += piece
        while _columns(found[-1].rstrip()) > room:             # a word that is longer than a line
            fits = next(n for n in range(len(found[-1]), 0, -1) if _columns(found[-1][:n]) <= room)
            found[-1:] = [found[-1][:fits], found[-1][fits:]]
    if len(found) > lines:
        found = [*found[:lines - 1], _clipped(found[lines - 1], room - 2).removesuffix("…").rstrip() + " …"]
    return [" " * indent + line.rstrip() for line in found]

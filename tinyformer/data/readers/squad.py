"""How are questions on documents read?  SQuAD 1.1 and 2.0, with every answer looked up where it is said to stand.

Answers are places in the text, and many files have them wrong: counted in UTF-16 units or in bytes, shifted, or in
a text that was changed later.  What can be put right without doubt is put right, what cannot is counted and reported.
Rajpurkar et al. 2016 (1.1) and 2018 (2.0).
"""

import json
import os
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from tinyformer.data.readers.examples import Answer, Examples, Question
from tinyformer.data.readers.lines import BadRow, collect, file_text, whole_characters
from tinyformer.errors import InputError
from tinyformer.json_text import NotJSON, parse_json

REPORTED = 5
LOST = 10                                      # ids not found as they are written, before no more are looked for
UNITS = {"UTF-16 units": (0x10000,), "UTF-8 bytes": (0x80, 0x800, 0x10000)}    # characters from which one more is due


def read_squad(path: str | os.PathLike, training: bool = False, labelled: bool = True,
               skip_bad_rows: int = 0) -> Examples:
    """The questions of a SQuAD file; `labelled=False` where answers may be absent.

    An answer whose `answer_start` counts UTF-16 units or UTF-8 bytes gets its place in code points.  One that does
    not stand at its place at all is counted, the first five are reported in `notes`, and it is dropped if
    `training` (a question left without answers goes with it); otherwise it stays, with start None, for scoring.
    InputError for a file that is not whole JSON or not SQuAD's, with the place; a question that lacks a part, is
    there twice, is impossible and has an answer, or has none and is not impossible is a bad row.
    """
    text = file_text(path)
    if not text.strip():
        raise InputError(f"{path}: no examples in it; the file is empty")
    faults = _Faults(str(path), training)
    seen: dict[str, int] = {}
    last = 0

    def parse(line, row):
        nonlocal last
        title, document, found = row
        question = _question(found, document, title, str(path), line, labelled, faults)
        if question.id in seen:
            raise BadRow(f"question id {question.id!r} was given in line {seen[question.id]} already; ids must be "
                         "unique, since predictions go by them")
        seen[question.id] = line
        return question

    found = collect(path, _rows(text, path), parse, skip_bad_rows)
    if training and labelled:                              # without the questions of which every answer is misplaced
        kept = [question for question in found if question.answers or question.impossible]
        faults.dropped = len(found) - len(kept)
        found[:] = kept
    if not found:
        raise InputError(f"{path}: no examples in it; of {faults.dropped:,} questions not one has an answer that "
                         "stands at its answer_start (were the documents changed later?); the first of them:\n" +
                         "\n".join(faults.first))
    found.notes += faults.notes()
    return found


class _Faults:
    """Counts the answers that do not stand where the file says, and describes the first of them."""

    def __init__(self, path: str, training: bool):
        self.path, self.training = path, training
        self.misplaced, self.first = 0, list[str]()
        self.whole = ""                                    # the last document that was found whole
        self.repaired: dict[str, int] = {}
        self.dropped = 0

    def notes(self) -> list[str]:
        lines = [f"{self.path}: {count:,} answers had their place counted in {unit}; put right to characters"
                 for unit, count in self.repaired.items()]
        if self.misplaced:
            what = (f"left out, and {self.dropped:,} questions with them" if self.training else
                    "kept for scoring, since that compares texts")
            lines.append(f"{self.path}: {self.misplaced:,} answers do not stand at their answer_start; {what}; "
                         "the first of them:")
            lines += self.first
        return lines


def _rows(text: str, path) -> Iterator[tuple[int, tuple[str, str, dict]]]:
    """(line, (title, document, question)) for every question; InputError where the file has another shape."""
    try:
        root = parse_json(text)
    except NotJSON as error:
        if error.place is None:
            raise InputError(f"{path}: not JSON ({error}); correct it, or fetch the file again") from None
        cut = not text[error.place:].strip() or "Unterminated" in str(error)
        raise InputError(f"{path}:{error.line}: not JSON at column {error.column} ({error}); " + (
            "the file is cut short: fetch it again" if cut else "correct it there")) from None
    if not isinstance(root, dict) or not isinstance(root.get("data"), list):
        kind = f"an object with {', '.join(map(repr, root)) or 'nothing'}" if isinstance(root, dict) else \
            f"a JSON {type(root).__name__}"
        raise InputError(f'{path}: the root is {kind[:200]}; SQuAD\'s is {{"version": ..., "data": [articles]}}')
    place, line, lost = 0, 1, 0
    for a, article in enumerate(root["data"]):
        title = article.get("title", "") if isinstance(article, dict) else ""
        for p, paragraph in enumerate(_list(path, article, "paragraphs", f"data[{a}]")):
            where = f"data[{a}].paragraphs[{p}]"
            questions = _list(path, paragraph, "qas", where)
            document = paragraph.get("context")
            if not isinstance(document, str) or not document.strip():
                raise InputError(f"{path}: {where} has no text at \"context\"; every paragraph needs one")
            for question in questions:
                id = question.get("id") if isinstance(question, dict) else None
                at = text.find(json.dumps(id), place) if isinstance(id, str) and lost < LOST else -1
                lost += at < 0
                if at >= 0:
                    place, line = at, line + text.count("\n", place, at)
                yield line, (title, document, question)


def _list(path, holder, key: str, where: str) -> list:
    if not isinstance(holder, dict) or not isinstance(holder.get(key), list):
        raise InputError(f"{path}: {where} has no list at {key!r}; in SQuAD's form data is a list of articles, an "
                         "article has paragraphs, a paragraph has context and qas")
    return holder[key]


def _question(found, document, title, file, line, labelled, faults) -> Question:
    if not isinstance(found, dict):
        raise BadRow(f"a question is a JSON {type(found).__name__}; it must be an object")
    id, question = (_text(found, key, f"a question of {title!r}") for key in ("id", "question"))
    what = f"question {id!r}"
    whole_characters(question, what)
    if document is not faults.whole:
        faults.whole = whole_characters(document, f"the document of {what}")
    impossible = found.get("is_impossible", False)
    answers = found.get("answers", None if labelled else [])
    if not isinstance(impossible, bool):
        raise BadRow(f"{what}: is_impossible is {impossible!r}; it must be true or false")
    if not isinstance(answers, list):
        raise BadRow(f"{what} has no list of answers; give one, or read the file as one without labels")
    if impossible and answers:
        raise BadRow(f"{what} is impossible and has {len(answers)} answers; remove them, or is_impossible "
                     "(answers that merely look right belong in plausible_answers)")
    if labelled and not impossible and not answers:
        raise BadRow(f"{what} has no answer and is not marked as impossible; give an answer, or set is_impossible")
    placed = [_answer(answer, document, what, f"{file}:{line}", faults) for answer in answers]
    if faults.training:
        placed = [answer for answer in placed if answer.start is not None]
    return Question(id, question, document, tuple(placed), impossible, str(title), file, line)


def _answer(answer, document, what, where, faults) -> Answer:
    if not isinstance(answer, dict):
        raise BadRow(f"{what}: an answer is a JSON {type(answer).__name__}; it must be an object")
    text, start = whole_characters(_text(answer, "text", f"an answer of {what}"), what), answer.get("answer_start")
    if not isinstance(start, int) or isinstance(start, bool):
        raise BadRow(f"{what}: answer_start is {json.dumps(start)[:60]}; it must be a whole number")
    if start >= 0 and document.startswith(text, start):
        return Answer(text, start)
    for unit, wider in UNITS.items():
        point = _place(document, start, wider)
        if point is not None and document.startswith(text, point):
            faults.repaired[unit] = faults.repaired.get(unit, 0) + 1
            return Answer(text, point)
    faults.misplaced += 1
    if len(faults.first) < REPORTED:
        faults.first.append(f"  {where}: {what}: {_misplaced(text, start, document)}")
    return Answer(text, None)


def _misplaced(text: str, start: int, document: str) -> str:
    stands = f"where {document[start:start + len(text)][:60]!r} stands" if 0 <= start < len(document) else \
        f"outside the document of {len(document):,} characters"
    other = document.find(text)
    return f"answer {text[:60]!r} at {start}, {stands}" + (
        f"; it stands at {other}" if other >= 0 else "; it stands nowhere in the document")


def _text(holder: dict, key: str, what: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadRow(f"{what} has no text at {key!r} ({json.dumps(value)[:60]}); every one needs it")
    return value


@lru_cache(maxsize=2)                          # questions on one document follow one another
def _starts(document: str, wider: tuple[int, ...]) -> np.ndarray:
    """Where each character begins, and the end, counted in units of which some characters take several."""
    codes = np.frombuffer(document.encode("utf-32-le"), np.uint32)
    return np.concatenate([[0], np.cumsum(1 + sum((codes >= first).astype(np.int64) for first in wider))])


def _place(document: str, start: int, wider: tuple[int, ...]) -> int | None:
    """A place counted in such units in code points; None inside a character or outside the document."""
    starts = _starts(document, wider)
    if not 0 <= start <= starts[-1]:
        return None
    point = int(np.searchsorted(starts, start))
    return point if starts[point] == start else None

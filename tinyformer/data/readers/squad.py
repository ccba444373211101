"""How are questions on documents read?  SQuAD 1.1 and 2.0, with every answer looked up where it is said to stand.

Answers are places in the text, and many files have them wrong: counted in UTF-16 units or in bytes, shifted, or in
a text that was changed later.  What can be put right without doubt is put right, what cannot is counted and reported.
Rajpurkar et al. 2016 (1.1) and 2018 (2.0).
"""

import json
import os
from collections.abc import Callable, Iterator

from tinyformer.data.readers.examples import Answer, Examples, Question
from tinyformer.data.readers.lines import BadRow, collect, file_text, whole_characters
from tinyformer.errors import InputError

REPORTED = 5


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
        if training and not question.answers and not question.impossible and labelled:
            faults.dropped += 1
            return None
        return question

    found = collect(path, _rows(text, path), parse, skip_bad_rows)
    found.unlabelled -= faults.dropped                     # they had answers, at wrong places
    found.notes += faults.notes()
    return found


class _Faults:
    """Counts the answers that do not stand where the file says."""

    def __init__(self, path: str, training: bool):
        self.path, self.training = path, training
        self.misplaced: list[str] = []
        self.repaired: dict[str, int] = {}
        self.dropped = 0

    def notes(self) -> list[str]:
        lines = [f"{self.path}: {count:,} answers had their place counted in {unit}; put right to characters"
                 for unit, count in self.repaired.items()]
        if self.misplaced:
            what = (f"left out, and {self.dropped:,} questions with them" if self.training else
                    "kept for scoring, since that compares texts")
            lines.append(f"{self.path}: {len(self.misplaced):,} answers do not stand at their answer_start; {what}; "
                         "the first of them:")
            lines += [f"  {message}" for message in self.misplaced[:REPORTED]]
        return lines


def _rows(text: str, path) -> Iterator[tuple[int, tuple[str, str, dict]]]:
    """(line, (title, document, question)) for every question; InputError where the file has another shape."""
    try:
        root = json.loads(text)
    except json.JSONDecodeError as error:
        cut = "the file is cut short: fetch it again" if not text[error.pos:].strip() or "Unterminated" in error.msg \
            else "correct it there"
        raise InputError(f"{path}:{error.lineno}: not JSON at column {error.colno} ({error.msg}); {cut}") from None
    except RecursionError:
        raise InputError(f"{path}: JSON nested too deeply to be SQuAD's") from None
    if not isinstance(root, dict) or not isinstance(root.get("data"), list):
        kind = f"an object with {', '.join(map(repr, root)) or 'nothing'}" if isinstance(root, dict) else \
            f"a JSON {type(root).__name__}"
        raise InputError(f'{path}: the root is {kind[:200]}; SQuAD\'s is {{"version": ..., "data": [articles]}}')
    place = 0
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
                place = max(place, text.find(json.dumps(id), place)) if isinstance(id, str) else place
                yield text.count("\n", 0, place) + 1, (title, document, question)


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
    whole_characters(document, f"the document of {what}")
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
    for unit, place in UNITS.items():
        point = place(document, start) if start >= 0 else None
        if point is not None and document.startswith(text, point):
            faults.repaired[unit] = faults.repaired.get(unit, 0) + 1
            return Answer(text, point)
    stands = f"where {document[start:start + len(text)][:60]!r} stands" if 0 <= start < len(document) else \
        f"outside the document of {len(document):,} characters"
    other = document.find(text)
    faults.misplaced.append(f"{where}: {what}: answer {text[:60]!r} at {start}, {stands}" + (
        f"; it stands at {other}" if other >= 0 else "; it stands nowhere in the document"))
    return Answer(text, None)


def _text(holder: dict, key: str, what: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadRow(f"{what} has no text at {key!r} ({json.dumps(value)[:60]}); every one needs it")
    return value


def _in_units(encoding: str, width: int) -> Callable[[str, int], int | None]:
    """A function from a place counted in units of an encoding to code points; None inside a character or behind."""
    def place(document: str, start: int) -> int | None:
        data = document.encode(encoding)
        try:
            return len(data[:start * width].decode(encoding)) if start * width <= len(data) else None
        except UnicodeDecodeError:
            return None
    return place


UNITS = {"UTF-16 units": _in_units("utf-16-le", 2), "UTF-8 bytes": _in_units("utf-8", 1)}

"""Which exercises are solved, and what did the judge say last of the others?  To look at: nothing is run here."""

from dataclasses import dataclass
from functools import cache

from tinyformer import exercises
from tinyformer.errors import InputError
from tinyformer.exercises.kit.workbook import Workbook
from tinyformer.page.served import Behind, by_label
from tinyformer.page.view import View

VIEW = View("Exercises")


@dataclass(frozen=True, kw_only=True)
class Nothing:
    pass


@VIEW.function
def listed(behind: Behind, request: Nothing) -> dict:
    """Every exercise, chapter by chapter, with its question, and what is known of the learner's."""
    book = Workbook(behind.exercises)
    try:
        progress = book.progress()
    except InputError as error:
        raise InputError(by_label(str(error), book.folder)) from None
    chapters = [(title, [_one(book, name, progress.get(name, {})) for name in names.split()])
                for title, names in exercises.CHAPTERS.items()]
    every: list[dict] = [one for _, some in chapters for one in some]
    return {"chapters": [{"title": title, "exercises": some} for title, some in chapters],
            "count": len(every), "solved": sum(one["solved"] for one in every)}


def _one(book: Workbook, name: str, entry: dict) -> dict:
    """One exercise; `changed` says that its file was saved after the judge had last seen it."""
    says, file = by_label(str(entry.get("says", "")), book.folder), book.file(name)
    begun = file.is_file()
    return {"name": name, "question": _question(name), "solved": bool(entry.get("solved")),
            "begun": begun, "hints": int(entry.get("hints", 0)), "says": says,
            "changed": begun and bool(says) and file.stat().st_mtime > float(entry.get("when", 0))}


@cache
def _question(name: str) -> str:
    return exercises.EXERCISES.question(name)

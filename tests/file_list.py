"""What does tinyformer/README.md say?  Every file of the package with the question that its docstring opens with.

    python tests/file_list.py              writes that page again, after a file has come, gone or changed its question,
                                           and counts the lines that the README and the path's page speak of

Rooms stand in the order of the floors.  In each, what is on the path comes first, in the path's order, and then the
rest by name.
"""

import ast
import re
from pathlib import Path

import reading_path

PAGE = reading_path.ROOT / "tinyformer" / "README.md"
README = reading_path.ROOT / "README.md"
ROOMS = (".", "ops", "gradcheck", "nn", "models", "models/parts", "inside", "hub", "text", "metrics", "plot", "sound",
         "data", "data/readers", "tinyland", "train", "generate", "pretraining", "tasks", "phenomena", "phenomena/kit",
         "phenomena/parts", "exercises", "exercises/kit", "page", "page/views", "commands")
OPENING = """# The files, room by room

Each answers one question, and imports from its own room and from lower floors alone (`tests/test_house.py`).
**Bold** are the files of [the path](../examples/README.md). Printed from the docstrings by `python tests/file_list.py`.
"""


def page() -> str:
    """The whole of tinyformer/README.md."""
    return "\n".join([OPENING, *(room(name) for name in rooms())])


def rooms() -> list[str]:
    """Every folder with a file in it, those of ROOMS first."""
    found = {path.parent.relative_to(PAGE.parent).as_posix() for path in reading_path.package()}
    return [name for name in ROOMS if name in found] + sorted(found - {*ROOMS})


def room(name: str) -> str:
    """One room: what its __init__.py says, and a table of its files."""
    folder, path = PAGE.parent / name, reading_path.files()
    order = {file: number for number, file in enumerate(path)}
    files = sorted(folder.glob("*.py"), key=lambda file: (order.get(file, len(path)), file.name))
    rows = []
    for file in files:
        if file.name != "__init__.py":
            bold, place = "**" * (file in order), file.relative_to(PAGE.parent).as_posix()
            rows.append(f"| {bold}[`{file.name}`]({place}){bold} | {question(file)} |")
    title = "tinyformer" if name == "." else f"{name}/"
    return "\n".join([f"## {title}", "", question(folder / "__init__.py"), "", "| file | question |", "|---|---|",
                      *rows, ""])


def question(file: Path) -> str:
    """The first line of a file's docstring."""
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))).splitlines()[0]


def counted(readme: str) -> str:
    """The README with its claim of size made true, in thousands of lines."""
    book = reading_path.lines(reading_path.files())
    workshop = reading_path.lines(reading_path.package()) - book
    return re.sub(r"about [\d,]+ lines(.*)about [\d,]+ that the book built",
                  f"about {round(book, -3):,} lines\\1about {round(workshop, -3):,} that the book built", readme)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(counted(README.read_text(encoding="utf-8")), encoding="utf-8")
    path = reading_path.STOPS
    path.write_text(reading_path.counted(path.read_text(encoding="utf-8")), encoding="utf-8")

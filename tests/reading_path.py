"""Which files does a learner read, in which order, and how long are they?  Those that examples/README.md links to.

    python tests/reading_path.py           prints them with their lengths
    python tests/reading_path.py --names   their names alone, with commas between them, as coverage wants them
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
STOPS = ROOT / "examples" / "README.md"


def files() -> list[Path]:
    """The files of the path in reading order: what each of its stops says to read."""
    return [path for _, paths in stops(STOPS.read_text(encoding="utf-8")) for path in paths]


def stops(page: str) -> list[tuple[int, list[Path]]]:
    """For each stop of the page the number of lines that it speaks of, and the files that it says to read."""
    found = re.findall(r"^\* \*\*Read\*\* \(([\d,]+) lines\): (.*)$", page, re.M)
    link = re.compile(r"\]\(\.\./(tinyformer/[\w/]+\.py)\)")
    return [(int(number.replace(",", "")), [ROOT / name for name in link.findall(links)]) for number, links in found]


def counted(page: str) -> str:
    """The page with the number of lines of each stop made true."""
    numbers = iter([f"{lines(paths):,}" for _, paths in stops(page)])
    return re.sub(r"^(\* \*\*Read\*\* \()[\d,]+", lambda match: match[1] + next(numbers), page, flags=re.M)


def lines(paths: list[Path]) -> int:
    """How many lines these files have together."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def package() -> list[Path]:
    """Every file of the package."""
    return sorted((ROOT / "tinyformer").rglob("*.py"))


if __name__ == "__main__":
    names = [path.relative_to(ROOT).as_posix() for path in files()]
    if sys.argv[1:] == ["--names"]:
        print(",".join(names))
    else:
        for path, name in zip(files(), names, strict=True):
            print(f"{lines([path]):5} {name}")
        print(f"{lines(files()):5} lines of {lines(package())} in the package")

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
    """The files of the path in reading order: the links into the package from the table of its stops."""
    rows = [line for line in STOPS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    names = re.findall(r"\]\(\.\./(tinyformer/[\w/]+\.py)\)", "\n".join(rows))
    return [ROOT / name for name in names]


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

"""What came of all experiments together?  One page of verdicts and pictures, made of the folders that are there."""

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tinyformer.errors import InputError
from tinyformer.phenomena import CHAPTERS, PHENOMENA
from tinyformer.phenomena.kit.jobs import PAGE
from tinyformer.phenomena.kit.report import TOO_QUICK
from tinyformer.phenomena.kit.rules import HOW, LEAST_SEEDS, NOT_SEEN, SEEN, UNCLEAR, Check
from tinyformer.phenomena.kit.tables import Table
from tinyformer.places import room_for
from tinyformer.train.log import METRICS

REPORT = "report.md"
WANTED = {"experiment": str, "seeds": list, "quick": bool, "verdict": str, "checks": list, "seconds": (int, float)}
CHECKED = {"claim": str, "control": bool, "values": list, "asked": str, "found": str}
WORDS = {said: word for word, said in HOW.items()}


@dataclass(frozen=True)
class Standing:
    """One run of an experiment: its folder, and what metrics.json says of it."""

    folder: Path
    figures: dict

    @property
    def name(self) -> str:
        """The name of the experiment."""
        return self.figures["experiment"]

    @property
    def weight(self) -> tuple:
        """Of two runs of one experiment the one that tells more is shown: judged, of more seeds, the newer."""
        return not self.figures["quick"], len(self.figures["seeds"]), (self.folder / METRICS).stat().st_mtime

    @property
    def seeds(self) -> str:
        """The seeds as they are told."""
        return ", ".join(map(str, self.figures["seeds"]))

    def section(self, above: Path) -> str:
        """Question, picture, and every part of the rule with its figures; links are those from `above`."""
        question, picture, quick = PHENOMENA[self.name].question, f"{self.name}.png", self.figures["quick"]
        where = quote(self.folder.relative_to(above).as_posix())
        few = f", since fewer than {LEAST_SEEDS} seeds tell nothing" * (
            not quick and len(self.figures["seeds"]) < LEAST_SEEDS)
        parts = [f"### {self.name}: {question}", f"**Verdict: {self.figures['verdict']}{few}.**",
                 f"![{question}]({where}/{picture})" if (self.folder / picture).exists() else "",
                 "" if quick else "\n".join(f"- {_check(check)}" for check in self.figures["checks"]),
                 f"Seeds {self.seeds}; {self.figures['seconds']:,.0f} seconds of one core; the whole of it: "
                 f"[{PAGE}]({where}/{PAGE})."]
        return "\n\n".join(filter(None, parts))


def report(below: str = "runs") -> int:
    """Gather every experiment whose results stand in a folder below this one, in `report.md` there; print the verdicts.

    Of several runs of one experiment the one that tells most is shown.  InputError where there is none, or where a
    file with figures is not what an experiment leaves.
    """
    above = Path(below)
    found: dict[str, Standing] = {}
    for path in sorted(above.glob(f"*/{METRICS}")):
        each = read(path)
        if each and (each.name not in found or each.weight > found[each.name].weight):
            found[each.name] = each
    if not found:
        raise InputError(f"{below}: no folder in it holds the results of an experiment; run some first, with "
                         "`reproduce --all` or `reproduce NAME`, or say with --out where they are")
    text, path = page(found, above), above / REPORT
    with room_for(path, len(text)):
        path.write_text(text, encoding="utf-8")
    print(summary(found).text())
    print(f"page: {path}")
    return 0


def read(path: Path) -> Standing | None:
    """The run whose figures are in this file; None where they are of something else, as of a training run."""
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as the figures of a run ({error}); run it again, or take its folder "
                         "away") from None
    if not isinstance(figures, dict) or figures.get("experiment") not in PHENOMENA:
        return None
    wrong = [key for key, kind in WANTED.items() if not isinstance(figures.get(key), kind)]
    if "checks" not in wrong and any(_unlike(check) for check in figures["checks"]):
        wrong.append("checks")
    if wrong:
        raise InputError(f"{path}: {', '.join(wrong)} is missing or not what an experiment leaves there; run it again "
                         f"(`reproduce {figures['experiment']} --overwrite`), or take its folder away")
    return Standing(path.parent, figures)


def _unlike(check) -> bool:
    return (not isinstance(check, dict) or any(not isinstance(check.get(key), kind) for key, kind in CHECKED.items())
            or check["found"] not in WORDS or not all(isinstance(value, int | float) for value in check["values"]))


def _check(kept: dict) -> Check:
    return Check(kept["claim"], tuple(kept["values"]), kept["asked"], WORDS[kept["found"]], kept["control"])


def page(found: dict[str, Standing], above: Path) -> str:
    """The whole page: a table of the verdicts, then every chapter; what has not been run is named with its command."""
    parts = ["# What was seen, and what was not", summary(found).markdown()]
    for chapter, title in CHAPTERS.items():
        names = [name for name, each in PHENOMENA.items() if each.chapter == chapter]
        parts += [f"## {title}", *(found[name].section(above) for name in names if name in found)]
        if missing := [name for name in names if name not in found]:
            parts.append("Not run here: " + ", ".join(f"`reproduce {name}`" for name in missing) + ".")
    return "\n\n".join(parts) + "\n"


def count(found: dict[str, Standing]) -> str:
    """How many were seen, how many not, how many are unclear, and how many were not judged or not run."""
    words = [each.figures["verdict"] for each in found.values()]
    said = [f"{words.count(word)} {word}" for word in (SEEN, NOT_SEEN, UNCLEAR)]
    quick = words.count(TOO_QUICK)
    return (f"Of {len(PHENOMENA)} experiments {len(found)} were run here: " + ", ".join(said)
            + f", {quick} too quick to be judged" * bool(quick))


def summary(found: dict[str, Standing]) -> Table:
    """A line for each experiment that was run, chapter by chapter."""
    rows = [(name, CHAPTERS[each.chapter], found[name].figures["verdict"], found[name].seeds)
            for name, each in PHENOMENA.items() if name in found]
    return Table(("experiment", "chapter", "verdict", "seeds"), rows, note=f"{count(found)}.")

"""What did an experiment come to?  The same three times: as text, as figures for programs, and as a page."""

import inspect
import platform
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

import tinyformer
from tinyformer.phenomena.kit.brought import to_add
from tinyformer.phenomena.kit.experiment import Found
from tinyformer.phenomena.kit.jobs import PAGE
from tinyformer.phenomena.kit.rules import HOW, LEAST_SEEDS, SEEN, Check, Verdict
from tinyformer.phenomena.kit.tables import Table

TOO_QUICK = "not judged, since a quick run shows only that it works"


@dataclass(frozen=True)
class Report:
    """A run of an experiment: its module, what its jobs found, the tables and the verdict."""

    name: str
    module: ModuleType
    found: Found
    quick: bool
    tables: list[Table]
    verdict: Verdict

    @classmethod
    def of(cls, name: str, module: ModuleType, found: Found, quick: bool) -> "Report":
        """The report on what was found, by the experiment's own table and rule."""
        tables = module.table(found)
        return cls(name, module, found, quick, [tables] if isinstance(tables, Table) else list(tables),
                   module.verdict(found))

    @property
    def word(self) -> str:
        """The verdict in words."""
        return TOO_QUICK if self.quick else self.verdict.word

    @property
    def reason(self) -> str:
        """Why it is unclear where no figure says so."""
        few = not self.quick and len(self.found.seeds) < LEAST_SEEDS
        return f", since fewer than {LEAST_SEEDS} seeds tell nothing" * few

    def text(self) -> str:
        """What is printed: the tables, the verdict, and a line for each part of its rule."""
        lines = ["\n\n".join(table.text() for table in self.tables), "", f"verdict: {self.word}{self.reason}"]
        return "\n".join([*lines, *(f"  {check}" for check in self.checks)])

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the verdict rests on; nothing in a quick run."""
        return () if self.quick else self.verdict.checks

    def figures(self) -> dict:
        """What metrics.json keeps."""
        checks = [{"claim": check.claim, "control": check.control, "values": list(check.values), "asked": check.asked,
                   "found": HOW[check.word]} for check in self.verdict.checks]
        return {"experiment": self.name, "seeds": list(self.found.seeds), "quick": self.quick, "verdict": self.word,
                "checks": checks, "seconds": self.seconds, "outcomes": list(self.found.outcomes),
                **({"given": list(self.found.given)} if self.found.files else {})}

    @property
    def seconds(self) -> float:
        """Processor seconds of all jobs, those included that were done in an earlier run."""
        return round(sum(each["seconds"] for each in (*self.found.outcomes, *self.found.given)), 1)

    def page(self) -> str:
        """The page that stands beside the picture."""
        question, experiment = question_of(self.module), self.module.EXPERIMENT
        how = _doc(self.module).partition("?")[2].strip()
        failed = [str(check) for check in self.checks if check.word != SEEN]
        missing = [*failed, *[experiment.not_found] * bool(experiment.not_found)] or ["nothing that was looked for"]
        parts = [f"# {self.name}: {question}", f"**Verdict: {self.word}{self.reason}.**",
                 *(table.markdown() for table in self.tables),
                 f"![{question}]({self.name}.png)", "## How it was done", how,
                 "## The rule", _doc(self.module.verdict), "\n".join(f"- {check}" for check in self.checks),
                 "## The control", experiment.control, "## What was not found",
                 "\n".join(f"- {each}" for each in missing),
                 "## How to see it again", f"```sh\n{self.command}\n```",
                 to_add(self.name, experiment.takes), self._made()]
        return "\n\n".join(filter(None, parts)) + "\n"

    @property
    def command(self) -> str:
        """What is typed to have this run again."""
        seeds = self.found.seeds
        return (f"python -m tinyformer reproduce {self.name} --seeds {len(seeds)} --seed {seeds[0]}"
                + " --quick" * self.quick + self.found.files.words)

    def _made(self) -> str:
        seeds = "Seeds " * (len(self.found.seeds) > 1) or "Seed "
        optimizer = self.module.EXPERIMENT.optimizer
        trained = f"trained with {optimizer}; " if optimizer else ""
        return (f"{seeds}{', '.join(map(str, self.found.seeds))}; {trained}{self.seconds:,.0f} seconds of one core; "
                f"tinyformer {tinyformer.__version__}, Python {platform.python_version()}, NumPy {np.__version__}.")

    def write(self, folder: Path) -> None:
        """Leave the page in the folder."""
        (folder / PAGE).write_text(self.page(), encoding="utf-8")


def question_of(module: ModuleType) -> str:
    """The question with which a module's docstring opens."""
    return _doc(module).partition("?")[0].replace("\n", " ") + "?"


def _doc(of) -> str:
    """A docstring without its indentation; '' where there is none."""
    return inspect.getdoc(of) or ""

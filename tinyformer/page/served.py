"""What lies behind the page?  Models, runs and exercises, in folders that the command line named.

The browser knows models and runs by their numbers, and nobody can ask for a folder.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyformer.backend import choose_device
from tinyformer.errors import InputError
from tinyformer.models import Seq2Seq
from tinyformer.models.heads import Head
from tinyformer.places import MODEL
from tinyformer.tasks import task_of
from tinyformer.tasks.fine_tuned import settings_beside
from tinyformer.tasks.finetuning_settings import Finetuning
from tinyformer.tasks.folders import open_folder
from tinyformer.tasks.task import Task
from tinyformer.text import Tokenizer

RUNS, TOUR, LOG = Path("runs"), Path("runs", "tour"), "log.jsonl"


@dataclass(frozen=True, eq=False)
class Served:
    """A model with its number, by which it is asked for; `task` and `settings` are those of a head, or None."""

    number: int
    name: str
    model: Any
    tokenizer: Tokenizer
    task: Task | None = None
    settings: Finetuning | None = None

    @property
    def kind(self) -> str:
        """The class of the model."""
        return type(self.model).__name__

    def described(self) -> dict:
        """What the page says of it; where it lies is nobody's business."""
        c = self.model.config
        return {"number": self.number, "name": self.name, "kind": self.kind, "layers": c.layers, "heads": c.heads,
                "context": c.context, "task": self.task and self.task.name,
                "rewrites": isinstance(self.model, Seq2Seq),
                "parameters": sum(p.data.size for p in self.model.parameters())}


@dataclass
class Behind:
    """All that the page can show: models by number, folders of runs by number, the folder of a learner's exercises."""

    models: list[Served] = field(default_factory=list)
    runs: list[Path] = field(default_factory=list)             # as named; where none was, those that stand in runs/
    exercises: Path = Path("exercises")
    found: list[Path] = field(default_factory=list, init=False, repr=False)

    def run_folders(self) -> list[Path]:
        """The folders of the runs.  One that begins while the page is open comes last, so that numbers stay."""
        if self.runs:
            return self.runs
        there = sorted(path.parent for depth in ("*", "*/*") for path in RUNS.glob(f"{depth}/{LOG}"))
        self.found += [folder for folder in there if folder not in self.found]
        return self.found


def open_all(folders: Iterable[str], device: str = "auto") -> list[Served]:
    """The models in these folders, numbered from 0; without any, those of the tour, or none where it has not run."""
    named = [Path(folder) for folder in folders] or sorted(path.parent for path in TOUR.glob(f"*/{MODEL}"))
    return [_opened(number, folder, name, device)
            for number, (folder, name) in enumerate(zip(named, _names(named), strict=True))]


def _opened(number: int, folder: Path, name: str, device: str) -> Served:
    model, tokenizer = open_folder(str(folder))
    model.to(choose_device(device)[0])
    if not isinstance(model, Head):
        return Served(number, name, model, tokenizer)
    task = task_of(model)
    settings = settings_beside(folder, model, task, {"device": device})
    return Served(number, name, model, tokenizer, task, settings)


def label(folder: Path) -> str:
    """How the browser knows a folder that has no other name: the last two parts of its path."""
    return "/".join(folder.absolute().parts[-2:])


def by_label(text: str, folder: Path) -> str:
    """What is said of a folder and of what lies in it, with its label where its path stands."""
    return re.sub(rf"(?<![\w./\\]){re.escape(str(folder))}(?=[:/\\])", lambda _: label(folder), text)


def _names(folders: list[Path]) -> list[str]:
    """The last part of each path, with as many parts before it as tell all of them apart."""
    parts = [path.absolute().parts for path in folders]
    if len({*parts}) < len(parts):
        raise InputError(f"--model {folders[parts.index(max(parts, key=parts.count))]} is given twice; once is enough")
    names: list[str] = []
    for count in range(1, max(map(len, parts), default=0) + 1):
        names = ["/".join(path[-count:]) for path in parts]
        if len({*names}) == len(names):
            break
    return names

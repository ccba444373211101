"""What can be seen in a model that has learned?  One experiment a file, each reproduced by one command.

An experiment is a module with run(folder, seeds, quick): it trains what it needs, once for each seed, leaves its
pictures in `folder`, and gives a table to be printed and its figures, which become metrics.json.
"""

import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.options import suggestion
from tinyformer.phenomena.jobs import begin
from tinyformer.train.log import write_metrics


@dataclass(frozen=True)
class Phenomenon:
    """An experiment by its module, the question it answers, and how long it takes on two cores."""

    module: str
    question: str
    minutes: float


PHENOMENA: dict[str, Phenomenon] = {
    "few-labels": Phenomenon("few_labels", "what is pre-training worth when labels are few?", 9),
    "corruptions": Phenomenon("corruptions", "which damage teaches most when it is repaired?", 16),
    "addition": Phenomenon("addition", "can a small GPT learn to calculate?", 3),
    "induction": Phenomenon("induction", "how does a model go on with what it has read once before?", 1),
    "in-context": Phenomenon("in_context", "what does a model learn from examples in its prompt, with no training?",
                             35),
    "translation": Phenomenon("translation", "does reading help to translate?", 7),
}


def reproduce(name: str, out: str, seeds: int = 3, quick: bool = False, seed: int = 0, resume: bool = False,
              overwrite: bool = False) -> int:
    """Run one experiment with so many seeds, from `seed` on; its pictures and metrics.json are left in `out`.

    With `resume` the jobs that stand in `out` already are not done again.
    """
    if name not in PHENOMENA:
        raise InputError(f"experiment {name!r} is not known{suggestion(name, PHENOMENA)}; "
                         f"choose one of: {', '.join(PHENOMENA)}")
    if seeds < 1:
        raise InputError(f"--seeds is {seeds}; it must be 1 or larger")
    if seed < 0:
        raise InputError(f"--seed is {seed}; it must be 0 or larger")
    folder = _folder(out)
    begin(folder, name, quick, resume, overwrite)
    experiment = import_module(f"tinyformer.phenomena.{PHENOMENA[name].module}")
    report, found = experiment.run(folder, range(seed, seed + seeds), quick)
    write_metrics(folder, {"experiment": name, "seeds": list(range(seed, seed + seeds)), "quick": quick,
                           **found})
    print(f"{report}\nfigures: {folder / 'metrics.json'}")
    return 0


def _folder(out: str) -> Path:
    """The folder of the results, refused before any work is done if it cannot be used."""
    folder = Path(out)
    if (folder / "config.json").exists():
        raise InputError(f"{out} holds a model whose own figures stand there; --out takes another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise InputError(f"{out}: cannot be made a folder to write into ({error.strerror}); choose another "
                         "--out") from None

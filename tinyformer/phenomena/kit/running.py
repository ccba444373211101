"""How does an experiment run?  Its jobs side by side, then table, picture, verdict and page from what they found."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tinyformer.errors import InputError
from tinyformer.options import suggestion
from tinyformer.phenomena import PHENOMENA
from tinyformer.phenomena.kit.brought import GIVEN, NOTHING, Files, to_add
from tinyformer.phenomena.kit.experiment import Found, Sizes
from tinyformer.phenomena.kit.jobs import OUTCOMES, PAGE, begin, outcomes, standing
from tinyformer.phenomena.kit.report import Report
from tinyformer.places import check_figures, make_folder
from tinyformer.train.log import METRICS, write_metrics

HERE = "tinyformer.phenomena"


def reproduce(name: str, out: str | None = None, seeds: int = 3, quick: bool = False, seed: int = 0,
              resume: bool = False, overwrite: bool = False, model: str | None = None,
              data: tuple[str, ...] = ()) -> int:
    """Run one experiment with so many seeds, from `seed` on: what it found, its pictures and its page go to `out`.

    With `resume` the jobs that stand in `out` already are not done again.  `model` and `data` are files of the user,
    at which an experiment that takes them looks as well.
    """
    module, files = opened(name), Files.of(name, model, data)
    folder = make_folder(check_figures(out or folder_of(name, quick)))
    begin(folder, name, quick, resume, overwrite)
    report = run(name, module, folder, range(seed, seed + seeds), quick, files)
    print(report.text())
    if not files and (line := to_add(name, module.EXPERIMENT.takes)):
        print(line)
    if hasattr(module, "to_try"):
        print(f"to try: {module.to_try(report.found, folder)}")
    print(f"figures: {folder / METRICS}; page: {folder / PAGE}")
    return 0


def reproduce_all(out: str = "runs", seeds: int = 3, quick: bool = False, seed: int = 0, resume: bool = False,
                  overwrite: bool = False) -> int:
    """Run every experiment, each into a folder of its own below `out`; a line for each verdict at the end.

    With `resume` those that were begun go on, and the others begin.
    """
    folders = {name: check_figures(folder_of(name, quick, out)) for name in PHENOMENA}
    there = [str(folder) for folder in folders.values() if standing(folder)]
    if there and not (resume or overwrite):
        raise InputError(f"results stand already in {', '.join(there)}; go on with them (--resume), choose another "
                         "--out, or replace them (--overwrite)")
    said = []
    for name, folder in folders.items():
        begin(make_folder(folder), name, quick, resume and (folder / OUTCOMES).exists(), overwrite)
        report = run(name, opened(name), folder, range(seed, seed + seeds), quick)
        print(f"{name}\n{report.text()}\n", flush=True)
        said.append(f"{name:<14} {report.word}; {folder / PAGE}")
    print("\n".join(said))
    return 0


def opened(name: str) -> ModuleType:
    """The module of an experiment; InputError for a name that is not in the list."""
    if name not in PHENOMENA:
        raise InputError(f"experiment {name!r} is not known{suggestion(name, PHENOMENA)}; "
                         f"choose one of: {', '.join(PHENOMENA)}")
    return import_module(PHENOMENA[name].module, HERE)


def run(name: str, module: ModuleType, folder: Path, seeds: Sequence[int], quick: bool,
        files: Files = NOTHING) -> Report:
    """Do what is not done yet in `folder`, draw, and leave metrics.json and the page.

    The files of the user come first, so that a fault in them is told before the long work.
    """
    experiment = module.EXPERIMENT
    sizes = experiment.quick if quick else experiment.full
    jobs = [(seed, arm) for seed in seeds for arm in sizes.arms]
    where = {"folder": folder} if experiment.saves else {}
    given = outcomes(folder, f"{name}, your files", partial(job_given, module.__name__, sizes, files),
                     [(seed, GIVEN) for seed in seeds], _said) if files else []
    done = outcomes(folder, name, partial(job, module.__name__, sizes, **where), jobs,
                    getattr(module, "said", _said))
    report = Report.of(name, module, Found(sizes, list(seeds), done, files, given), quick)
    module.draw(report.found, folder)
    write_metrics(folder, report.figures())
    report.write(folder)
    return report


def job(module: str, sizes: Sizes, seed: int, arm, **where) -> dict:
    """One job of an experiment, in whichever process: what its `one` found, with seed, arm and processor seconds."""
    began, one = time.process_time(), import_module(module).one
    found = one(sizes, seed, **where) if arm is None else one(sizes, seed, arm, **where)
    return {"seed": seed, "arm": arm, **found, "seconds": round(time.process_time() - began, 1)}


def job_given(module: str, sizes: Sizes, files: Files, seed: int, arm: str) -> dict:
    """One job on the files of the user: what its `one_given` found, and which files they were."""
    began = time.process_time()
    found = import_module(module).one_given(sizes, seed, files)
    return {"seed": seed, "arm": arm, "files": asdict(files), **found,
            "seconds": round(time.process_time() - began, 1)}


def folder_of(name: str, quick: bool, below: str = "runs") -> str:
    """Where an experiment goes that is not told where to go."""
    return f"{below}/{name}" + "-quick" * quick


def _said(outcome: dict) -> str:
    arm = "" if outcome["arm"] is None else f", {outcome['arm']}"
    return f"seed {outcome['seed']}{arm}: {outcome['seconds']:.0f} seconds"

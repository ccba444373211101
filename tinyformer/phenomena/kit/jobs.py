"""What of an experiment is done already?  Every outcome is on the disk as soon as it is known.

outcomes.jsonl begins with what is being run, and has a line for each job that is done.  An experiment that was stopped
goes on with the jobs that are missing; so does one that is asked for more seeds than before.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import tinyformer
from tinyformer.errors import InputError
from tinyformer.places import say
from tinyformer.train import durable
from tinyformer.train.log import METRICS, read_lines
from tinyformer.train.workers import side_by_side

OUTCOMES, PAGE = "outcomes.jsonl", "page.md"


def begin(folder: Path, name: str, quick: bool, resume: bool = False, overwrite: bool = False) -> None:
    """Make `folder` ready for the outcomes of an experiment.

    InputError where results stand there already, or, with `resume`, where there is nothing to go on with or it is of
    another experiment, or was found by other code than today's.
    """
    if resume and overwrite:
        raise InputError("--resume goes on with the results in --out, and --overwrite replaces them; give one of the "
                         "two")
    path, header = folder / OUTCOMES, {"experiment": name, "quick": quick, "code": version()}
    found = read_lines(path) if not overwrite else []
    if not (resume or overwrite) and standing(folder):
        raise InputError(f"{folder} holds results already ({OUTCOMES if found[1:] else METRICS}); "
                         + "go on with them (--resume), " * bool(found) + "choose another --out, or replace them "
                         "(--overwrite)")
    if resume and not found:
        raise InputError(f"{folder}: there is no {OUTCOMES}, and so no experiment to go on with; leave --resume out "
                         "to begin one")
    for key, value in header.items() if resume else ():
        if found[0].get(key) != value:
            raise InputError(f"{path}: {key} is {found[0].get(key)!r}, and what is to be run has {value!r}: it cannot "
                             "be gone on with; choose another --out, or replace the results (--overwrite)")
    for name in (METRICS, PAGE) if overwrite else ():          # they would stand beside the outcomes of another run
        (folder / name).unlink(missing_ok=True)
    beside = path.with_name(durable.TEMPORARY + path.name)     # without a last line that a crash cut short
    beside.write_text("".join(json.dumps(line) + "\n" for line in (found if resume else [header])), encoding="utf-8")
    durable.sync_file(beside)
    os.replace(beside, path)


def standing(folder: Path) -> bool:
    """Whether results of an experiment stand in a folder, finished or not."""
    return len(read_lines(folder / OUTCOMES)) > 1 or (folder / METRICS).exists()


def version() -> str:
    """A hash of every file of this package: outcomes of different code are not mixed."""
    package, found = Path(tinyformer.__file__).parent, hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        found.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]


def outcomes(folder: Path, title: str, function: partial, jobs: Sequence[tuple], said) -> list:
    """function(*job) for every job that has no outcome in `folder` yet, side by side: all outcomes, in order.

    An outcome is what JSON can hold: lists, numbers, texts, and dictionaries with texts as keys.  It counts for the
    settings that it was found with, which are the arguments that `function` brings along.  said(outcome) is the line
    that is shown when a job is done.
    """
    path, settings = folder / OUTCOMES, _settings(function)
    done = {json.dumps(line["job"]): line["outcome"] for line in read_lines(path) if line.get("settings") == settings}
    left, known = [job for job in jobs if json.dumps(job) not in done], len(done)
    before = len(jobs) - len(left)
    if before:
        say(f"{title}: {before} of {len(jobs)} were done before")
    try:
        with path.open("a", encoding="utf-8") as file, closing(side_by_side(title, function, left, said)) as coming:
            for job, outcome in coming:
                line = json.dumps({"job": job, "settings": settings, "outcome": outcome})
                file.write(line + "\n")
                file.flush()
                durable.sync_open(file)
                done[json.dumps(job)] = json.loads(line)["outcome"]        # as who goes on would read it
    except BaseException:
        if len(done) > known:
            say(f"{title}: {before + len(done) - known} of {len(jobs)} are done and stand in {path}; --resume goes "
                "on from there")
        raise
    return [done[json.dumps(job)] for job in jobs]


def _settings(function: partial) -> str:
    """What a job is done with, as text; a folder says only where."""
    given = [("", each) for each in function.args] + [*function.keywords.items()]
    return ", ".join(f"{name}={each!r}".removeprefix("=") for name, each in given if not isinstance(each, Path))

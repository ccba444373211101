"""What of an experiment is done already?  Every outcome is on the disk as soon as it is known.

outcomes.jsonl begins with what is being run, and has a line for each job that is done.  An experiment that was stopped
goes on with the jobs that are missing; so does one that is asked for more seeds than before.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tinyformer.errors import InputError
from tinyformer.train import durable
from tinyformer.train.log import METRICS, read_lines
from tinyformer.train.workers import side_by_side

OUTCOMES = "outcomes.jsonl"


def begin(folder: Path, name: str, quick: bool, source: Path, resume: bool = False, overwrite: bool = False) -> None:
    """Make `folder` ready for the outcomes of an experiment, whose file is `source`.

    InputError where results stand there already, or, with `resume`, where they are those of another experiment, of
    other settings, or of another version of its file.
    """
    path, header = folder / OUTCOMES, {"experiment": name, "quick": quick, "source": digest(source)}
    there = [each for each in (OUTCOMES, METRICS) if (folder / each).exists()]
    if there and not (resume or overwrite):
        raise InputError(f"{folder} holds results already ({', '.join(there)}); go on with them (--resume), choose "
                         "another --out, or replace them (--overwrite)")
    if resume and OUTCOMES not in there:
        raise InputError(f"{folder}: there is no {OUTCOMES}, and so no experiment to go on with; leave --resume away "
                         "to begin one")
    lines = read_lines(path) if resume else [header]
    for key, value in header.items():
        if not lines or lines[0].get(key) != value:
            was = lines[0].get(key) if lines else None
            raise InputError(f"{path}: {key} is {was!r}, and what is to be run has {value!r}: it cannot be gone on "
                             "with; choose another --out, or replace the results (--overwrite)")
    beside = path.with_name(durable.TEMPORARY + path.name)     # without a last line that a crash cut short
    beside.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    os.replace(beside, path)


def digest(source: Path) -> str:
    """Which version of a file of ours this is."""
    return hashlib.sha256(source.read_bytes()).hexdigest()[:16]


def outcomes(folder: Path, title: str, function: Callable, jobs: Sequence[tuple], said: Callable[..., str]) -> list:
    """function(*job) for every job that has no outcome in `folder` yet, side by side: all outcomes, in the order of
    the jobs.

    An outcome is what JSON can hold: lists, numbers, texts, and dictionaries with texts as keys.  said(outcome) is the
    line that is shown when a job is done.
    """
    path = folder / OUTCOMES
    done = {json.dumps(line["job"]): line["outcome"] for line in read_lines(path) if "job" in line}
    left = [job for job in jobs if json.dumps(job) not in done]
    if len(left) < len(jobs):
        print(f"{title}: {len(jobs) - len(left)} of {len(jobs)} were done before", file=sys.stderr)
    if left:
        with path.open("a", encoding="utf-8") as file:
            for job, outcome in side_by_side(title, function, left, said):
                line = json.dumps({"job": job, "outcome": outcome})
                file.write(line + "\n")
                file.flush()
                done[json.dumps(job)] = json.loads(line)["outcome"]        # as who goes on would read it
    return [done[json.dumps(job)] for job in jobs]

"""What is a teacher worth to a small model?  Half of the layers, taught by the whole, beside the same half alone.

For each seed a BERT of four layers reads documents of tinyland and guesses hidden words.  Then a model of two layers
reads the same documents, with the same vocabulary, batches, masks and number of steps: alone; taught, by what the
teacher holds possible at temperature 2, the hidden words, and the cosine of the hidden vectors; beginning with every
second layer of the teacher, and taught nothing but the hidden words; and both.  All are held to the same masks in
documents that none has read.  A teacher costs: it has to be trained, and a step of a taught model is longer by its
reading.  So one more reads alone for as many steps as teacher and student together.

Published: 97 % of BERT's score on GLUE with 40 % less of its size (Sanh et al. 2019, table 1); there the beginning is
worth most, then what the teacher says, the hidden words least (table 4).
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

from tinyformer.metrics.over_seeds import spread
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, judged
from tinyformer.phenomena.parts.held_out_words import guessed
from tinyformer.train import save_model

STUDENTS: dict[str, dict | None] = {           # how each is taught; None: by nobody
    "alone": None,
    "taught": dict(begin="random"),
    "from its layers": dict(begin="teacher", teaching=(0.0, 1.0, 0.0)),        # hidden words, and nothing that it says
    "from its layers, taught": dict(begin="teacher"),
    "alone, longer": None}
ALONE, TAUGHT, BEGUN, BOTH, LONGER = ARMS = tuple(STUDENTS)
EXPERIMENT = Experiment(
    chapter="reading", minutes=3, optimizer="muon",
    full=Sizes(arms=ARMS, documents=2000, vocabulary=800, width=48, steps=250, reading=800),
    quick=Sizes(arms=ARMS, documents=200, vocabulary=400, width=16, steps=6, reading=8),
    control="The same two layers alone, from the same first numbers as the taught ones that begin with their own; and "
            "alone for as many steps as teacher and student together.",
    not_found="A use for the teacher: a student that begins with its layers and learns from the words alone guesses "
              "more than one that it also teaches, and one that reads alone for as many steps as both together more "
              "than either.  In a longer trial of seed 0, 600 steps after a teacher's 1,800, what it says was worth 3 "
              "points.")
LAYERS, HEADS = 4, 2                          # of the teacher; a student has half the layers
GAIN = 1                                      # point of hidden words guessed, in every seed


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """One student's figures on what was held out, and its teacher's."""
    steps = sizes.steps + sizes.reading * (arm == LONGER)
    teacher, figures = taught(seed, sizes)
    with TemporaryDirectory() as folder:
        save_model(Path(folder), teacher.model, teacher.tokenizer)
        how = dict(family="distilbert", tokenizer=folder, heads=HEADS, width=sizes.width)
        if (lessons := STUDENTS[arm]) is not None:
            how = dict(teacher=folder, **lessons)
        _, reached = guessed(seed, sizes.documents, steps=steps, layers=LAYERS // 2,
                             optimizer=EXPERIMENT.optimizer, **how)
        return {**reached, "teacher": figures}


@lru_cache(maxsize=1)
def taught(seed: int, sizes: Sizes) -> tuple[Any, dict]:
    """The teacher of this seed, and its figures."""
    return guessed(seed, sizes.documents, steps=sizes.reading, layers=LAYERS, heads=HEADS, width=sizes.width,
                   vocabulary=sizes.vocabulary, optimizer=EXPERIMENT.optimizer)


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return (f"seed {outcome['seed']}, {outcome['arm']}: {100 * outcome['accuracy']:.1f} % of the hidden words, loss "
            f"{outcome['loss']:.3f} (teacher {100 * outcome['teacher']['accuracy']:.1f} %, "
            f"{outcome['teacher']['loss']:.3f})")


def gains(found: Found, arm: str) -> list[float]:
    """By how many points a student guesses more than the one alone, seed by seed."""
    return [a - b for a, b in zip(found.values("accuracy", arm, 100), found.values("accuracy", ALONE, 100),
                                  strict=True)]


def verdict(found: Found) -> Verdict:
    """What the teacher says, and what it says with its layers to begin with, are each worth 1 point and more.

    Of hidden words guessed above the student alone, in every seed.  The second half was written before any run, the
    first when seed 0 was known, which is not among the seeds of the page.
    """
    return judged(*(at_least(GAIN, f"points that {arm!r} is above the one alone", gains(found, arm))
                    for arm in (TAUGHT, BOTH)))


def table(found: Found) -> Table:
    """A line for the teacher and for each student."""
    teachers = [each["teacher"] for each in found[ALONE]]
    rows = [_row("teacher", LAYERS, found.sizes.reading, teachers)]
    rows += [_row(arm, LAYERS // 2, found.sizes.steps + found.sizes.reading * (arm == LONGER), found[arm])
             for arm in ARMS]
    return Table(("", "layers", "steps", "parameters", "hidden words guessed, %", "loss", "core seconds"), rows,
                 note="mean ± deviation over the seeds, on documents that none has read; every student: the same "
                      "batches and masks; seconds of one core, a student's without those of its teacher's training")


def _row(name: str, layers: int, steps: int, outcomes: Sequence[dict]) -> tuple:
    return (name, layers, steps, outcomes[0]["parameters"], spread([100 * each["accuracy"] for each in outcomes]),
            spread([each["loss"] for each in outcomes], 3), f"{mean(each['core seconds'] for each in outcomes):.0f}")


def draw(found: Found, folder: Path) -> None:
    """distillation.png: the share of hidden words over the steps, with the teacher's as a level."""
    from tinyformer import plot
    panel = plot.Panel("Half of the layers", "hidden words guessed, %",
                       {arm: found.curves("accuracy", arm, 100) for arm in ARMS},
                       levels={"teacher": 100 * mean(each["teacher"]["accuracy"] for each in found[ALONE])})
    plot.compared([panel], folder / "distillation.png", title="What a teacher is worth to a small model")

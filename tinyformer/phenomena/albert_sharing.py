"""What is a layer worth that is read several times?  ALBERT's sharing, at equal parameters and at equal time.

For each seed a BERT of four layers reads tinyland and guesses hidden words, and others the same batches with the same
masks: with one layer that is read four times, which takes the same time, and a quarter of the numbers in layers; with
one layer that is read once, which has as many numbers as that, and takes a third of its time; and with one of twice the
width that is read four times, whose numbers are those of the BERT (its word vectors are half as wide as its layers),
for as many steps as take the BERT's time.

Published: with all layers shared ALBERT-base falls from 82.3 to 79.8 on average over five tasks, and with word vectors
of 128 from 82.3 to 81.7 (Lan et al. 2020, tables 3 and 4).  In the time of BERT-large the widest ALBERT, of fewer
numbers and a third of the steps, reaches 88.7 where that has 87.2 (table 6).
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from tinyformer.metrics.over_seeds import interval, spread
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, above, judged
from tinyformer.phenomena.parts.held_out_words import guessed


@dataclass(frozen=True)
class Shape:
    """How a model differs from the BERT: its width in that of the BERT, and its steps in those of the BERT."""

    layers: int = 4
    wider: int = 1
    shared: bool = False
    steps: float = 1.0


SHAPES = {"BERT": Shape(), "one layer, once": Shape(layers=1), "one, four times": Shape(shared=True),
          "wide, four times": Shape(wider=2, shared=True, steps=0.55)}
BERT, ONCE, SHARED, WIDE = ARMS = tuple(SHAPES)
EXPERIMENT = Experiment(
    chapter="reading", minutes=2, optimizer="muon",
    full=Sizes(arms=ARMS, documents=2000, vocabulary=800, width=48, steps=600),
    quick=Sizes(arms=ARMS, documents=150, vocabulary=400, width=16, steps=10),
    control="For each claim the model that has the same numbers, or takes the same time, and shares nothing.",
    not_found="A budget at which depth is worth anything: after 600 steps one layer that is read once guesses most, "
              "and what ALBERT's tables say of long reading is not asked.  The wide one took a fifth longer than the "
              "BERT, and is below it all the same.")
HEADS = 4


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """Read in this shape: what is guessed of held-out text, and what it took."""
    shape, width = SHAPES[arm], sizes.width * SHAPES[arm].wider
    _, found = guessed(
        seed, sizes.documents, vocabulary=sizes.vocabulary, layers=shape.layers, heads=HEADS, width=width,
        shared=shape.shared, factor=sizes.width if shape.wider > 1 else 0,
        steps=max(1, round(sizes.steps * shape.steps)), optimizer=EXPERIMENT.optimizer)
    return found


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return (f"seed {outcome['seed']}, {outcome['arm']}: {100 * outcome['accuracy']:.1f} % of the hidden words, "
            f"loss {outcome['loss']:.3f}, {outcome['core seconds']:.0f} core seconds")


def gained(found: Found, arm: str, other: str) -> list[float]:
    """How many points of the hidden words one arm guesses more than another, seed by seed."""
    return [a - b for a, b in zip(found.values("accuracy", arm, 100), found.values("accuracy", other, 100),
                                  strict=True)]


def verdict(found: Found) -> Verdict:
    """At equal parameters sharing is worth its time, and at equal time not its loss of numbers; a wide one is above.

    Of hidden words guessed, each by the interval: a layer read four times is above the same one read once; four layers
    are above one read four times, in the same time; and one of twice the width with BERT's numbers is above BERT in
    BERT's time.
    """
    return judged(
        above(0, "equal parameters: points of four times above once", gained(found, SHARED, ONCE)),
        above(0, "equal time: points of four layers above one read four times", gained(found, BERT, SHARED)),
        above(0, "equal parameters and time: points of the wide one above BERT", gained(found, WIDE, BERT)))


def table(found: Found) -> Table:
    """A line for each shape."""
    rows = [(arm, found[arm][0]["parameters"], round(found.sizes.steps * shape.steps),
             f"{mean(found.values('core seconds', arm)):.0f}", spread(found.values("accuracy", arm, 100)),
             spread(found.values("loss", arm), 3), "" if arm == BERT else interval(gained(found, arm, BERT)))
            for arm, shape in SHAPES.items()]
    return Table(("", "parameters", "steps", "core seconds", "hidden words, %", "loss", "above BERT"), rows,
                 note="mean ± deviation over the seeds, on documents that none has read; core seconds: of training, on "
                      "one core; above BERT: points of hidden words, with the 95 % interval")


def draw(found: Found, folder: Path) -> None:
    """albert-sharing.png: hidden words guessed, and the seconds that it took, a bar for each shape."""
    from tinyformer import plot
    panels = [plot.Bars(title, unit, {arm: found.values(name, arm, scale) for arm in ARMS}, (
        "BERT", mean(found.values(name, BERT, scale)))) for name, title, unit, scale in (
            ("accuracy", "Held-out text", "hidden words guessed, %", 100), ("core seconds", "Time", "core seconds", 1),
            ("parameters", "Size", "thousands of parameters", 1e-3))]
    plot.grouped(panels, {"nothing shared": (BERT, ONCE), "one layer, shared": (SHARED, WIDE)},
                 folder / "albert-sharing.png", title="One layer in the place of four")

"""How far does a small GPT calculate, and what do worked examples bring?  Sums told by their sign, or only shown.

One model reads lists of worked questions, four a row, "0012+0034=64000": numbers of two or three digits, zeros in
front, and the answer from its last digit on.  Three operations come: sums, the first number once more, and a task of
logic, have the binary forms of both numbers together an odd number of ones?  Half of the lists hide theirs behind one
sign for all, "0012?0034=64000"; among these the first number is the commonest answer, and sums are somewhat rarer.

Then nothing is trained any more, and the model answers what was never trained on: pairs of numbers that were kept back,
in either order, behind 0 to 3 examples of others.  And sums of four digits, which no list had.

Brown et al. 2020, section 3.9.1 and figure 3.10.
"""

from pathlib import Path

import numpy as np

from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPT, GPTConfig
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts.shown_sums import (
    CHARACTERS,
    LINE,
    LINES,
    LOGIC,
    OPERATIONS,
    SUM,
    TRAINED,
    Lists,
    carries,
    kept_back,
    pairs,
    question,
)
from tinyformer.phenomena.parts.whole_answers import percent, right
from tinyformer.rng import stream
from tinyformer.train import Settings, train

EXPERIMENT = Experiment(
    chapter="prompts", minutes=5, optimizer="adamw", full=Sizes(steps=2700, rows=16, asked=200),
    quick=Sizes(steps=20, rows=16, asked=10),
    control="Logic of the same lengths, on which a coin is right in 50 of 100 cases, and three examples of another "
            "operation.",
    not_found="Sums of four digits, by their sign or behind examples: no list says what a digit in the fourth place "
              "is.  With differences in place of the first number, and ten lists of five lines a step, neither they "
              "nor sums were learned in the 1,400 steps that were tried, on another seed.")
WIDTH = 64
DIGITS, SHOTS = (2, 3, 4), (0, 1, 2, 3)                     # of the numbers that are asked for; examples
TOLD, SHOWN, ASTRAY = "told", "shown", "3 of another operation"
CARRIED, ENOUGH = 3, 500                                    # digits of sums told apart by carries; at least so many


def one(sizes: Sizes, seed: int) -> dict:
    """Train one model; the % right of each operation, by digits, by sign or examples, and of sums by carries."""
    model = reader(seed)
    settings = Settings(steps=sizes.steps, learning_rate=3e-3, warmup=min(100, sizes.steps), betas=(0.9, 0.98),
                        seed=seed, optimizer=EXPERIMENT.optimizer, log_every=sizes.steps)
    train(model, Lists(sizes.rows, seed), settings, progress=False)
    return {"parameters": model.count(), "right": answered(model, seed, sizes.asked),
            "carries": by_carries(model, seed, sizes.asked)}


def reader(seed: int) -> GPT:
    """A GPT of four layers, whose positions begin as the place in a line and the number of the line."""
    config = GPTConfig(vocabulary=len(CHARACTERS), layers=4, heads=4, width=WIDTH, context=LINES * LINE, dropout=0.0,
                       init_std=0.08)
    model, rng = GPT(config, stream(seed, "weights")), stream(seed, "positions")
    line, place = np.divmod(np.arange(LINES * LINE), LINE)                             # (T,) each
    model.positions.weight.data[:] = (0.15 * rng.standard_normal((LINE, WIDTH))[place]
                                      + 0.15 * rng.standard_normal((LINES, WIDTH))[line])
    return model


def answered(model: GPT, seed: int, count: int) -> dict:
    """{operation: {digits: {TOLD: % right behind each number of examples, SHOWN: the same, ASTRAY: %}}}."""
    back, found = kept_back(seed), {}
    for operation, other in zip(OPERATIONS, [*OPERATIONS][1:] + [SUM], strict=True):
        found[operation] = {}
        for length in DIGITS:
            rng = stream(seed, f"questions {operation}", length)
            numbers = np.stack([pairs(rng, length, count, back, kept=True) for _ in SHOTS])            # (K + 1, 2, N)
            found[operation][str(length)] = {
                way: [percent(model, question(operation, operation, way == TOLD, numbers[-k - 1:])) for k in SHOTS]
                for way in (TOLD, SHOWN)} | {ASTRAY: percent(model, question(operation, other, False, numbers))}
    return found


def by_carries(model: GPT, seed: int, count: int) -> list[float]:
    """% right of the sums with 0, 1 ... carries, behind the sign and nothing else."""
    a, b = pairs(stream(seed, "carries"), CARRIED, max(10 * count, ENOUGH), kept_back(seed), kept=True)
    hits, carried = right(model, question(SUM, SUM, True, np.array([[a, b]]))), carries(a, b)
    return [100 * float(hits[carried == n].mean()) for n in range(CARRIED + 1)]


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}, % right behind three examples: " + "; ".join(
        f"{operation}, {n} digits {reached(outcome, operation, n, SHOWN, 3):.0f}"
        for operation in OPERATIONS for n in DIGITS)


def reached(outcome: dict, operation: str, count: int, way: str, shots: int) -> float:
    """The % right of one operation with numbers of so many digits."""
    return outcome["right"][operation][str(count)][way][SHOTS.index(shots)]


def verdict(found: Found) -> Verdict:
    """It calculates with numbers as long as those of its lists, told by a sign or shown three times, and no further.

    Sums of two and three digits are right in 99 of 100 cases behind their sign; where the sign says nothing they are
    behind three examples, and in at most 50 behind none.  Sums of four digits, which no list had, are right in at most
    50 behind three.  The controls: logic behind three examples in at most 60, sums behind three of another operation in
    at most 10.
    """
    def each(operation: str, count: int, way: str, shots: int) -> list[float]:
        return [reached(outcome, operation, count, way, shots) for outcome in found[None]]

    claims = [at_least(99, f"% of sums of {count} digits, {said}", each(SUM, count, way, shots))
              for count in TRAINED for said, way, shots in (("by their sign", TOLD, 0), ("three examples", SHOWN, 3))]
    claims += [at_most(50, f"% of sums of {count} digits, no example", each(SUM, count, SHOWN, 0))
               for count in TRAINED]
    claims += [at_most(50, "% of sums of 4 digits, three examples", each(SUM, 4, SHOWN, 3))]
    controls = [at_most(60, f"% of logic of {count} digits, three examples", each(LOGIC, count, SHOWN, 3))
                for count in TRAINED]
    controls += [at_most(10, f"% of sums of {count} digits, {ASTRAY}",
                         [outcome["right"][SUM][str(count)][ASTRAY] for outcome in found[None]]) for count in TRAINED]
    return judged(*claims, controls=controls)


def table(found: Found) -> list[Table]:
    """A line for each operation and length, by what is told and shown; then the sums by their carries."""
    rows = []
    for operation in OPERATIONS:
        for count in DIGITS:
            of = [outcome["right"][operation][str(count)] for outcome in found[None]]
            rows.append((operation, str(count), spread([by[TOLD][0] for by in of]),
                         *(spread([by[SHOWN][k] for by in of]) for k in (0, 1, 3)), spread([by[ASTRAY] for by in of])))
    carried = [spread([outcome["carries"][n] for outcome in found[None]]) for n in range(CARRIED + 1)]
    return [Table(("", "digits", "by its sign", "no example", "1 example", "3 examples", ASTRAY), rows,
                  note="% of the answers right, mean ± deviation over the seeds; lists of training had 2 and 3 digits, "
                       "and but for the first column the sign says nothing; a coin is right in 50 % of the logic"),
            Table(("carries", *map(str, range(CARRIED + 1))), [(f"sums of {CARRIED} digits", *carried)],
                  note="% right by their sign")]


def draw(found: Found, folder: Path) -> None:
    """arithmetic.png: each operation over the number of examples, a line for each length; and sums by carries."""
    from tinyformer import plot

    def runs(operation: str, count: int, way: str) -> list:
        return [[*zip(SHOTS, outcome["right"][operation][str(count)][way], strict=True)] for outcome in found[None]]

    panels = [plot.Panel(f"{operation.capitalize()}, its sign hidden", "right answers, %",
                         {f"{count} digits": runs(operation, count, SHOWN) for count in DIGITS}, "examples",
                         percent=True, levels={"a coin": 50} if operation == LOGIC else {})
              for operation in OPERATIONS]
    panels.append(plot.Panel(f"Sums of {CARRIED} digits by their sign", "right answers, %", {
        "sum": [[*enumerate(outcome["carries"])] for outcome in found[None]]},
        "carries", percent=True))
    plot.compared(panels, folder / "arithmetic.png", title="Told by a sign, or shown by examples")

"""Who overfits: the small model or the large one, with little text or with much?

GPTs of three sizes read the letters of 4,000, of 40,000 and of 400,000 characters for the same number of steps, and
then guess letters of what they have read and of what they have not.  The difference of the two losses is how far a
model knows its text by heart.  The settings were tried on seed 100, there with a largest model of width 128.

A lecture note says: "a small model with much data overfits; a large one with much data does not."
"""

from collections.abc import Sequence
from pathlib import Path

from tinyformer.metrics.over_seeds import spread
from tinyformer.phenomena.kit import Experiment, Files, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts.letter_readers import Letters, brought, learned, told

WIDTHS, AMOUNTS = (16, 48, 96), (4_000, 40_000, 400_000)
EXPERIMENT = Experiment(
    chapter="reading", minutes=4, optimizer="adamw",
    full=Sizes(arms=WIDTHS, amounts=AMOUNTS, held_out=20_000, layers=2, steps=600, rows=16),
    quick=Sizes(arms=WIDTHS, amounts=(1_000, 2_000), held_out=500, layers=1, steps=5, rows=2),
    control="All read for as many steps, and rows as long: what differs is the size and how much text there is.",
    takes={"data": "a plain text, such as a novel; given again, another: the letters held out stand behind those read"})
APART, TOGETHER, BETTER = 1.0, 0.2, 0.2       # nats: at least, at most, at least


def one(sizes: Sizes, seed: int, arm: int) -> dict:
    """One size of model, with each amount of text."""
    return grown(told(seed, max(sizes.amounts), sizes.held_out), sizes, seed, arm)


def one_given(sizes: Sizes, seed: int, files: Files) -> dict:
    """The same of the user's text, all sizes."""
    text = brought(files, max(sizes.amounts), sizes.held_out)
    return {"arms": [grown(text, sizes, seed, width) | {"arm": width} for width in sizes.arms]}


def grown(text: Letters, sizes: Sizes, seed: int, width: int) -> dict:
    """A model of this width for each amount of text: parameters, and both losses."""
    return {"by amount": [learned(text, amount, width, sizes.layers, sizes.steps, sizes.rows, seed,
                                  optimizer=EXPERIMENT.optimizer) for amount in sizes.amounts]}


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}, width {outcome['arm']}: read and held out " + ", ".join(
        f"{each['train']:.2f} {each['test']:.2f}" for each in outcome["by amount"])


def gaps(outcomes: Sequence[dict], place: int) -> list[float]:
    """The loss on what was held out less that on what was read, seed by seed."""
    return [each["by amount"][place]["test"] - each["by amount"][place]["train"] for each in outcomes]


def verdict(found: Found) -> Verdict:
    """With little text the large model overfits by a nat and more; with much text neither it nor the small one does.

    The small one is apart by at most 0.2 nats with much text, and so is the large one, which is then better than the
    small one by 0.2 nats; in every seed.  So the note is right in its second half and wrong in its first.
    """
    small, large = (found[width] for width in (found.sizes.arms[0], found.sizes.arms[-1]))
    better = [a["by amount"][-1]["test"] - b["by amount"][-1]["test"] for a, b in zip(small, large, strict=True)]
    return judged(at_least(APART, "large, little text: nats between held out and read", gaps(large, 0)),
                  at_most(TOGETHER, "small, much text: nats between held out and read", gaps(small, -1)),
                  at_most(TOGETHER, "large, much text: nats between held out and read", gaps(large, -1)),
                  at_least(BETTER, "much text: nats by which the large one is better", better))


def grid(name: str, outcomes: dict[int, Sequence[dict]], amounts: Sequence[int]) -> Table:
    """A line for each size, with both losses for each amount of text."""
    rows = [(f"{runs[0]['by amount'][0]['parameters']:,}",
             *(" and ".join(spread([each["by amount"][place][part] for each in runs], 2) for part in ("train", "test"))
               for place in range(len(amounts)))) for runs in outcomes.values()]
    return Table(("parameters", *(f"{amount:,} characters" for amount in amounts)), rows, title=name,
                 note="nats a letter on what was read and on what was held out, mean ± deviation over the seeds")


def table(found: Found) -> list[Table]:
    """Tinyland, and where there are some the user's texts."""
    tables = [grid("Stories of tinyland", {arm: found[arm] for arm in found.sizes.arms}, found.sizes.amounts)]
    if found.given:
        of_width = {width: [next(each for each in given["arms"] if each["arm"] == width) for given in found.given]
                    for width in found.sizes.arms}
        tables.append(grid(", ".join(Path(path).name for path in found.files.data), of_width, found.sizes.amounts))
    return tables


def draw(found: Found, folder: Path) -> None:
    """overfit.png: both losses over the amount of text, a panel for each size, and how far apart they are."""
    from tinyformer import plot
    amounts, panels, apart = found.sizes.amounts, [], {}
    for arm in found.sizes.arms:
        size = f"{found[arm][0]['by amount'][0]['parameters']:,} parameters"
        losses = {words: [[(amount, at[part]) for amount, at in zip(amounts, each["by amount"], strict=True)]
                          for each in found[arm]] for words, part in (("held out", "test"), ("read", "train"))}
        panels.append(plot.Panel(size, "nats a letter", losses, "characters of text", logarithmic=True))
        apart[size] = [[(amount, new - old) for (amount, new), (_, old) in zip(*both, strict=True)]
                       for both in zip(*losses.values(), strict=True)]
    panels.append(plot.Panel("Known by heart", "nats, held out less read", apart, "characters of text",
                             logarithmic=True))
    plot.compared(panels, folder / "overfit.png", title="Who overfits?")

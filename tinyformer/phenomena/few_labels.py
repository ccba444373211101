"""What is pre-training worth when labels are few?  Four heads on two models, of which one has read a small world.

For each seed a BERT of two layers and width 64 reads a world of tinyland that this seed tells, and is then fine-tuned
with each head, beside the same model with fresh weights.  So the interval over the seeds holds the chance of
everything: world, initial weights, order, and examples.  The sets are those on which it is enough to know which kind of
word stands where, and which topic; that is what so small a model learns by reading.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tinyformer.metrics.over_seeds import interval
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, judged
from tinyformer.phenomena.parts import four_heads
from tinyformer.phenomena.parts.four_heads import ARMS, HEADS, Outcome, compare, read_tinyland, read_well
from tinyformer.pretraining import stages
from tinyformer.train import save_model

EXPERIMENT = Experiment(
    chapter="reading", minutes=9, optimizer="adamw", saves=True,
    full=Sizes(steps=12_000, documents=20_000, shorter=1, fewer=1),
    quick=Sizes(steps=40, documents=200, shorter=30, fewer=10),                # what divides the heads' steps, examples
    control="The same model with fresh weights, which sees the same examples in the same order, and who always says "
            "the same (\"reading nothing\").",
    not_found="So small a model does not learn by reading to recognise the same person or thing again: in trials on "
              "sets that need it (questions on several persons, paraphrases) three seeds showed no gain, and on "
              "opinions 6 points.  The pair task is the one that the pre-training itself asks.")
GAIN = 10                                     # points, in every seed


def one(sizes: Sizes, seed: int, *, folder: Path) -> dict:
    """One seed from the first word to the last figure: what to say of its reading, and what each head reached."""
    prepared = read_tinyland(seed, sizes.steps, sizes.documents, device="cpu", say=str,
                             optimizer=EXPERIMENT.optimizer)
    history = stages.train(prepared, f"tinyland, seed {seed}", progress=False)
    save_model(folder / f"bert-{seed}", prepared.model, prepared.tokenizer, overwrite=True)
    heads = [replace(spec, steps=spec.steps // sizes.shorter, dev=spec.dev // sizes.fewer) for spec in HEADS]
    found = compare(prepared.model.bert, prepared.tokenizer, heads, [seed], say=str)
    return {"reading": read_well(history), "heads": {
        each.spec.head: {"blind": each.constant, **{arm: {"figure": each.figures[arm][0], "curve": each.curves[arm][0]}
                                                    for arm in ARMS}} for each in found}}


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}: {outcome['reading']}"


def of_heads(found: Found) -> Sequence[Outcome]:
    """What each head reached, all seeds together."""
    by_head = {spec.head: [each["heads"][spec.head] for each in found.outcomes] for spec in HEADS}
    return [Outcome(spec, {arm: [seed[arm]["curve"] for seed in by_head[spec.head]] for arm in ARMS},
                    {arm: [seed[arm]["figure"] for seed in by_head[spec.head]] for arm in ARMS},
                    sum(seed["blind"] for seed in by_head[spec.head]) / len(found.seeds)) for spec in HEADS]


def verdict(found: Found) -> Verdict:
    """With each of the four heads the pre-trained model is at least 10 points above the fresh one, in every seed.

    Written when the figures of seeds 21 to 23 were known: the smallest gains were 19.8, 20.0, 29.0 and 23.0 points.
    """
    return judged(*(at_least(GAIN, f"{each.spec.title}: points of {each.spec.figure} gained", each.gains)
                    for each in of_heads(found)))


def table(found: Found) -> Table:
    """A line for each head: both means, the difference and its interval."""
    rows = [(each.spec.title, each.spec.labels, each.spec.figure, *map(each.mean, ARMS), 100 * each.constant,
             interval(each.gains)) for each in of_heads(found)]
    return Table(("head", "labels", "figure", *ARMS, "reading nothing", "gain in points"), rows,
                 note="figures x 100, means over the seeds; of the gain the 95 % interval")


def draw(found: Found, folder: Path) -> None:
    """few-labels.png: the share right on examples not seen, over the steps, a panel for each head."""
    four_heads.draw(of_heads(found), folder / "few-labels.png")

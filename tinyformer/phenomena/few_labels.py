"""What is pre-training worth when labels are few?  Four heads on two models, of which one has read a small world.

For each seed a BERT of two layers and width 64 reads a world of tinyland that this seed tells, for 12,000 steps, and is
then fine-tuned with each head, beside the same model with fresh weights.  So the interval over the seeds holds the
chance of everything: world, initial weights, order, and examples.  Which sets, and why not others: tasks/four_heads.py.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

from tinyformer.phenomena.jobs import outcomes
from tinyformer.phenomena.parts import four_heads
from tinyformer.pretraining import stages
from tinyformer.train import save_model

FULL = (12_000, 20_000, 1)                    # steps of reading, documents, and what divides the steps of the heads
QUICK = (60, 300, 15)


def run(folder: Path, seeds: Sequence[int], quick: bool) -> tuple[str, dict]:
    """A line for each head: both means, the difference and its 95 % interval; draws few-labels.png."""
    steps, documents, shorter = QUICK if quick else FULL
    heads = [replace(spec, steps=spec.steps // shorter, dev=spec.dev // min(shorter, 4)) for spec in four_heads.HEADS]
    done = outcomes(folder, "seeds", partial(one, folder, steps, documents, heads), [(seed,) for seed in seeds],
                    lambda each: each["reading"])
    found = four_heads.joined([[four_heads.Outcome(spec, **reached)
                                for spec, reached in zip(heads, each["heads"], strict=True)] for each in done])
    four_heads.draw(found, folder / "few-labels.png")
    return "\n".join(outcome.line() for outcome in found), {
        "heads": {outcome.spec.head: outcome.to_dict() for outcome in found}}


def one(folder: Path, steps: int, documents: int, heads: Sequence[four_heads.FewLabels], seed: int) -> dict:
    """One seed from the first word to the last figure: what to say of its reading, and what each head reached."""
    prepared = four_heads.read_tinyland(seed, steps, documents, device="cpu", say=str)
    history = stages.train(prepared, f"tinyland, seed {seed}", progress=False)
    save_model(folder / f"bert-{seed}", prepared.model, prepared.tokenizer, overwrite=True)
    found = four_heads.compare(prepared.model.bert, prepared.tokenizer, heads, [seed], say=str)
    parts = [field.name for field in fields(four_heads.Outcome) if field.name != "spec"]
    return {"reading": f"seed {seed}: {four_heads.read_well(history)}",
            "heads": [{name: getattr(each, name) for name in parts} for each in found]}

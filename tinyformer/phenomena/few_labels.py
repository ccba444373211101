"""What is pre-training worth when labels are few?  Four heads on two models, of which one has read a small world.

For each seed a BERT of two layers and width 64 reads a world of tinyland that this seed tells, for 12,000 steps, and is
then fine-tuned with each head, beside the same model with fresh weights.  So the interval over the seeds holds the
chance of everything: world, initial weights, order, and examples.  Which sets, and why not others: tasks/few_labels.py.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from operator import itemgetter
from pathlib import Path

from tinyformer.tasks import few_labels, pretrain
from tinyformer.train import save_model
from tinyformer.train.workers import side_by_side

FULL = (12_000, 20_000, 1)                    # steps of reading, documents, and what divides the steps of the heads
QUICK = (60, 300, 15)


def run(folder: Path, seeds: Sequence[int], quick: bool) -> tuple[str, dict]:
    """A line for each head: both means, the difference and its 95 % interval; draws few-labels.png."""
    steps, documents, shorter = QUICK if quick else FULL
    heads = [replace(spec, steps=spec.steps // shorter, dev=spec.dev // min(shorter, 4)) for spec in few_labels.HEADS]
    done = side_by_side("seeds", partial(one, folder, steps, documents, heads), [(seed,) for seed in seeds],
                        itemgetter(0))
    outcomes = few_labels.joined([outcomes for _, outcomes in done])
    few_labels.draw(outcomes, folder / "few-labels.png")
    return "\n".join(outcome.line() for outcome in outcomes), {
        "heads": {outcome.spec.head: outcome.to_dict() for outcome in outcomes}}


def one(folder: Path, steps: int, documents: int, heads: Sequence[few_labels.FewLabels], seed: int):
    """One seed from the first word to the last figure: (what to say of its reading, its outcomes)."""
    prepared = few_labels.read_tinyland(seed, steps, documents, device="cpu", say=str)
    history = pretrain.train(prepared, f"tinyland, seed {seed}", progress=False)
    save_model(folder / f"bert-{seed}", prepared.model, prepared.tokenizer, overwrite=True)
    said = f"seed {seed}: {few_labels.read_well(history)}"
    return said, few_labels.compare(prepared.model.bert, prepared.tokenizer, heads, [seed], say=str)

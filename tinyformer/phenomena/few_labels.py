"""What is pre-training worth when labels are few?  Four heads on two models, of which one has read a small world.

For each seed a BERT of two layers and width 64 reads a world of tinyland that this seed tells, for 12,000 steps, and is
then fine-tuned with each head, beside the same model with fresh weights.  So the interval over the seeds holds the
chance of everything: world, initial weights, order, and examples.  Which sets, and why not others: tasks/few_labels.py.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tinyformer.tasks import few_labels, pretrain
from tinyformer.train import save_model
from tinyformer.train.log import Progress
from tinyformer.train.workers import workers

STEPS, DOCUMENTS = 12_000, 20_000
QUICK = dict(steps=60, documents=300, shorter=15)


def run(folder: Path, seeds: Sequence[int], quick: bool) -> dict:
    """Print a line for each head: both means, the difference and its 95 % interval; draw few-labels.png."""
    steps, documents, shorter = QUICK.values() if quick else (STEPS, DOCUMENTS, 1)
    heads = [replace(spec, steps=spec.steps // shorter, dev=spec.dev // min(shorter, 4)) for spec in few_labels.HEADS]
    rounds = []
    with workers(min(len(seeds), os.cpu_count() or 1)) as pool, Progress("seeds", 0, len(seeds)) as bar:
        for said, outcomes in pool.map(one, [folder] * len(seeds), seeds, [steps] * len(seeds),
                                       [documents] * len(seeds), [heads] * len(seeds)):
            bar.advance()
            bar.say(said)
            rounds.append(outcomes)
    outcomes = few_labels.joined(rounds)
    for outcome in outcomes:
        print(outcome.line())
    few_labels.draw(outcomes, folder / "few-labels.png")
    return {"heads": {outcome.spec.head: outcome.to_dict() for outcome in outcomes}}


def one(folder: Path, seed: int, steps: int, documents: int, heads: Sequence[few_labels.FewLabels]):
    """One seed from the first word to the last figure: (what to say of its reading, its outcomes)."""
    prepared = few_labels.read_tinyland(seed, steps, documents, device="cpu", say=str)
    history = pretrain.train(prepared, f"tinyland, seed {seed}", progress=False)
    save_model(folder / f"bert-{seed}", prepared.model, prepared.tokenizer, overwrite=True)
    said = f"seed {seed}: {few_labels.read_well(history)}"
    return said, few_labels.compare(prepared.model.bert, prepared.tokenizer, heads, [seed], say=str)

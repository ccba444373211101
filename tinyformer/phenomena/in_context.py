"""Does a larger model learn more from the examples in its prompt?  Four sizes of GPT on mappings they have never met.

Brown et al. 2020, figure 1.2.  Models of 4 layers, from 63 thousand parameters to 3.3 million, read the same lists of
worked examples (worked_lists.py), as many tokens each.  Then nothing is trained any more: each is shown 0, 1, 2 or 4
examples of a mapping and writes the output of an input that stood in no list.  The known mappings were read with other
inputs.  The new ones stood in no list: frames take words that never framed anything, reversed plurals join what was
only ever read apart, and rotations are an order of words that has to be found in the examples.  (Inputs of one word
are some thirty, so that they come several times among the questions, each time with other examples.)

Two controls show four examples that mislead.  In "4 exchanged" each bears the output of another example: the words of
a frame can still be read off them, and an order cannot.  "4 of another list" are right, but of another mapping.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path

import numpy as np

from tinyformer import plot
from tinyformer.generate.in_context import answers, fingerprint, judged, question
from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPT, GPTConfig
from tinyformer.phenomena.jobs import outcomes
from tinyformer.phenomena.parts.worked_lists import LOOK, NEW, ListBatches, frame, held_out_list, lines_of, tokenizer
from tinyformer.rng import stream
from tinyformer.tinyland import MAPPINGS, Chance
from tinyformer.train import Settings, save_model, train

KEPT = ("seed", "parameters", "sha256 before", "sha256 after")  # of each model, beside its accuracy
SHOTS = (0, 1, 2, 4)
EXCHANGED, FOREIGN = "4 exchanged", "4 of another list"
ASKED = (*map(str, SHOTS), EXCHANGED, FOREIGN)                # the columns of the table
KINDS = {"known mappings, new inputs": tuple(MAPPINGS), **{f"{kind}s": (kind,) for kind in NEW}}
LENGTH = 52                                                    # tokens of a row: 4 examples and the longest question


@dataclass(frozen=True)
class Plan:
    """How long, and with which sizes: width -> peak learning rate, chosen on another seed than those of the figures."""

    sizes: dict[int, float]
    steps: int
    batch_size: int
    asked: int                                                 # questions of each kind


FULL = Plan({32: 4e-3, 64: 3e-3, 128: 1.5e-3, 256: 1e-3}, steps=4000, batch_size=12, asked=100)
QUICK = Plan({16: 4e-3, 32: 4e-3}, steps=40, batch_size=4, asked=5)


def run(folder: Path, seeds: Sequence[int], quick: bool) -> tuple[str, dict]:
    """The accuracy of each size with each number of examples; draws in-context.png, and leaves a model to try."""
    plan = QUICK if quick else FULL
    jobs = [(seed, width) for width in sorted(plan.sizes, reverse=True) for seed in seeds]      # the longest first
    done = sorted(outcomes(folder, "models", partial(one, plan, folder), jobs, said), key=itemgetter("parameters"))
    found = [[each["accuracy"] for each in done if each["seed"] == seed] for seed in seeds]
    sizes = sorted({each["parameters"] for each in done})
    changed = sum(each["sha256 before"] != each["sha256 after"] for each in done)
    draw(found, sizes, folder / "in-context.png")
    report = [table(found, sizes),
              f"weights that changed while questions were asked: those of {changed} of {len(done)} models",
              something_to_try(folder, folder / named(seeds[-1], max(plan.sizes)), seeds[-1])]
    return "\n".join(report), {
        "parameters": sizes, "tokens": plan.steps * plan.batch_size * LENGTH, "questions": plan.asked,
        "accuracy": by_kind(found), "weights": [{name: each[name] for name in KEPT} for each in done]}


def one(plan: Plan, folder: Path, seed: int, width: int) -> dict:
    """One size with one seed: what it reached, and the hash of its weights before and after; it is left in `folder`."""
    model = trained(width, plan, seed)
    save_model(folder / named(seed, width), model, tokenizer(), overwrite=True)
    before = fingerprint(model)
    accuracy = measured(model, seed, plan.asked)
    return {"seed": seed, "parameters": model.count(), "sha256 before": before, "sha256 after": fingerprint(model),
            "accuracy": accuracy}


def named(seed: int, width: int) -> str:
    """The folder of a model."""
    return f"gpt-{width}-{seed}"


def trained(width: int, plan: Plan, seed: int) -> GPT:
    """A GPT of four layers that has read the lists; its initial weights are smaller the wider it is.

    Its positions begin as sines (Vaswani et al. 2017, section 3.5), so that a distance looks alike everywhere in a row.
    """
    config = GPTConfig(vocabulary=len(tokenizer()), layers=4, heads=4, width=width, context=LENGTH, dropout=0.0,
                       init_std=0.64 / width ** 0.5)
    model = GPT(config, stream(seed, "weights"))
    angles = np.arange(LENGTH)[:, None] * 100.0 ** (-np.arange(0, width, 2) / width)   # (T, C / 2)
    model.positions.weight.data[:] = 0.1 * np.concatenate([np.sin(angles), np.cos(angles)], axis=1)    # (T, C)
    settings = Settings(steps=plan.steps, learning_rate=plan.sizes[width], warmup=plan.steps // 20, betas=(0.9, 0.98),
                        weight_decay=0.1, log_every=plan.steps)
    train(model, ListBatches(plan.batch_size, LENGTH, seed), settings, progress=False)
    return model


def measured(model: GPT, seed: int, asked: int) -> dict[str, dict]:
    """{kind: {shots: accuracy in percent}} of what the model writes, each question with an input of no document."""
    lists = {kind: [held_out_list(kind, SHOTS[-1], Chance(stream(seed, f"test {kind}", number)))
                    for number in range(asked)] for group in KINDS.values() for kind in group}
    kinds, found = list(lists), {}
    for kind, following in zip(kinds, [*kinds[1:], kinds[0]], strict=True):
        found[kind] = {}
        for shots in ASKED:
            shown = lists[following] if shots == FOREIGN else lists[kind]
            count = int(shots) if shots.isdigit() else SHOTS[-1]
            questions = [question(own[0], other[1:], count, number=number, exchanged=shots == EXCHANGED)
                         for number, (own, other) in enumerate(zip(lists[kind], shown, strict=True))]
            written = answers(model, tokenizer(), questions, LOOK, "generation", batch_size=asked)
            found[kind][shots] = 100 * judged(written, questions, "generation")["accuracy"]
    return found


# ---- what comes of it ------------------------------------------------------------------------------------------------


def group_mean(row: dict[str, dict], group: str, shots: str) -> float:
    """The accuracy of one model on a group of kinds, each kind counting alike."""
    return statistics.mean(row[kind][shots] for kind in KINDS[group])


def said(outcome: dict) -> str:
    """What one model reaches with the most examples, in a line."""
    return "seed {seed}, {parameters:,} parameters: ".format(**outcome) + ", ".join(
        f"{group} {group_mean(outcome['accuracy'], group, str(SHOTS[-1])):.0f}" for group in KINDS)


def table(found: Sequence[Sequence[dict]], sizes: Sequence[int]) -> str:
    """A block for each group of mappings: a line for each size, mean and standard deviation of the seeds."""
    lines, wide = [], len(FOREIGN) + 2
    for group in KINDS:
        lines.append(f"{group}, % right with so many examples")
        lines.append(f"{'parameters':>11}" + "".join(f"{shots:>{wide}}" for shots in ASKED))
        for place, size in enumerate(sizes):
            cells = [spread([group_mean(rows[place], group, shots) for rows in found]) for shots in ASKED]
            lines.append(f"{size:>11,}" + "".join(f"{cell:>{wide}}" for cell in cells))
    return "\n".join(lines)


def by_kind(found: Sequence[Sequence[dict]]) -> dict:
    """{kind: {shots: a list for each seed of the accuracies of all sizes}}, for metrics.json."""
    return {kind: {shots: [[row[kind][shots] for row in rows] for rows in found] for shots in ASKED}
            for kind in found[0][0]}


def draw(found: Sequence[Sequence[dict]], sizes: Sequence[int], path: Path) -> None:
    """A panel for each group: lines for 0, 1 and 4 examples over the number of parameters, and the controls."""
    def values(group, shots):
        return np.array([[group_mean(row, group, shots) for row in rows] for rows in found])           # (R, P)

    panels = [{"title": group, "lines": {name: values(group, shots) for name, shots in
                                         (("4 examples", "4"), ("1 example", "1"), ("no example", "0"))},
               "dashed": {name: values(group, name) for name in (EXCHANGED, FOREIGN)}} for group in KINDS]
    plot.by_size(panels, sizes, path, title="Learning from the prompt alone")


def something_to_try(folder: Path, model: Path, seed: int) -> str:
    """Leave a file with lines of a frame that no model has read; the command that asks one of them about it."""
    chance = Chance(stream(seed, "frame to try"))
    lines = lines_of(frame(chance, held_out=True), 40, chance)
    (folder / "new-frame.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in lines), encoding="utf-8")
    return (f"to try: python -m tinyformer shots --model {model} --data {folder / 'new-frame.tsv'} "
            f"--shots {','.join(map(str, SHOTS))} --score generation")

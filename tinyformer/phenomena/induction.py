"""How does a model go on with what it has read once before?  Induction heads, and the moment at which they appear.

Olsson et al. 2022, "In-context Learning and Induction Heads"; Elhage et al. 2021.  Rows are random letters and then
stretches of them again (repeats.py).  To know the next letter one has to find where the current one stood before, and
take the one behind it.  That takes two layers: a head of the first writes into each position which letter stands before
it (previous-token head), and a head of the second looks for the position before which the current letter stands.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.masking import IGNORED
from tinyformer.engine import no_grad
from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPT, GPTConfig
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.phenomena.jobs import outcomes
from tinyformer.phenomena.parts.attention_scores import Head, named, prefix_sums, previous_sums, without_heads
from tinyformer.phenomena.parts.repeats import FIRST, LENGTH, LETTERS, RepeatBatch, Repeats, best_loss
from tinyformer.rng import stream
from tinyformer.train import Settings, evaluate, train

DEPTHS, HEADS = (1, 2), 2
STEPS, EVALUATIONS = 1200, 40
QUICK = dict(steps=40, evaluations=4)
KINDS = {"prefix": "Attention to what followed last time",      # the two scores of a head
         "previous": "Attention to the letter before"}
INDUCTION = 0.5                                                # the prefix score of an induction head
REMOVED = ("no head", "the previous-token head", "the best induction head", "every induction head",
           "another head, on average")
UNSEEN = 1_000_000                                             # steps from here on are for evaluation
SOLVED = 0.5                                                   # the accuracy that counts as the phase change


class Watched(GPT):
    """A GPT whose evaluation tells what can be known from what cannot, and where each head looks."""

    def measure(self, batch: RepeatBatch) -> dict[str, tuple[float, int]]:
        """Loss and accuracy where the next letter is repeated and where a stretch begins; two scores of every head.

        The prefix score counts where the next letter is repeated; the previous-token score counts the first twelve
        letters, which are those that will be looked for.
        """
        asked, early = batch.repeated, np.zeros_like(batch.repeated)
        early[:, 1:FIRST] = True
        with no_grad():
            logits, found = self(batch.ids), {}
            for part, counted in (("new", ~asked), ("repeated", asked)):
                found |= measured(part, logits, np.where(counted, batch.targets, IGNORED))
        for layer, weights in enumerate(self.attentions(batch.ids)):
            weights = to_host(weights.data)                    # (B, H, T, T)
            for kind, sums, counted in (("prefix", prefix_sums(weights, batch.ids, asked), asked),
                                        ("previous", previous_sums(weights, early), early)):
                found |= {f"{kind}: {named((layer, head))}": (float(value), int(counted.sum()))
                          for head, value in enumerate(sums)}
        return found


def fresh(layers: int, seed: int) -> Watched:
    """A small GPT; larger first weights than usual (0.1), since with 0.02 so narrow a model hardly begins to learn."""
    return Watched(GPTConfig(vocabulary=len(LETTERS), layers=layers, heads=HEADS, width=64, inner=64,
                             context=LENGTH - 1, dropout=0.0, init_std=0.1), stream(seed, "weights"))


@dataclass
class Trained:
    """One model after its training, with the figures of every evaluation, and what is left of it without a head."""

    layers: int
    seed: int
    curve: list[dict]                                          # step, and every figure by name
    whole: float = 0.0                                         # accuracy where all twelve letters are said again
    removed: dict[str, float] = field(default_factory=dict)    # accuracy without a head, by its name
    looks: dict[str, list] = field(default_factory=dict)       # where the best heads look in one row, (T, T) each

    def points(self, name: str, scale: float = 1.0) -> list[tuple[float, float]]:
        """The curve of one figure, (step, value)."""
        return [(row["step"], scale * row[name]) for row in self.curve]

    @property
    def accuracy(self) -> float:
        """The share of repeated letters that are right in the end, in %."""
        return 100 * self.curve[-1]["repeated accuracy"]

    @property
    def said(self) -> str:
        """The outcome in a line."""
        return f"layers {self.layers}, seed {self.seed}: {self.accuracy:.1f} % right"

    @property
    def change(self) -> int | None:
        """The first evaluation at which more than half of the repeated letters were right."""
        return next((row["step"] for row in self.curve if row["repeated accuracy"] > SOLVED), None)

    @property
    def heads(self) -> list[Head]:
        """All heads, layer by layer."""
        return [(layer, number) for layer in range(self.layers) for number in range(HEADS)]

    @property
    def induction(self) -> list[Head]:
        """The heads that turned into induction heads, if any did."""
        return [head for head in self.heads if self.score("prefix", head) > INDUCTION]

    def best(self, kind: str) -> Head:
        """The head with the highest "prefix" or "previous" score."""
        return max(self.heads, key=lambda head: self.score(kind, head))

    def score(self, kind: str, head: Head | None = None) -> float:
        """The score of this head, or of the best, after the training."""
        return self.curve[-1][f"{kind}: {named(self.best(kind) if head is None else head)}"]

    def without(self, chosen: str) -> float:
        """The accuracy that is left without one of `REMOVED`."""
        special = {REMOVED[1]: named(self.best("previous")), REMOVED[2]: named(self.best("prefix"))}
        if chosen == REMOVED[0]:
            return self.curve[-1]["repeated accuracy"]
        if chosen != REMOVED[4]:                               # every induction head: there may be none
            return self.removed.get(special.get(chosen, chosen), math.nan)
        taken = {*special.values(), *map(named, self.induction)}
        others = [self.removed[named(head)] for head in self.heads if named(head) not in taken]
        return statistics.mean(others) if others else math.nan

    def to_dict(self) -> dict:
        """What metrics.json keeps."""
        return {"layers": self.layers, "seed": self.seed, "accuracy": self.curve[-1]["repeated accuracy"],
                "loss": self.curve[-1]["repeated loss"], "whole repetition": self.whole, "phase change": self.change,
                **{kind: {"head": named(self.best(kind)), "score": self.score(kind)}
                   for kind in KINDS}, "accuracy without": self.removed, "curve": self.curve}


def learn(layers: int, seed: int, steps: int, evaluations: int, rows: int = 40) -> dict:
    """Train one model, and take its heads away one by one: the fields of a `Trained`."""
    model = fresh(layers, seed)
    unseen = [Repeats(256, seed).batch(UNSEEN)]
    settings = Settings(steps=steps, learning_rate=2e-3, schedule="constant", warmup=min(100, steps),
                        betas=(0.9, 0.98), seed=seed, log_every=steps, evaluate_every=max(1, steps // evaluations))
    before = {"step": 0, **evaluate(model, unseen)}
    history = train(model, Repeats(rows, seed), settings, validation=lambda: unseen, progress=False)
    found = Trained(layers, seed, [before, *history.evaluations])
    found.whole = evaluate(model, [Repeats(256, seed, whole=True).batch(UNSEEN)])["repeated accuracy"]
    cuts = {named(head): [head] for head in found.heads}
    if found.induction:
        cuts[REMOVED[3]] = found.induction
    found.removed = {name: evaluate(without_heads(model, *cut), unseen)["repeated accuracy"]
                     for name, cut in cuts.items()}
    weights = [to_host(layer.data)[0] for layer in model.attentions(shown(seed).ids)]        # (H, T, T) each
    found.looks = {kind: weights[layer][head].tolist() for kind in KINDS for layer, head in [found.best(kind)]}
    return asdict(found)


def shown(seed: int) -> RepeatBatch:
    """The row of letters, all said again, on which the best heads are drawn."""
    return Repeats(1, seed, whole=True).batch(UNSEEN)


def run(folder: Path, seeds: Sequence[int], quick: bool) -> tuple[str, dict]:
    """How both depths do, and the deeper model without each of its heads; draws induction.png and heads.png."""
    more = QUICK if quick else dict(steps=STEPS, evaluations=EVALUATIONS)
    done = outcomes(folder, "models", partial(learn, **more), [(layers, seed) for layers in DEPTHS for seed in seeds],
                    lambda each: Trained(**each).said)
    found = [Trained(**each) for each in done]
    by_depth = {layers: [each for each in found if each.layers == layers] for layers in DEPTHS}
    draw(by_depth, folder)
    return "\n".join(report(by_depth)), {
        "chance": 1 / len(LETTERS), "one of the twelve": 1 / FIRST,
        "models": [each.to_dict() for each in found]}


def report(by_depth: dict[int, list[Trained]]) -> list[str]:
    """The table of both depths, and that of the heads that were taken away."""
    lines = [f"{'layers':<8}{'repeated right':>16}{'all again':>14}{'prefix score':>14}{'phase change':>22}"]
    for layers, runs in by_depth.items():
        figures = [[each.accuracy for each in runs], [100 * each.whole for each in runs],
                   [100 * each.score("prefix") for each in runs]]
        changes = ", ".join(str(each.change or "never") for each in runs)
        lines.append(f"{layers:<8}{{:>16}}{{:>14}}{{:>14}}{changes:>22}".format(*map(spread, figures)))
    lines += [f"in %, mean ± deviation over the seeds; any letter: {100 / len(LETTERS):.1f}, one of the twelve: "
              f"{100 / FIRST:.1f}; phase change: the first look at which half was right", ""]
    deep = by_depth[max(by_depth)]
    lines.append(f"{'right without':<28}" + "".join(f"{f'seed {each.seed}':>10}" for each in deep))
    for chosen in REMOVED:
        left = ["none" if math.isnan(each.without(chosen)) else f"{100 * each.without(chosen):.1f}" for each in deep]
        lines.append(f"{chosen:<28}" + "".join(f"{value:>10}" for value in left))
    return lines


def draw(by_depth: dict[int, list[Trained]], folder: Path) -> None:
    """induction.png: the phase change and the scores of all heads; heads.png: two heads on a row, first seed."""
    from tinyformer import plot
    level = {"loss": {f"ln {len(LETTERS)}": math.log(len(LETTERS)),
                      "a reader who counts letters": best_loss()},
             "accuracy": {"one of the twelve": 1 / FIRST}}
    panels = [{"title": "Letters that can be known", "ylabel": kind, "levels": level[kind],
               "curves": {f"{layers} layer{'s' * (layers > 1)}": [each.points(f"repeated {kind}") for each in runs]
                          for layers, runs in by_depth.items()}} for kind in level]
    for kind, title in KINDS.items():
        panels.append({"title": title, "ylabel": "share of the attention", "curves": {
            f"layer {layer + 1} of {layers}": [each.points(f"{kind}: {named((layer, head))}")
                                               for each in runs for head in range(HEADS)]
            for layers, runs in by_depth.items() for layer in range(layers)}})
    plot.single_runs(panels, folder / "induction.png", title="Induction heads: every seed, every head")
    each = by_depth[max(by_depth)][0]
    plot.attention_map(np.array([each.looks[kind] for kind in KINDS]),                       # (2, T, T)
                       [LETTERS[id] for id in shown(each.seed).ids[0]], folder / "heads.png",
                       names=[f"{named(each.best(kind))}: best {kind} score" for kind in KINDS],
                       title="Twelve random letters, said twice")

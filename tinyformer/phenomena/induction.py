"""How does a model go on with what it has read once before?  Induction heads, and the moment at which they appear.

Olsson et al. 2022, "In-context Learning and Induction Heads"; Elhage et al. 2021.  Rows are random letters and then
stretches of them again, never at the same distance.  To know the next letter one has to find where the current one
stood before, and take the one behind it.  That takes two layers: a head of the first writes into each position which
letter stands before it (previous-token head), and a head of the second looks for the position before which the current
letter stands (induction head).  Each head is then taken away in turn.
"""

import math
import statistics
from pathlib import Path

import numpy as np

from tinyformer.backend import to_host
from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPTConfig
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged, watch
from tinyformer.phenomena.parts.attention_scores import named, without_heads
from tinyformer.phenomena.parts.repeats import FIRST, LENGTH, LETTERS, RepeatBatch, Repeats, Watched, best_loss
from tinyformer.rng import stream
from tinyformer.train import Settings, evaluate

DEPTHS, HEADS = (1, 2), 2
EXPERIMENT = Experiment(
    chapter="inside", minutes=1, optimizer="adamw", full=Sizes(arms=DEPTHS, steps=1200, looks=40),
    quick=Sizes(arms=DEPTHS, steps=40, looks=4),
    control="The same model with one layer, which has nowhere to put such a pair of heads (one letter of the twelve at "
            "random: 8.3 %), and the accuracy that is left when a head of another kind is taken away.")
KINDS = {"prefix": "Attention to what followed last time",      # the two scores of a head
         "previous": "Attention to the letter before"}
INDUCTION = 0.5                                                # the prefix score of an induction head
SOLVED = 0.5                                                   # the accuracy that counts as the phase change
REMOVED = ("no head", "the previous-token head", "the best induction head", "every induction head")
UNSEEN = 1_000_000                                             # steps from here on are for evaluation


def one(sizes: Sizes, seed: int, layers: int) -> dict:
    """Train one model, look at all its heads on the way, and take them away one by one."""
    model, unseen = fresh(layers, seed), [Repeats(256, seed).batch(UNSEEN)]
    settings = Settings(steps=sizes.steps, learning_rate=2e-3, schedule="constant", warmup=min(100, sizes.steps),
                        betas=(0.9, 0.98), seed=seed, optimizer=EXPERIMENT.optimizer, log_every=sizes.steps,
                        evaluate_every=max(1, sizes.steps // sizes.looks))
    curve = watch(model, Repeats(40, seed), settings, unseen)
    last, heads = curve[-1], [(layer, head) for layer in range(layers) for head in range(HEADS)]
    best = {kind: max(heads, key=lambda head: last[f"{kind}: {named(head)}"]) for kind in KINDS}
    induction = [head for head in heads if last[f"prefix: {named(head)}"] > INDUCTION]
    cuts = dict(zip(REMOVED, ([], [best["previous"]], [best["prefix"]], induction), strict=True))
    others = [head for head in heads if head not in (*best.values(), *induction)]

    def right(cut: list) -> float:
        return evaluate(without_heads(model, *cut), unseen)["repeated accuracy"]

    weights = [to_host(layer.data)[0] for layer in model.attentions(shown(seed).ids)]        # (H, T, T) each
    return {"accuracy": last["repeated accuracy"], "loss": last["repeated loss"],
            "whole repetition": evaluate(model, [Repeats(256, seed, whole=True).batch(UNSEEN)])["repeated accuracy"],
            "phase change": next((row["step"] for row in curve if row["repeated accuracy"] > SOLVED), None),
            **{kind: {"head": named(head), "score": last[f"{kind}: {named(head)}"],
                      "looks": weights[head[0]][head[1]].tolist()} for kind, head in best.items()},
            "without": {name: right(cut) for name, cut in cuts.items()},
            "without another": statistics.mean(right([head]) for head in others) if others else None, "curve": curve}


def fresh(layers: int, seed: int) -> Watched:
    """A small GPT; larger first weights than usual (0.1), since with 0.02 so narrow a model hardly begins to learn."""
    return Watched(GPTConfig(vocabulary=len(LETTERS), layers=layers, heads=HEADS, width=64, inner=64,
                             context=LENGTH - 1, dropout=0.0, init_std=0.1), stream(seed, "weights"))


def shown(seed: int) -> RepeatBatch:
    """The row of letters, all said again, on which the best heads are drawn."""
    return Repeats(1, seed, whole=True).batch(UNSEEN)


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"layers {outcome['arm']}, seed {outcome['seed']}: {100 * outcome['accuracy']:.1f} % right"


def verdict(found: Found) -> Verdict:
    """Two layers go on with what they have read, one layer does not, and it is those two kinds of head that do it.

    Written when the figures of seeds 0 to 2 were known: 99.4 and 12.5 %, and 5 to 11 % without the heads.
    """
    shallow, deep = (found.values("accuracy", layers, 100) for layers in DEPTHS)
    return judged(
        at_least(90, "two layers, % of the repeated letters right", deep),
        at_least(50, "attention of the best induction head to what followed last time, %",
                 [100 * each["prefix"]["score"] for each in found[2]]),
        *(at_most(25, f"% right without {head}", [100 * each["without"][head] for each in found[2]])
          for head in (REMOVED[1], REMOVED[3])),
        controls=[at_most(25, "one layer, % right", shallow)])


def table(found: Found) -> list[Table]:
    """Both depths, and the deeper model without each of its heads."""
    rows = [(str(layers), spread(found.values("accuracy", layers, 100)),
             spread(found.values("whole repetition", layers, 100)),
             spread([100 * each["prefix"]["score"] for each in found[layers]]),
             ", ".join(str(each["phase change"] or "never") for each in found[layers])) for layers in DEPTHS]
    left = [(head, *(100 * each["without"][head] for each in found[2])) for head in REMOVED]
    left.append(("another head, on average", *("none" if each["without another"] is None else
                                               100 * each["without another"] for each in found[2])))
    return [Table(("layers", "repeated right", "all again", "prefix score", "phase change"), rows,
                  note=f"in %, mean ± deviation over the seeds; any letter: {100 / len(LETTERS):.1f}, one of the "
                       f"twelve: {100 / FIRST:.1f}; phase change: the first look at which half was right"),
            Table(("right without", *(f"seed {seed}" for seed in found.seeds)), left)]


def draw(found: Found, folder: Path) -> None:
    """induction.png: the phase change and the scores of all heads; heads.png: two heads on a row, first seed."""
    from tinyformer import plot
    level = {"loss": {f"ln {len(LETTERS)}": math.log(len(LETTERS)), "a reader who counts letters": best_loss()},
             "accuracy": {"one of the twelve": 1 / FIRST}}
    panels = [plot.Panel("Letters that can be known", kind, {
        f"{layers} layer{'s' * (layers > 1)}": found.curves(f"repeated {kind}", layers) for layers in DEPTHS},
        levels=levels) for kind, levels in level.items()]
    panels += [plot.Panel(title, "share of the attention", {
        f"layer {layer + 1} of {layers}": [run for head in range(HEADS)
                                           for run in found.curves(f"{kind}: {named((layer, head))}", layers)]
        for layers in DEPTHS for layer in range(layers)}) for kind, title in KINDS.items()]
    plot.single_runs(panels, folder / "induction.png", title="Induction heads: every seed, every head")
    each = found[2][0]
    plot.attention_map(np.array([each[kind]["looks"] for kind in KINDS]),                    # (2, T, T)
                       [LETTERS[id] for id in shown(each["seed"]).ids[0]], folder / "heads.png",
                       names=[f"{each[kind]['head']}: best {kind} score" for kind in KINDS],
                       title="Twelve random letters, said twice")

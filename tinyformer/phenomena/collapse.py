"""What keeps a model that only agrees with itself from saying the same of everything?

BYOL is asked that two views of a digit give the same vector, and nothing tells vectors apart.  For each seed it is
trained as published and with one of its parts left out: the predictor, the stop of the gradient, batch norm (layer norm
stands there), and the moving average.  At every evaluation stands how far the projections spread (1 is even, below 0.1
they have collapsed: models/parts/spread.py); in the end a linear probe reads the features.

Published: without a predictor or without a stopped gradient it collapses (Grill et al. 2020, section 5; Chen and He
2021, section 4); whether it does without batch norm is disputed (Richemond et al. 2020).
"""

from pathlib import Path

from tinyformer.data.pictures import DIGITS, SHAPES, read_pictures
from tinyformer.metrics.over_seeds import spread as deviation
from tinyformer.models.parts.spread import COLLAPSED
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.pretraining import stages
from tinyformer.pretraining.picture_probes import probed
from tinyformer.pretraining.pretraining_settings import resolve

WHOLE, ALONE, PULLED, LAYER, NEWEST, RANDOM = ("BYOL", "no predictor", "no stopped gradient", "layer norm",
                                               "no moving average", "random MLP")
CHANGES = {WHOLE: {}, ALONE: dict(predictor=False), PULLED: dict(stop_gradient=False), LAYER: dict(norm="layer"),
           NEWEST: dict(average=0.0), RANDOM: {}}
ARMS = tuple(CHANGES)
EXPERIMENT = Experiment(
    chapter="beyond", minutes=1, optimizer="adamw",
    full=Sizes(arms=ARMS, corpus=DIGITS, pictures=1797, asked=500, few=5, steps=200, rows=64, width=128),
    quick=Sizes(arms=ARMS, corpus=SHAPES, pictures=120, asked=30, few=5, steps=3, rows=16, width=8),
    control="The whole of it, which must not collapse, and an encoder that has learned nothing: a collapsed one knows "
            "no more than that, whatever its loss says.")
HEALTHY = 0.5                                  # of the spread, at least


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """How the projections spread while it learns, and what a probe reads in the end."""
    steps = 1 if arm == RANDOM else sizes.steps
    settings = resolve("pictures", dict(corpus=sizes.corpus, method="byol", steps=steps, batch_size=sizes.rows,
                                        seed=seed, width=sizes.width, device="cpu", workers="1",
                                        evaluate_every=max(1, steps // 12), optimizer=EXPERIMENT.optimizer,
                                        **({"learning_rate": 0.0} if arm == RANDOM else {}), **CHANGES[arm]))
    train, test = read_pictures(sizes.corpus).some(slice(sizes.pictures)).split(sizes.asked / sizes.pictures)
    prepared = stages.prepare(settings, train, test)
    history = stages.train(prepared, f"{arm}, seed {seed}", progress=False)
    curve = [{"step": row["step"], "spread": row["spread"], "loss": row["byol loss"]} for row in history.evaluations]
    return {"curve": curve, "spread": curve[-1]["spread"], "loss": curve[-1]["loss"],
            "lowest": min(row["spread"] for row in curve),
            "gone": next((row["step"] for row in curve if row["spread"] < COLLAPSED), None),
            **probed(prepared.model.features, train, test, sizes.few, seed)}


def said(outcome: dict) -> str:
    """One outcome in a line."""
    gone = "" if outcome["gone"] is None else f", collapsed at step {outcome['gone']}"
    return (f"seed {outcome['seed']}, {outcome['arm']}: spread {outcome['spread']:.3f}{gone}, loss "
            f"{outcome['loss']:.4f}, linear probe {100 * outcome['linear']:.1f} %")


def verdict(found: Found) -> Verdict:
    """With all of its parts it keeps its vectors apart; without any one of three they fall into one.

    In every seed the lowest spread of all evaluations is 0.5 or more for BYOL, and 0.1 or less without the predictor,
    without the stop of the gradient, and with layer norm in the place of batch norm.
    """
    return judged(*(at_most(COLLAPSED, f"{arm}, lowest spread", found.values("lowest", arm))
                    for arm in (ALONE, PULLED, LAYER)),
                  controls=[at_least(HEALTHY, f"{WHOLE}, lowest spread", found.values("lowest", WHOLE))])


def table(found: Found) -> Table:
    """A line for each arm."""
    rows = []
    for arm in ARMS:
        gone = [each["gone"] for each in found[arm]]
        when = ", ".join("never" if step is None else f"{step:,}" for step in gone)
        rows.append((arm, deviation(found.values("spread", arm), 3), deviation(found.values("loss", arm), 4), when,
                     *(deviation(found.values(name, arm, 100)) for name in ("linear", "linear few"))))
    return Table(("what is trained", "spread", "loss", "collapsed at step", "linear, all",
                  f"linear, {found.sizes.few} each"), rows,
                 note="spread of the projections in the end, 1 is even; the loss is 2 - 2 cos, at best 0; % right of "
                      "500 digits, mean ± deviation over the seeds")


def draw(found: Found, folder: Path) -> None:
    """collapse.png: the spread, and beside it the loss, which says nothing of it."""
    from tinyformer import plot
    trained = [arm for arm in ARMS if arm != RANDOM]
    plot.compared([plot.Panel("How far the projections spread", "spread", {arm: found.curves("spread", arm)
                                                                           for arm in trained},
                              levels={"collapsed": COLLAPSED}),
                   plot.Panel("What the loss says", "2 - 2 cos", {arm: found.curves("loss", arm) for arm in trained})],
                  folder / "collapse.png", title="What keeps a model from saying the same of everything")

"""What does a model learn from a judge that is nearly right?  To be right while it is held near its start, or to cheat.

A small GPT has read what sixteen animals eat and where they live, and then how people answer such questions: one in
four knows.  A judge who knows the truth chooses between two of its answers, two thousand times, and a reward model
learns from these until it is nearly right, in every seed alike: a perfect one could not be cheated.  By its score the
GPT is tuned, once with a price on each nat of KL to its start and once without; DPO learns from the same choices
directly, and PPO makes several steps of the same answers.  The judge looks on: what is the score worth?

The price is taken off the reward of an answer.  In the loss, token by token, as GRPO has it, it holds a model that goes
astray with hardly any force: see `apart` in pretraining/preferences/group.py.

Ouyang et al. 2022 for the steps; Gao, Schulman and Hilton, Scaling laws for reward model overoptimization, 2023, for
the curves that part.
"""

from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

from tinyformer.data.preferences import PreferenceBatches
from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPT
from tinyformer.models.parts.encoders import with_dropout
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts.asked_world import Lineage, lineage, settings
from tinyformer.pretraining.preferences.direct import direct_loss, with_base
from tinyformer.pretraining.preferences.drawn_batches import DrawnBatches, Lesson
from tinyformer.tinyland.asked import UNSURE, questions
from tinyformer.train import Settings, train

EXPERIMENT = Experiment(
    chapter="judgement", minutes=4, optimizer="adamw",
    full=Sizes(read=200, follow=400, shown=4000, choices=2000, held=300, reward=1500, steps=240, ppo=90, direct=300,
               layers=2, width=64, looks=12, times=8),
    quick=Sizes(read=20, follow=20, shown=100, choices=60, held=20, reward=10, steps=6, ppo=4, direct=6,
                layers=1, width=16, looks=2, times=2),
    control="The same tuning without the cost of KL: nothing else differs, and the same reward model judges.",
    not_found="In one seed of three the score without KL ends below that with KL: who goes astray also loses his way.  "
              "PPO's three passes come to 0.43 in 90 steps.")
PRICE, RATE, PASSES = 0.5, 2e-3, 3            # of a nat, in units of the score; steps to each round of answers
DIRECT_BETA, DIRECT_RATE = 0.4, 5e-4
TUNED = {"with KL": dict(price=PRICE, passes=1), "without KL": dict(price=0.0, passes=1),
         "PPO, three passes": dict(price=PRICE, passes=PASSES)}
BEFORE, DIRECT = "people followed", "DPO"
MEAN, EACH, TRUSTED = 0.65, 0.55, 85          # gold on the mean and in each seed; % right of the reward model


def one(sizes: Sizes, seed: int) -> dict:
    """The whole lineage of a seed, and every way to tune it: gold, reward, KL and variety over the steps, and what is
    said in the end."""
    start = lineage(sizes, seed, optimizer=EXPERIMENT.optimizer)
    exam = start.examination(sizes.times, seed)
    began = {name: amount / count for name, (amount, count) in exam(start.base, start.everyone()).items()}
    found: dict[str, Any] = {"right": start.right, "start": began, "heard": {BEFORE: start.heard(start.base, seed)}}
    for name in (*TUNED, DIRECT):
        model = with_dropout(start.base, 0.0)
        rows = (directly(model, start, sizes, seed) if name == DIRECT
                else tuned(model, start, sizes, seed, **TUNED[name]))
        found[name], found["heard"][name] = [{"step": 0, **began}, *rows], start.heard(model, seed)
    return found


def how(steps: int, rate: float, sizes: Sizes, seed: int) -> Settings:
    """The settings of all ways to tune: one rate throughout, and some looks on the way."""
    return settings(steps, rate, seed, "constant", max(1, steps // sizes.looks), EXPERIMENT.optimizer)


def tuned(model: GPT, start: Lineage, sizes: Sizes, seed: int, price: float, passes: int) -> list[dict]:
    """Tune a model by the reward model: what is seen of it on the way."""
    batches = DrawnBatches(model, start.base, start.words.asking, start.judge, seed, passes, price=price)
    steps = sizes.ppo if passes > 1 else sizes.steps
    return train(model, batches, how(steps, RATE, sizes, seed),
                 loss=Lesson(beta=0.0), measure=start.examination(sizes.times, seed), validation=[start.everyone()],
                 progress=False).evaluations


def directly(model: GPT, start: Lineage, sizes: Sizes, seed: int) -> list[dict]:
    """Teach a model the choices without a reward model."""
    batches = with_base(PreferenceBatches(start.choices, batch_size=32, seed=seed), start.base)
    return train(model, batches, how(sizes.direct, DIRECT_RATE, sizes, seed),
                 loss=partial(direct_loss, beta=DIRECT_BETA), measure=start.examination(sizes.times, seed),
                 validation=[start.everyone()], progress=False).evaluations


def said(outcome: dict) -> str:
    """One outcome in a line."""
    ends = ", ".join(f"{name} {outcome[name][-1]['gold']:.3f}" for name in (*TUNED, DIRECT))
    return (f"seed {outcome['seed']}: reward model right on {100 * outcome['right']:.1f} %; gold "
            f"{outcome['start']['gold']:.3f} before, {ends}")


def ends(found: Found, name: str, what: str) -> list[float]:
    """What a figure of one way has come to, seed by seed."""
    return [each[name][-1][what] for each in found[None]]


def verdict(found: Found) -> Verdict:
    """With KL the gold rises to 0.65 or more on the mean of the seeds, and in none to less than 0.55.

    Without KL the score of the reward model ends above that with KL, and the gold below where it began.  The reward
    model must be right on 85 % of held-out choices, or the rest says nothing.
    """
    before = [each["start"]["gold"] for each in found[None]]
    held, free = (ends(found, name, "gold") for name in ("with KL", "without KL"))
    score, without = (ends(found, name, "reward") for name in ("with KL", "without KL"))
    climbed = [a - b for a, b in zip(without, score, strict=True)]
    return judged(at_least(MEAN, "gold with KL, mean of the seeds", [mean(held)] * len(held)),
                  at_least(EACH, "gold with KL", held),
                  at_least(0, "score that tuning without KL gains over tuning with it", climbed),
                  at_most(0, "gold without KL, less that at the beginning",
                          [a - b for a, b in zip(free, before, strict=True)]),
                  controls=[at_least(TRUSTED, "% of held-out choices that the reward model is right on",
                                     found.values("right", None, 100))])


def table(found: Found) -> list[Table]:
    """A line for each way, beside where all begin; and what is said in the end."""
    def row(name: str, at: list[dict]) -> tuple:
        return (name, *(spread([each[what] for each in at], digits) for what, digits in
                        (("gold", 3), ("reward", 2), ("kl", 2), ("length", 1))),
                spread([100 * each["distinct"] for each in at]))

    rows = [row(BEFORE, [each["start"] for each in found[None]])]
    rows += [row(name, [each[name][-1] for each in found[None]]) for name in (*TUNED, DIRECT)]
    return [Table(("tuned", "gold", "score", "KL", "tokens", "% distinct"), rows,
                  note=f"mean ± deviation over the seeds, after {found.sizes.steps} steps (PPO: {found.sizes.ppo}, "
                       f"DPO: {found.sizes.direct}); gold: what the judge says, 0 to 1; score: of the reward model, "
                       f"which is right on {mean(found.values('right', None, 100)):.1f} % of held-out choices; KL in "
                       "nats an answer; distinct: of the answers drawn"),
            in_words(found)]


def in_words(found: Found) -> Table:
    """What kind of answers there are, and the commonest ones to the first question, in the first seed."""
    rows = []
    for name in (BEFORE, *TUNED, DIRECT):
        every = [each["heard"][name] for each in found[None]]
        most = ", ".join(f"{text} ({share:.0%})" for text, share in every[0]["first"])
        rows.append((name, *(spread([100 * each[what] for each in every]) for what in ("true", "unsure")), most))
    return Table(("tuned", "% true", "% unsure", f"{questions()[0].words!r}, seed {found.seeds[0]}"), rows,
                 note=f"unsure: {UNSURE!r}; an answer that ends with ... never came to an end")


def draw(found: Found, folder: Path) -> None:
    """rlhf.png: the score that climbs, and the gold that falls where nothing holds the model."""
    from tinyformer import plot
    panels = [plot.Panel(title, label, {name: [[(row["step"], row[what]) for row in each[name]] for each in found[None]]
                                        for name in ("with KL", "without KL", DIRECT)})
              for title, label, what in (("What the reward model says", "score", "reward"),
                                         ("What the judge says", "gold", "gold"))]
    plot.single_runs(panels, folder / "rlhf.png", title="Tuned by a reward model that is nearly right")

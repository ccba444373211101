"""Which side of a blank does a model see: its left, its right, or both at once?

Three models of about the same size learn the same sentences in as many steps: a GPT, which reads to the right; an
ELMo, two LSTMs that read towards the blank from either side and never meet; and a BERT.  Then each is asked which of
four words stood at the blank of new sentences: by what the GPT expects after the left; by the log-probabilities of
ELMo's two directions added up; by what the BERT says at a [MASK].  In some sentences the left decides, in some the
right, and in some only both together: of two seasons and the time between them any two tell the third.

After Peters et al. 2018, section 3.1, and Devlin et al. 2019, appendix A.4 and figure 3: shallow and deep both ways.
"""

from pathlib import Path
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.batches import TextBatch
from tinyformer.engine import no_grad
from tinyformer.metrics.over_seeds import spread
from tinyformer.models import GPT, BertConfig, BertForPretraining, ELMo, ELMoConfig, GPTConfig
from tinyformer.ops import log_softmax
from tinyformer.phenomena.kit import Experiment, Found, Sizes, Table, Verdict, at_least, at_most, judged
from tinyformer.phenomena.parts.one_blank import SIDES, Asked, OneBlank
from tinyformer.rng import stream
from tinyformer.train import Settings, train

MODELS = ("GPT", "ELMo", "BERT")
EXPERIMENT = Experiment(
    chapter="words", minutes=3, optimizer="muon",
    full=Sizes(arms=MODELS, steps=900, batch_size=64, layers=2, width=64, asked=600),
    quick=Sizes(arms=MODELS, steps=10, batch_size=8, layers=1, width=16, asked=100),
    control="One of four words at random is right in 25 % of the sentences, and that is what a side is worth that does "
            "not decide: the GPT where the right does, and GPT and ELMo where it takes both.")
KNOWN, JOINTLY, PRIOR = 95, 85, 35            # %: at least, at least, at most


def one(sizes: Sizes, seed: int, arm: str) -> dict:
    """Train one model, and ask it for the blanks that each side decides: the share right."""
    batches = OneBlank(sizes.batch_size, seed, masked=arm == "BERT")
    size: dict[str, Any] = dict(vocabulary=len(batches.vocab), layers=sizes.layers, width=sizes.width,
                                context=batches.length, dropout=0.0, init_std=0.05)
    model, ask = MAKERS[arm](size, stream(seed, "weights"))
    settings = Settings(steps=sizes.steps, learning_rate=3e-3, warmup=min(100, sizes.steps), betas=(0.9, 0.98),
                        schedule="constant-then-down", seed=seed, optimizer=EXPERIMENT.optimizer, log_every=sizes.steps)
    train(model, batches, settings, progress=False)
    found: dict[str, Any] = {"parameters": model.count()}
    for side in SIDES:
        right = [ask(model, asked, batches.vocab["[MASK]"]).argmax(-1) == asked.right
                 for asked in batches.asked(side, sizes.asked)]
        found[side] = float(np.concatenate(right).mean())
    return found


def after_the_left(model: GPT, asked: Asked, mask: int) -> np.ndarray:
    """What the GPT expects after the left side: a score for each word that fits, (B, 4)."""
    with no_grad():
        return _scores(model(asked.ids), asked, asked.places - 1)


def towards_the_blank(model: ELMo, asked: Asked, mask: int) -> np.ndarray:
    """The log-probabilities of both directions added up, (B, 4)."""
    with no_grad():
        (right, _), (left, _) = model.guesses(TextBatch(asked.ids[:, :-1], np.where(
            asked.keep[:, 1:], asked.ids[:, 1:], -100)))
        return _scores(right, asked, asked.places - 1) + _scores(left, asked, asked.places)


def at_the_mask(model: BertForPretraining, asked: Asked, mask: int) -> np.ndarray:
    """What the BERT says where [MASK] stands in place of the word, (B, 4)."""
    ids = asked.ids.copy()
    ids[np.arange(len(ids)), asked.places] = mask
    with no_grad():
        return _scores(model.word_logits(model(ids, keep=asked.keep)).reshape(*ids.shape, -1), asked, asked.places)


def _scores(logits, asked: Asked, places: np.ndarray) -> np.ndarray:
    return to_host(log_softmax(logits).data)[np.arange(len(places)), places][:, asked.fitting]


MAKERS = {
    "GPT": lambda size, rng: (GPT(GPTConfig(heads=4, **size), rng), after_the_left),
    "ELMo": lambda size, rng: (ELMo(ELMoConfig(inner=size["width"], **size), rng), towards_the_blank),
    "BERT": lambda size, rng: (BertForPretraining(BertConfig(heads=4, pair_objective="none", **size), rng),
                               at_the_mask),
}


def said(outcome: dict) -> str:
    """One outcome in a line."""
    return f"seed {outcome['seed']}, {outcome['arm']}: " + ", ".join(
        f"{side} {100 * outcome[side]:.1f} %" for side in SIDES)


def verdict(found: Found) -> Verdict:
    """What the left decides all three know; what the right does, ELMo and BERT; what takes both, BERT alone.

    At least 95 %, for both together 85, in every seed; and who does not see what decides is right in at most 35 %,
    where a word at random is in 25.
    """
    right = {(model, side): found.values(side, model, 100) for model in MODELS for side in SIDES}

    def claim(model: str, side: str) -> str:
        return f"{model}, % right where {'both sides decide' if side == 'both' else f'the {side} decides'}"

    knows = [*((model, "left") for model in MODELS), ("ELMo", "right"), ("BERT", "right"), ("BERT", "both")]
    blind = [("GPT", "right"), ("GPT", "both"), ("ELMo", "both")]
    return judged(*(at_least(JOINTLY if side == "both" else KNOWN, claim(model, side), right[model, side])
                    for model, side in knows),
                  controls=[at_most(PRIOR, claim(model, side), right[model, side]) for model, side in blind])


def table(found: Found) -> Table:
    """A line for each model."""
    rows = [(model, found[model][0]["parameters"], *(spread(found.values(side, model, 100)) for side in SIDES))
            for model in MODELS]
    return Table(("model", "parameters", "the left decides", "the right decides", "both together"), rows,
                 note=f"% right of {found.sizes.asked} new sentences, mean ± deviation over the seeds; one of four "
                      "words at random: 25")


def draw(found: Found, folder: Path) -> None:
    """cloze.png: a panel for each side that decides, a bar for each model."""
    from tinyformer import plot
    panels = [plot.Bars(title, "% right", {model: found.values(side, model, 100) for model in MODELS},
                        ("one of four", 25))
              for side, title in zip(SIDES, ("The left decides", "The right decides", "Both together"), strict=True)]
    plot.grouped(panels, {"reads to the right": ["GPT"], "both ways, apart": ["ELMo"], "both sides at once": ["BERT"]},
                 folder / "cloze.png", title="Which word stood at the blank?")

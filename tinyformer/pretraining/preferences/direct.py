"""How does a model learn from choices without a model of rewards?  It is its own: by what it has come to prefer.

    loss = -log sigmoid( beta ( log p(chosen)/base(chosen)  -  log p(rejected)/base(rejected) ) )

The best model for a reward r, held near `base` by beta times KL, is base(y) exp(r(y)/beta) / Z.  Turned round, every
model is the best one for a reward, r(y) = beta log p(y)/base(y) + beta log Z, and in the difference of two answers to
one question Z falls out.  So the loss of a reward model becomes a loss of the model itself, and no answer need be
drawn.  Rafailov et al., Direct preference optimization, 2023, equation 7 (DPO).
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.preferences import PreferenceBatch, PreferenceBatches
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.gpt import GPT
from tinyformer.options import option
from tinyformer.pretraining.preferences.answer_log_probs import answer_log_probs, beside
from tinyformer.pretraining.preferences.bradley_terry import choice_loss
from tinyformer.pretraining.preferences.method import FromPairs, Prepared, copy_of
from tinyformer.text.chat import Chat


def moved(model: GPT, batch: PreferenceBatch) -> tuple[Tensor, Tensor]:
    """log p - log base of the chosen answers and of the rejected ones, (B,) each."""
    log_p = answer_log_probs(model, *batch.both).sum(-1)                               # (2B,)
    rows = len(batch)
    chosen, rejected = beside(log_p, batch.chosen_base, batch.rejected_base)
    return log_p[:rows] - chosen, log_p[rows:] - rejected


def direct_loss(model: GPT, batch: PreferenceBatch, counts: dict | None = None, rng=None, *, beta: float) -> Tensor:
    """The mean loss of a batch of choices, in nats."""
    chosen, rejected = moved(model, batch)
    return choice_loss(chosen * beta, rejected * beta, (counts or batch.counts)["pairs"])


def direct_measure(model: GPT, batch: PreferenceBatch, *, beta: float) -> dict[str, tuple[float, int]]:
    """The loss, how many choices it has come to prefer, and how far both answers have moved, in nats."""
    with no_grad():
        chosen, rejected = moved(model, batch)
        loss = choice_loss(chosen * beta, rejected * beta, 1).item()
    ours, theirs, rows = to_host(chosen.data), to_host(rejected.data), len(batch)
    return {"direct loss": (loss, rows), "direct accuracy": (int((ours > theirs).sum()), rows),
            "chosen moved": (float(ours.sum()), rows), "rejected moved": (float(theirs.sum()), rows)}


def with_base(batches: PreferenceBatches, base: GPT) -> PreferenceBatches:
    """The batches, which know from here on how probable both answers were to a model that does not change."""
    found = []
    for batch in batches.in_order(64):
        with no_grad():
            log_p = to_host(answer_log_probs(base, *batch.both).sum(-1).data)
        found.append(log_p.reshape(2, -1).T)                   # (B, 2)
    batches.base = np.concatenate(found)
    return batches


@dataclass(frozen=True)
class Direct(FromPairs):
    """Prefer what was chosen to what was not."""

    method: str = "direct"
    beta: float = option(0.1, "how strongly the model is held to where it began; a small one that answers worse than "
                         "before wants 0.3", above=0)

    figure = "direct loss"

    def prepare(self, model, tokenizer):
        batches, held, examples, notes = self.read(Chat(tokenizer), self.room(model))
        learner = copy_of(model)
        for each in (batches, held):
            with_base(each, model)
        return Prepared(learner, batches, partial(direct_loss, beta=self.beta), partial(direct_measure, beta=self.beta),
                        lambda: held.in_order(64), examples,
                        [*notes, f"{len(batches.rows):,} pairs to learn from, {len(held.rows):,} held out"])

    def said(self, final: dict[str, Any]) -> list[str]:
        return [f"prefers the chosen answer in {100 * final['val direct accuracy']:.1f} % of held-out pairs",
                f"log p of the chosen moved by {final['val chosen moved']:+.2f} nats, of the rejected by "
                f"{final['val rejected moved']:+.2f}"]

"""How does a model learn to say which of two answers people would choose?  It gives each a score: see bradley_terry.py.

The model that has learned to answer gets a head of one number, which is read at the mark that ends an answer, and all
of it is trained.  Ouyang et al. 2022, section 3.5 (its second step).
"""

from dataclasses import dataclass
from typing import Any

from tinyformer.models.heads import PairScorer
from tinyformer.models.parts.encoders import encoder_of, with_dropout
from tinyformer.options import option
from tinyformer.pretraining.preferences.bradley_terry import LEAST, reward_loss, reward_measure
from tinyformer.pretraining.preferences.method import FromPairs, Prepared
from tinyformer.rng import stream
from tinyformer.text.chat import Chat


@dataclass(frozen=True)
class Reward(FromPairs):
    """Which of two answers would be chosen?"""

    method: str = "reward"
    dropout: float | None = option(None, "share of the activations that is dropped (default: the model's own)", least=0,
                                   most=0.99)

    figure = "choice loss"

    def prepare(self, model, tokenizer):
        batches, held, examples, notes = self.read(Chat(tokenizer), self.room(model))
        rate = model.config.dropout if self.dropout is None else self.dropout
        scorer = PairScorer(with_dropout(encoder_of(model), rate), (), stream(self.seed, "head"))
        return Prepared(scorer, batches, reward_loss, reward_measure, lambda: held.in_order(64), examples,
                        [*notes, f"{len(batches.rows):,} pairs to learn from, {len(held.rows):,} held out"])

    def said(self, final: dict[str, Any]) -> list[str]:
        return [f"right on {100 * final['val choice accuracy']:.1f} % of held-out pairs",
                f"held-out loss {final['val choice loss']:.4f} (a coin: 0.6931)"]

    def warned(self, final: dict[str, Any]) -> str:
        right = final["val choice accuracy"]
        return "" if right >= LEAST else (
            f"right on {100 * right:.1f} % is less than {100 * LEAST:.0f} %: whatever is tuned by this model will find "
            "its errors and live on them; give more pairs or --steps, or hold the model nearer to where it began "
            "(prefer tune --beta)")

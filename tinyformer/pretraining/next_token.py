"""How does GPT learn?  From every place of a text it says which token comes next.

Radford et al. 2018, section 3.1.  The baseline is the unigram entropy: knowing how often each token occurs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyformer.data.batches import TextWindows
from tinyformer.data.encode import text_ids
from tinyformer.models.config import GPTConfig
from tinyformer.models.gpt import GPT
from tinyformer.pretraining.prepared_text import PreparedText
from tinyformer.pretraining.text_objective import TextObjective
from tinyformer.rng import stream
from tinyformer.text import Tokenizer


@dataclass(frozen=True)
class NextToken(TextObjective):
    """Which token comes next?"""

    model: str = "gpt"

    does = "goes on writing"
    figure = "lm"
    config_class = GPTConfig
    defaults = dict(TextObjective.defaults, tokenizer="bpe", vocabulary=1000, layers=4, heads=4, schedule="cosine",
                    optimizer="muon", matrix_rate=0.02, weight_decay=0.1, beta2=0.99, init_std=0.02)
    computed = {}
    training_presets = {
        "shakespeare-cpu": dict(tokenizer="characters", batch_size=12, steps=2000, learning_rate=1e-3, final_rate=1e-4,
                                warmup=100, weight_decay=0.1, beta2=0.99, schedule="cosine"),
    }

    def make_model(self, tokenizer: Tokenizer) -> GPT:
        """A GPT."""
        return GPT(self.config(len(tokenizer)), stream(self.seed, "weights"))

    def make_batches(self, examples: Sequence[str] | PreparedText, tokenizer: Tokenizer) -> TextWindows:
        """Windows of these documents, which begin anywhere."""
        ids = examples.ids if isinstance(examples, PreparedText) else text_ids(examples, tokenizer)
        return TextWindows(ids, batch_size=self.batch_size, block=self.max_length, seed=self.seed)

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """The levels of a text."""
        return {**super().picture(prepared, found), "title": "GPT: guessing the next token"}

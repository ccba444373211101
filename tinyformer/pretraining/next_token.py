"""How does GPT learn?  From every place of a text it says which token comes next.

Radford et al. 2018, section 3.1.  The baseline is the unigram entropy: knowing how often each token occurs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyformer.data.batches import TextWindows
from tinyformer.data.encode import text_ids
from tinyformer.errors import InputError
from tinyformer.models.config import GPTConfig
from tinyformer.models.gpt import GPT
from tinyformer.models.llama import LlamaConfig, decoder
from tinyformer.options import option
from tinyformer.pretraining.prepared_text import PreparedText
from tinyformer.pretraining.text_objective import TextObjective
from tinyformer.rng import stream
from tinyformer.text import Tokenizer


@dataclass(frozen=True)
class NextToken(TextObjective):
    """Which token comes next?"""

    model: str = "gpt"
    family: str | None = option(None, "how it is written: gpt2, or llama, as today (RMS norm, rotary positions, a "
                                "gate, shared keys)", ("gpt2", "llama"))
    key_heads: int | None = option(None, "llama: heads of keys and values, each shared by as many of the heads "
                                   "(default: as many as heads)", least=1)

    does = "goes on writing"
    figure = "lm"
    config_class = GPTConfig
    defaults = dict(TextObjective.defaults, family="gpt2", tokenizer="bpe", vocabulary=1000, layers=4, heads=4,
                    schedule="cosine", optimizer="muon", matrix_rate=0.02, weight_decay=0.1, beta2=0.99, init_std=0.02)
    computed = {}
    training_presets = {
        "shakespeare-cpu": dict(tokenizer="characters", batch_size=12, steps=2000, learning_rate=1e-3, final_rate=1e-4,
                                warmup=100, weight_decay=0.1, beta2=0.99, schedule="cosine"),
    }

    def __post_init__(self):
        super().__post_init__()
        if self.key_heads is not None and self.family != "llama":
            raise InputError(f"--key-heads is {self.key_heads}, and in a GPT-2 every head has keys of its own; leave "
                             "it out, or take --family llama")

    def config(self, vocabulary: int) -> GPTConfig:
        """The configuration of the model, for a tokenizer of this size."""
        c = self.sized(vocabulary=vocabulary)
        if self.family == "gpt2":
            return c
        sizes = {name: getattr(c, name) for name in ("layers", "heads", "width", "context", "dropout", "init_std")}
        return LlamaConfig(vocabulary=vocabulary, key_heads=self.key_heads or 0, **sizes)

    def make_model(self, tokenizer: Tokenizer) -> GPT:
        """A GPT, as it was written in 2019 or as it is today."""
        return decoder(self.config(len(tokenizer)), stream(self.seed, "weights"))

    def make_batches(self, examples: Sequence[str] | PreparedText, tokenizer: Tokenizer) -> TextWindows:
        """Windows of these documents, which begin anywhere."""
        ids = examples.ids if isinstance(examples, PreparedText) else text_ids(examples, tokenizer)
        return TextWindows(ids, batch_size=self.batch_size, block=self.max_length, seed=self.seed)

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """The levels of a text."""
        return {**super().picture(prepared, found), "title": "GPT: guessing the next token"}

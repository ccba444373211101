"""What does a model learn by repairing texts?  An encoder and decoder, trained with one corruption and one budget."""

from collections.abc import Sequence

import numpy as np

from tinyformer.data.masking import IGNORED
from tinyformer.data.noise import sentinels_needed
from tinyformer.data.seq2seq import DenoisingBatches
from tinyformer.models import Seq2Seq, Seq2SeqConfig
from tinyformer.nn.first_numbers import deviation_at
from tinyformer.phenomena.kit import Sizes
from tinyformer.rng import stream
from tinyformer.text import Tokenizer, WordPieceTokenizer
from tinyformer.text.base import sentinel_names
from tinyformer.train import Settings, train

NONE = "none"                                 # no pre-training at all
LAYERS, MAX_LENGTH = 2, 32                    # of encoder and of decoder; tokens of a row


def vocabulary(texts: Sequence[str], size: int) -> WordPieceTokenizer:
    """A WordPiece vocabulary of these texts, with T5's sentinels: all that any corruption needs."""
    specials = (*Tokenizer.roles.values(), *sentinel_names(sentinels_needed(MAX_LENGTH)))
    return WordPieceTokenizer.train(texts, size, specials=specials)


class Counted(DenoisingBatches):
    """The same batches, which count the tokens of the text, of what the encoder reads, and of what is asked for."""

    text = read = asked = 0

    def pair(self, number, rng):
        source, target = super().pair(number, rng)
        self.text += sum(map(len, self.rows[number]))
        self.read += len(source)
        self.asked += int((np.asarray(target) != IGNORED).sum())
        return source, target


def repaired(noise: str, documents: Sequence, tokenizer: Tokenizer, sizes: Sizes, seed: int,
             learning_rate: float = 4e-3, optimizer: str = "adamw") -> tuple[Seq2Seq, dict]:
    """A model that has repaired texts for `sizes.steps` steps, or with `NONE` not at all, and what it read."""
    config = Seq2SeqConfig(vocabulary=len(tokenizer), layers=LAYERS, heads=4, width=sizes.width,
                           context=MAX_LENGTH, init_std=deviation_at(sizes.width),
                           pad_id=tokenizer.pad_id, start_id=tokenizer.cls_id, end_id=tokenizer.sep_id)
    model = Seq2Seq(config, stream(seed, "weights"))
    if noise == NONE:
        return model, {"steps": 0, "text": 0, "read": 0, "asked": 0}
    batches = Counted(documents, tokenizer, batch_size=sizes.batch_size, max_length=MAX_LENGTH, seed=seed, noise=noise)
    settings = Settings(steps=sizes.steps, learning_rate=learning_rate, warmup=min(100, sizes.steps // 10),
                        seed=seed, optimizer=optimizer, log_every=max(1, sizes.steps // 10))
    history = train(model, batches, settings, progress=False)
    return model, {"steps": history.final["steps"], "text": batches.text, "read": batches.read, "asked": batches.asked,
                   "learning rate": learning_rate, "loss": history.final["loss"]}

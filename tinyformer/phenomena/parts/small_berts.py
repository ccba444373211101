"""What does a small BERT learn that reads a small world?  Text and training, the same in several experiments."""

from dataclasses import dataclass
from functools import lru_cache

from tinyformer.data.batches import MaskedBatches
from tinyformer.data.encode import sentence_ids
from tinyformer.models import BertConfig, BertForPretraining
from tinyformer.nn.first_numbers import deviation_at
from tinyformer.rng import stream
from tinyformer.text import Tokenizer, WordPieceTokenizer
from tinyformer.tinyland import World
from tinyformer.train import Settings, train

HEADS = 2
RATE, MATRIX_RATE = 1e-2, 0.02                # the peaks, of AdamW and of Muon's matrices


@dataclass(frozen=True, eq=False)
class Text:
    """Documents of one world as sentences of ids, each with its twin of another topic where twins were told."""

    tokenizer: Tokenizer
    documents: list
    twins: list

    def batches(self, length: int, batch_size: int, seed: int, objective: str = "none", **more) -> MaskedBatches:
        """Batches of BERT over these documents; `more` goes to `MaskedBatches`."""
        return MaskedBatches(self.documents, self.tokenizer, batch_size=batch_size, max_length=length, seed=seed,
                             objective=objective, **more)


@lru_cache(maxsize=2)
def told(seed: int, count: int, vocabulary: int, kinds: tuple[tuple[str, int], ...], start: int = 0,
         twins: bool = False, tokenizer: Tokenizer | None = None) -> Text:
    """The documents from `start` on of the world with this seed, and a vocabulary of them unless one is given.

    `kinds` are the kinds of documents with their shares, ("story", 4), ...
    """
    world = World(seed, dict(kinds))
    texts = list(world.documents(count, start=start))
    tokenizer = tokenizer or WordPieceTokenizer.train(texts, vocabulary)
    others = [world.twin(index).text for index in range(start, start + count)] if twins else []
    return Text(tokenizer, sentence_ids(texts, tokenizer), sentence_ids(others, tokenizer))


def fresh(tokenizer: Tokenizer, seed: int, layers: int, width: int, length: int,
          pairs: str = "none") -> BertForPretraining:
    """A BERT that has read nothing; `pairs` is what its second sentence is tested on."""
    config = BertConfig(vocabulary=len(tokenizer), layers=layers, heads=HEADS, width=width, context=length,
                        dropout=0.0, init_std=deviation_at(width), pair_objective=pairs)
    return BertForPretraining(config, stream(seed, "weights"))


def read(model: BertForPretraining, batches, steps: int, seed: int, optimizer: str) -> dict:
    """Train the model in place, in silence; the last loss."""
    settings = Settings(steps=steps, learning_rate=RATE, matrix_rate=MATRIX_RATE, warmup=min(20, steps),
                        betas=(0.9, 0.98), seed=seed, optimizer=optimizer, log_every=max(1, steps // 10))
    return train(model, batches, settings, progress=False).final

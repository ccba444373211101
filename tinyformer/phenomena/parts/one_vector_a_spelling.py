"""What vector has a word where every spelling has one?  CBOW's and skip-gram's, of text that is ids already."""

from collections.abc import Iterable, Sequence

import numpy as np

from tinyformer.data.word_windows import WordWindows
from tinyformer.models import WordVectors, WordVectorsConfig
from tinyformer.phenomena.parts.ambiguous_words import Use
from tinyformer.rng import stream
from tinyformer.text import Tokenizer
from tinyformer.train import Settings, train

KINDS = {"CBOW": "cbow", "skip-gram": "skip-gram"}
WINDOW, NEGATIVE, SAMPLE, RATE = 5, 5, 1e-3, 2e-2              # as `pretrain words` has them


def learned_vectors(name: str, ids: Iterable[int], tokenizer: Tokenizer, *, width: int, steps: int, batch_size: int,
                    length: int, seed: int) -> np.ndarray:
    """The vectors (V, C) that one of KINDS finds for every piece of a text of ids.

    By AdamW: between two tables there is no matrix that Muon could move.
    """
    batches = WordWindows(np.fromiter(ids, np.int64), len(tokenizer), batch_size=batch_size, length=length,
                          window=WINDOW, negative=NEGATIVE, sample=SAMPLE, seed=seed,
                          passed_over=tuple(tokenizer.special_ids))
    model = WordVectors(WordVectorsConfig(vocabulary=len(tokenizer), width=width, kind=KINDS[name],
                                          context=max(512, length)), stream(seed, "weights"))
    train(model, batches, Settings(steps=steps, learning_rate=RATE, warmup=steps // 10, weight_decay=0.0, seed=seed,
                                   optimizer="adamw", log_every=steps), progress=False)
    return model.words.weight.data


def where_used(vectors: np.ndarray, uses: Sequence[Use]) -> np.ndarray:
    """The vector of a word at each of its uses, (N, 1, C), as `vectors_of` has it of a BERT of one layer."""
    return vectors[[use.ids[use.place] for use in uses]][:, None]

"""How does word2vec learn?  It tells words that stand near one another from words that were drawn.

Mikolov et al. 2013a and 2013b.  The baseline knows how often each word occurs, and nothing of what stands near it.
Whole words are learned unless another vocabulary is asked for; beside the model stands vectors.txt, in the text format
of word2vec, which most programs read.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyformer.data.encode import text_ids
from tinyformer.data.word_vectors import write_vectors
from tinyformer.data.word_windows import WordWindows
from tinyformer.errors import InputError
from tinyformer.models.parts.size import that_fits
from tinyformer.models.word2vec import COUNTED, WordVectors, WordVectorsConfig
from tinyformer.options import option
from tinyformer.pretraining.objective import Objective
from tinyformer.pretraining.prepared_text import PreparedText
from tinyformer.pretraining.text_objective import TextObjective
from tinyformer.rng import stream
from tinyformer.text import Tokenizer
from tinyformer.text.whole_words import whole_words

WORDS = "words"                               # the tokenizer that knows whole words alone
VECTORS = "vectors.txt"
NOT_THERE = ("preset", "layers", "heads", "init_std", "dropout")       # settings of models with layers


@dataclass(frozen=True)
class NegativeSampling(TextObjective):
    """Which of these words stood near this one?"""

    model: str = "words"
    kind: str | None = option(None, "guess a word from those around it (cbow), or those from it (skip-gram)",
                              tuple(COUNTED))
    window: int | None = option(None, "how many words to either side count as near, at most: drawn for each", least=1)
    negative: int | None = option(None, "words that are drawn for each guess, to be told apart", least=1)
    sample: float | None = option(None, "words with a larger share of the text than this are left out at times; 0: "
                                  "never", least=0)
    min_count: int | None = option(None, "how often a word must stand in the corpus to get a vector", least=1)

    does = "finds a vector for each word"
    figure, unit = "word", "words"
    config_class = WordVectorsConfig
    defaults = {**{name: value for name, value in TextObjective.defaults.items() if name not in NOT_THERE},
                **dict(tokenizer=WORDS, vocabulary=20_000, width=100, learning_rate=2e-2, weight_decay=0.0,
                       kind="cbow", window=5, negative=5, sample=1e-3, min_count=5)}
    computed = {}

    def __post_init__(self):
        super().__post_init__()
        for name in NOT_THERE:
            if getattr(self, name) is not None:
                raise InputError(f"--{name.replace('_', '-')} is {getattr(self, name)}, a setting of models with "
                                 "layers, and word vectors have none; leave it out")
        if self.tokenizer == "characters":
            raise InputError("--tokenizer is characters, and vectors are learned of words; take words, wordpiece, bpe "
                             "or a folder with a vocabulary")

    @classmethod
    def from_preset(cls, name: str) -> dict[str, Any]:
        """There are none: InputError says it, when the settings are made."""
        return {}

    @classmethod
    def settled(cls, settings: dict, asked: dict) -> dict:
        """How the first numbers are drawn hangs on the width alone, as published."""
        return {**super().settled({"init_std": 1.0, **settings}, asked), "init_std": asked.get("init_std")}

    def config(self, vocabulary: int) -> WordVectorsConfig:
        """The configuration of the model, for a tokenizer of this size."""
        return that_fits(WordVectorsConfig(vocabulary=vocabulary, width=self.width, kind=self.kind,
                                           context=max(512, self.max_length)))

    # ---- the stages --------------------------------------------------------------------------------------------------

    def make_tokenizer(self, training: Iterable[str] | PreparedText, held_out: Iterable[str]) -> Tokenizer:
        """Whole words, or one of the vocabularies that others learn with."""
        if self.tokenizer == WORDS and not isinstance(training, PreparedText):
            return whole_words(training, self.vocabulary, self.min_count)
        return super().make_tokenizer(training, held_out)

    def make_model(self, tokenizer: Tokenizer) -> WordVectors:
        """Two tables of vectors."""
        return WordVectors(self.config(len(tokenizer)), stream(self.seed, "weights"))

    def make_batches(self, examples: Sequence[str] | PreparedText, tokenizer: Tokenizer) -> WordWindows:
        """Stretches of these documents, with what is near to each word and what was drawn for it."""
        ids = examples.ids if isinstance(examples, PreparedText) else text_ids(examples, tokenizer)
        return WordWindows(ids, len(tokenizer), batch_size=self.batch_size, length=self.max_length, seed=self.seed,
                           window=self.window, negative=self.negative, sample=self.sample,
                           passed_over=tuple(tokenizer.special_ids))

    # ---- the result --------------------------------------------------------------------------------------------------

    def leave(self, prepared, out: Path) -> None:
        """vectors.txt: the words with their vectors, the commonest first."""
        counts, tokens = prepared.batches.counts, prepared.tokenizer.tokens
        order = [id for id in np.argsort(-counts, kind="stable") if counts[id]]
        vectors = prepared.model.state()["words.weight"]
        write_vectors(out / VECTORS, [tokens[id] for id in order], vectors[order])

    def measure(self, prepared, pairs: int) -> dict[str, float]:
        """The loss, and what knowing only how often each word occurs would reach."""
        found = Objective.measure(self, prepared, pairs)
        return {**found, "frequencies alone": frequency_loss(prepared.held_out, self.negative)}

    def said(self, found: dict[str, float]) -> list[str]:
        """The loss, and the baseline."""
        return [f"val loss {found['val loss']:.4f} (frequencies alone {found['frequencies alone']:.4f})"]

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """The levels that knowing nothing and knowing only frequencies would reach."""
        return {"title": f"word2vec ({self.kind}): telling near words from drawn ones", "unit": "nats per guess",
                "entropy": found.get("frequencies alone"), "start": (1 + self.negative) * math.log(2)}


def frequency_loss(batches: WordWindows, negative: int) -> float:
    """The least loss of who sees the word that is asked for, and none that is near.

    A word with the share p of what is asked, and q of what is drawn, is the right one with the odds p : K q; the
    entropy of that question, over all words, is what is left.
    """
    asked, drawn = batches.counts * batches.kept, np.diff(batches.bounds, prepend=0)
    p, q = asked / asked.sum(), negative * drawn / drawn.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nansum(p * np.log((p + q) / p)) + np.nansum(q * np.log((p + q) / q)))

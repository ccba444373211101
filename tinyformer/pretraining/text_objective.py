"""What do the objectives share that learn from text?  Documents, a tokenizer, and what counting alone would reach."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from tinyformer.data.corpus import read_documents, split_documents
from tinyformer.data.counts import best_constant_accuracy, unigram_entropy
from tinyformer.errors import InputError
from tinyformer.models.config import Config
from tinyformer.options import option
from tinyformer.pretraining.objective import Objective
from tinyformer.pretraining.prepared_text import PreparedText, described, opened, settled_with
from tinyformer.text import (
    ByteLevelBPE,
    CharTokenizer,
    Tokenizer,
    UnigramTokenizer,
    WordPieceTokenizer,
    load_tokenizer,
)
from tinyformer.tinyland.world_texts import DOCUMENTS, read_world
from tinyformer.train.circumstances import LEARNED_FROM, fingerprint


@dataclass(frozen=True)
class TextObjective(Objective):
    """The settings of a corpus of documents and of its tokenizer."""

    documents: str = option("file", "what is one document of the corpus", ("file", "blank-lines"))
    world_documents: int | None = option(None, "tinyland: documents that are told (default 20000)", least=2)
    world_seed: int | None = option(None, "tinyland: the world that tells them (default 0)", least=0)
    tokenizer: str | None = option(None, "characters, wordpiece, bpe or unigram, trained on the corpus; or a folder "
                                   "with a vocabulary")
    vocabulary: int | None = option(None, "size of the vocabulary that is trained; of characters all where nothing is "
                                    "said", least=1)

    defaults = dict(Objective.defaults, tokenizer="wordpiece", vocabulary=4000)
    strip_accents: ClassVar[bool | None] = None          # of word pieces; None leaves it to the tokenizer

    def __post_init__(self):
        super().__post_init__()
        if self.corpus != "tinyland" and (self.world_documents, self.world_seed) != (None, None):
            raise InputError("--world-documents and --world-seed are settings of --corpus tinyland, and the corpus is "
                             f"{self.corpus}; leave them out")

    @classmethod
    def settled(cls, settings: dict, asked: dict) -> dict:
        """Also how much of tinyland is told, and that of characters all are taken."""
        settings = super().settled(settings, asked)
        settings |= settled_with(settings.get("corpus"), settings["model"], asked)
        if settings.get("corpus") == "tinyland":
            settings = {"world_documents": DOCUMENTS, "world_seed": 0, **settings}
        if settings["tokenizer"] == "characters" and "vocabulary" not in asked:
            settings["vocabulary"] = None                      # all there are
        return settings

    def config(self, vocabulary: int) -> Config:
        """The configuration of the model, for a tokenizer of this size."""
        return self.sized(vocabulary=vocabulary)

    # ---- the stages --------------------------------------------------------------------------------------------------

    def read(self) -> tuple[list[str], list[str]]:
        """(training, held out): the documents to learn from, and those to be evaluated on."""
        if self.corpus is None:
            raise InputError("no corpus was named; give --corpus PATH, or --corpus pydocs for the English "
                             "documentation that this Python carries, or --corpus tinyland for the small generated "
                             "world")
        if self.corpus == "tinyland":
            if self.held_out is None:
                return read_world(self.world_documents, self.world_seed, self.validation)
            training, _ = read_world(self.world_documents, self.world_seed, 0.0)
            return training, read_documents(self.held_out, self.documents)
        if described(self.corpus):
            return opened(self.corpus)
        documents = read_documents(self.corpus, self.documents)
        if self.held_out is not None:
            return documents, read_documents(self.held_out, self.documents)
        return split_documents(documents, self.validation)

    def make_tokenizer(self, training: Iterable[str] | PreparedText, held_out: Iterable[str]) -> Tokenizer:
        """Train the kind of tokenizer that the settings name, or read one from a folder.

        Characters are collected from the held-out text too (the set of them, not how often they occur).
        """
        if isinstance(training, PreparedText):
            return training.tokenizer()
        kind, size, specials = self.tokenizer, self.vocabulary, self.special_tokens()
        more = {"specials": specials} if specials else {}
        if kind == "characters":
            specials = specials or (("[UNK]",) if size else ())
            return CharTokenizer.train(chain(training, held_out), size, specials=specials)
        if kind == "wordpiece":
            return WordPieceTokenizer.train(training, size, strip_accents=self.strip_accents, **more)
        if kind == "bpe":
            return self.train_bpe(training)
        if kind == "unigram":
            return UnigramTokenizer.train(training, size, **more)
        if Path(kind).is_dir():
            return load_tokenizer(kind)
        raise InputError(f"--tokenizer is {kind!r}; it must be characters, wordpiece, bpe, unigram or a folder "
                         "with a vocabulary")

    def special_tokens(self) -> tuple[str, ...]:
        """The special tokens that the model needs in its vocabulary."""
        return ()

    def train_bpe(self, training: Iterable[str]) -> Tokenizer:
        """A byte-level vocabulary of this text."""
        return ByteLevelBPE.train(training, self.vocabulary)

    # ---- the result --------------------------------------------------------------------------------------------------

    def sources(self, training: Sequence, held_out: Sequence) -> dict[str, str]:
        """The hashes of ids that were prepared are those of their files."""
        if isinstance(training, PreparedText):
            return {LEARNED_FROM: training.sha256, "held-out examples": getattr(held_out, "sha256", fingerprint([]))}
        return super().sources(training, held_out)

    def facts(self, training: Sequence[str]) -> dict[str, int]:
        """Documents and characters."""
        if isinstance(training, PreparedText):
            return {"documents": training.documents, "characters": training.characters}
        return {"documents": len(training), "characters": sum(map(len, training))}

    def measure(self, prepared, pairs: int) -> dict[str, float]:
        """Loss and accuracy, and what knowing only how often each token occurs would reach."""
        ids, size = prepared.held_out.ids, len(prepared.tokenizer)
        return {**super().measure(prepared, pairs), "unigram entropy": unigram_entropy(ids, size),
                "constant accuracy": best_constant_accuracy(ids, size)}

    def said(self, found: dict[str, float]) -> list[str]:
        """Loss and accuracy, with the entropy between them."""
        return [f"{name} {found[name]:.4f}" for name in ("val loss", "unigram entropy", "val accuracy")]

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """The levels that knowing nothing and knowing only frequencies would reach."""
        return {"entropy": found.get("unigram entropy"), "start": math.log(len(prepared.tokenizer))}

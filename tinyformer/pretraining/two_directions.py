"""How does ELMo learn?  Two models go through a text, and each guesses the next word on its way.

Peters et al. 2018, section 3.1.  One goes to the right and one to the left; the baseline is the unigram entropy.
"""

from dataclasses import dataclass
from typing import Any

from tinyformer.errors import InputError
from tinyformer.models.elmo import ELMo, ELMoConfig
from tinyformer.models.parts.size import that_fits
from tinyformer.options import option
from tinyformer.pretraining.next_token import NextToken
from tinyformer.pretraining.text_objective import TextObjective
from tinyformer.rng import stream
from tinyformer.text import Tokenizer


@dataclass(frozen=True)
class TwoDirections(NextToken):
    """Which token comes next, and which came before?"""

    model: str = "elmo"
    cells: int | None = option(None, "LSTM cells in each layer and direction (default as many as --width; 4096 in the "
                               "preset elmo)", least=1)

    does = "reads to the right, and to the left"
    config_class = ELMoConfig
    defaults = {**{name: value for name, value in TextObjective.defaults.items() if name != "heads"},
                "learning_rate": 3e-3}
    computed = TextObjective.computed
    training_presets = {}

    def __post_init__(self):
        super().__post_init__()
        if self.heads is not None:
            raise InputError(f"--heads is {self.heads}, and an LSTM has no attention; leave it out")

    @classmethod
    def from_preset(cls, name: str) -> dict[str, Any]:
        """The sizes of the paper, without heads."""
        known = super().from_preset(name)
        return {**{key: value for key, value in known.items() if key != "heads"},
                "cells": cls.config_class.preset(name).inner}

    @classmethod
    def settled(cls, settings: dict, asked: dict) -> dict:
        """Also the cells, as many as a word has numbers."""
        settings = super().settled(settings, asked)
        return {"cells": settings["width"], **settings}

    def config(self, vocabulary: int) -> ELMoConfig:
        """The configuration of the model, for a tokenizer of this size."""
        return that_fits(ELMoConfig(vocabulary=vocabulary, layers=self.layers, width=self.width, inner=self.cells,
                                    context=self.max_length, dropout=self.dropout, init_std=self.init_std))

    def make_model(self, tokenizer: Tokenizer) -> ELMo:
        """An ELMo."""
        return ELMo(self.config(len(tokenizer)), stream(self.seed, "weights"))

    def picture(self, prepared, found: dict[str, float]) -> dict[str, Any]:
        """The levels of a text."""
        return {**super().picture(prepared, found), "title": "ELMo: guessing the next token in both directions"}

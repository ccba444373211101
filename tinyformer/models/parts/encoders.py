"""What of a model can be fine-tuned?  The encoder in it, with a pooler where one is read; and copies of encoders."""

import copy
from typing import Any, cast

import numpy as np

from tinyformer.errors import InputError
from tinyformer.models.bert import Bert, BertForPretraining
from tinyformer.models.llama import Llama
from tinyformer.models.parts.reader import Below, Reader
from tinyformer.models.seq2seq import Encoder, Seq2Seq
from tinyformer.models.t5 import T5
from tinyformer.nn import Linear, Module


def encoder_of(model: Module, rng: np.random.Generator | None = None) -> Below:
    """What can be fine-tuned of any model here: its encoder (a GPT is one as a whole), sharing every weight.

    Where a Bert or a Reader has no pooler, as after masked-word training alone or under a tagger, it gets a new one
    drawn from `rng`, which has learned nothing yet; without `rng` it stays without.  TypeError where there is no such
    encoder.
    """
    if isinstance(model, T5):
        raise InputError("the model is a T5, which does its tasks as text and carries no head; teach it with "
                         "finetune rewrite")
    encoder = model.bert if isinstance(model, BertForPretraining) else getattr(model, "encoder", model)
    if not isinstance(encoder, Below):
        raise TypeError(f"encoder_of: the model is a {type(model).__name__}; the heads stand on a Bert, a "
                        "BertForPretraining, a GPT, a Seq2Seq's encoder, an ELMo, WordVectors or another head's")
    if isinstance(encoder, Reader):
        return encoder.below_head(rng) if encoder.pooler is None and rng is not None else encoder
    if isinstance(encoder, Llama) and encoder.head is not None:
        encoder = copy.copy(encoder)                           # a Llama without the word vectors that nobody will ask
        encoder.config, encoder.head = encoder.config.but(tied=True), None
    if not isinstance(encoder, Bert) or encoder.pooler is not None or rng is None:
        return encoder
    words, pooled = encoder.words.weight, cast(Any, copy.copy(encoder))
    pooled.untaught = ("pooler.",)                             # so that it learns where all that was taught is frozen
    pooled.pooler = Linear(encoder.config.width, encoder.config.width, rng, std=encoder.config.init_std)
    pooled.pooler.to(words.device, words.dtype)
    return pooled


def with_dropout(encoder: Below, rate: float) -> Below:
    """A copy of an encoder that drops out another share of its activations."""
    empty = like(encoder, encoder.config.but(dropout=rate), None)
    empty.untaught = getattr(encoder, "untaught", ())
    return empty.to(dtype=encoder.words.weight.dtype).load(encoder.state())


def like(model: Module, config: Any, rng: np.random.Generator | None) -> Any:
    """A Bert, a GPT, a Seq2Seq or its encoder of the same kind as `model`, with initial weights drawn from `rng`."""
    if isinstance(model, Encoder):
        return Seq2Seq(config, rng).encoder
    if isinstance(model, Reader):
        return model.another(config, rng)
    pooled = {"pooled": model.pooler is not None} if isinstance(model, Bert) else {}
    kind: Any = type(model)
    return kind(config, rng, **pooled)

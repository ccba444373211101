"""How do CBOW, ELMo, GPT and BERT come by what they know?  By reading the same text, as much as each is given."""

import time
from collections.abc import Sequence
from typing import Any

from tinyformer.metrics.over_seeds import spread
from tinyformer.models.parts.encoders import like
from tinyformer.nn import Module
from tinyformer.phenomena.kit import Sizes
from tinyformer.pretraining import stages
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.rng import stream
from tinyformer.text import Tokenizer

UNREAD = "BERT, unread"
# What each learns by, how many rows at once, and how fast: chosen on seed 100.  BERT, which guesses the fewest of the
# tokens that it reads, takes the smallest batches and so the most steps.
OBJECTIVES: dict[str, tuple[str, dict[str, Any]]] = {
    "CBOW": ("words", dict(kind="cbow", batch_size=48, optimizer="adamw", learning_rate=2e-2)),
    "ELMo": ("elmo", dict(layers=2, batch_size=48, learning_rate=5e-3, matrix_rate=0.02)),
    "GPT": ("gpt", dict(layers=2, heads=4, batch_size=24, learning_rate=5e-3, matrix_rate=0.02)),
    "BERT": ("bert", dict(layers=2, heads=4, batch_size=12, learning_rate=3e-3, matrix_rate=0.01, beta2=0.98,
                          mask_rate=0.3, objective="none")),
}


def read(arm: str, texts: Sequence[str], tokenizer: Tokenizer, sizes: Sizes, seed: int,
         optimizer: str) -> tuple[Module, dict]:
    """The model of an arm after its reading, and what that took: tokens, seconds of processor, parameters.

    UNREAD is the BERT's encoder with its first weights.  Words have no matrix that Muon could move, so theirs is AdamW.
    """
    name, own = OBJECTIVES["BERT" if arm == UNREAD else arm]
    own = {"optimizer": optimizer, "max_length": sizes.max_length, "width": sizes.width, **own}
    return read_by(name, own, texts, tokenizer, sizes.tokens, seed, unread=arm == UNREAD)


def read_by(objective: str, own: dict[str, Any], texts: Sequence[str], tokenizer: Tokenizer, tokens: int, seed: int,
            unread: bool = False) -> tuple[Any, dict]:
    """A model that has read so many tokens by an objective with settings of its `own`, and what that took.

    One that is `unread` is the BERT's encoder with its first weights.
    """
    steps = tokens // (own["batch_size"] * own["max_length"])
    prepared = stages.prepare(resolve(objective, dict(steps=steps, seed=seed, device="cpu", workers="1", **own)),
                              texts, [], tokenizer=tokenizer)
    model = prepared.model
    if unread:
        fresh = like(model.bert, model.config, stream(seed, "scratch"))
        return fresh, {"parameters": model.count(), "steps": 0, "tokens": 0, "seconds": 0.0}
    began = time.process_time()
    stages.train(prepared, progress=False)
    return model, {"parameters": model.count(), "steps": steps, "tokens": tokens,
                   "seconds": round(time.process_time() - began, 1)}


def cost_of(outcomes: Sequence[dict]) -> tuple[str, ...]:
    """Parameters, tokens, steps and seconds of an arm's "reading", as cells of a table; nothing without a model."""
    costs = [each["reading"] for each in outcomes]
    if not costs[0]:
        return "", "", "", ""
    return (*(f"{costs[0][name]:,}" for name in ("parameters", "tokens", "steps")),
            spread([each["seconds"] for each in costs], 0) if costs[0]["tokens"] else "")

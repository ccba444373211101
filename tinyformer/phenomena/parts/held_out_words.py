"""How many hidden words does a BERT guess that has read tinyland?  `pretrain bert` in silence, and what it took."""

from functools import lru_cache
from time import process_time
from typing import Any

from tinyformer.pretraining import stages
from tinyformer.pretraining.pretraining_settings import resolve
from tinyformer.tinyland import World
from tinyformer.train import evaluate

KINDS = ("passage",)                          # some facts on a few people: learned sooner than stories
HELD_OUT = 0.1                                # of all documents
HOW = dict(corpus="tinyland", objective="none", mask_rate=0.25, max_length=32, batch_size=16, learning_rate=3e-3,
           matrix_rate=0.01, beta2=0.98, workers="1", device="cpu")


def guessed(seed: int, documents: int, **settings: Any) -> tuple[stages.Prepared, dict]:
    """What was prepared and has learned, and its figures on documents that it has not read.

    Loss, accuracy, parameters, seconds of one core for its training, and the curve of the accuracy.
    """
    prepared = stages.prepare(resolve("bert", {**HOW, "seed": seed, **settings}), *told(seed, documents))
    began = process_time()
    history = stages.train(prepared, progress=False)
    spent = process_time() - began
    found = evaluate(prepared.model, prepared.held_out_batches())
    return prepared, {"accuracy": found["mlm accuracy"], "loss": found["mlm loss"], "core seconds": spent,
                      "parameters": prepared.model.count(),
                      "curve": [{"step": row["step"], "accuracy": row["mlm accuracy"]} for row in history.evaluations]}


@lru_cache(maxsize=1)
def told(seed: int, documents: int) -> tuple[list[str], list[str]]:
    """(training, held out): passages of the world with this seed, so many in all."""
    texts, kept = list(World(seed, KINDS).documents(documents)), round(documents * (1 - HELD_OUT))
    return texts[:kept], texts[kept:]

"""When does a model learn it?  A curve that begins before the first step, so that it shows what chance had given."""

from collections.abc import Sequence

from tinyformer.nn import Module
from tinyformer.train import Settings, evaluate, train


def watch(model: Module, batches, settings: Settings, looked: Sequence) -> list[dict]:
    """Train the model, in silence, and look at it: {"step": ..., and each figure of its `measure` on `looked`}.

    The first look is before the first step, the others are those of `settings.evaluate_every`.
    """
    before = {"step": 0, **evaluate(model, looked)}
    return [before, *train(model, batches, settings, validation=lambda: looked, progress=False).evaluations]

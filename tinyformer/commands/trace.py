"""What does a training step cost, op by op?  The command around `tinyformer.trace`, on a model of a known size."""

import json
from dataclasses import dataclass
from typing import Any

from tinyformer.options import DEVICES, argument, option, switch

SHAPES = {                                    # those of the benchmarks, too
    "nano": dict(vocabulary=65, layers=4, heads=4, width=128, length=64, batch=12),
    "tiny": dict(vocabulary=2000, layers=2, heads=2, width=128, length=64, batch=16),
    "mini": dict(vocabulary=30522, layers=6, heads=12, width=384, length=128, batch=8),
    "base": dict(vocabulary=30522, layers=12, heads=12, width=768, length=128, batch=8),
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which step is traced, and how it is shown."""

    model: str = argument("what is trained", choices=("bert", "gpt"))
    preset: str = option("nano", "the size of the model and of its batch", tuple(SHAPES))
    batch_size: int | None = option(None, "rows of the batch (default: the preset's)", least=1)
    length: int | None = option(None, "positions of a row (default: the preset's)", least=2)
    dropout: float = option(0.0, "rate of dropout", least=0, most=0.9)
    repeats: int = option(3, "steps that are timed; the fastest is shown", least=1)
    json: bool = switch("print one JSON object with every single use of an op")
    seed: int = option(0, "of weights, batch and dropout", least=0)
    device: str = option("cpu", "where to compute", DEVICES)


def run(options: Options) -> int:
    """Trace a step on random ids, forward, backward and AdamW, and print its table."""
    from tinyformer.backend import choose_device
    from tinyformer.inside import trace
    from tinyformer.rng import stream
    from tinyformer.train import AdamW, keep_freed_memory
    keep_freed_memory()
    model, batch = step_of(options)
    model.to(choose_device(options.device)[0])
    optimizer, noise = AdamW(model), stream(options.seed, "dropout") if options.dropout else None
    found = trace(lambda: model.loss(batch, rng=noise), move=lambda: optimizer.step(1e-4), repeats=options.repeats)
    print(json.dumps(found.to_dict(), indent=1) if options.json else found)
    return 0


def step_of(options: Options) -> tuple:
    """A model of the preset's size with random weights, and a batch of random ids."""
    import numpy as np

    from tinyformer.data.batches import PretrainingBatch, TextBatch
    from tinyformer.models import GPT, BertConfig, BertForPretraining, GPTConfig
    from tinyformer.rng import stream
    shape = SHAPES[options.preset]
    size = (options.batch_size or shape["batch"], options.length or shape["length"])
    sizes: dict[str, Any] = {name: shape[name] for name in ("vocabulary", "layers", "heads", "width")}
    sizes |= dict(context=max(64, size[1]), dropout=options.dropout, activation="gelu")
    weights, rng = stream(options.seed, "weights"), stream(options.seed, "ids")
    ids = rng.integers(0, shape["vocabulary"], size)
    if options.model == "gpt":
        return GPT(GPTConfig(**sizes), weights), TextBatch(ids, rng.integers(0, shape["vocabulary"], size))
    masked = np.sort(rng.choice(ids.size, max(1, int(0.15 * ids.size)), replace=False))
    batch = PretrainingBatch(ids, np.zeros_like(ids), np.ones(size, bool), masked, ids.ravel()[masked],
                             rng.integers(0, 2, size[0]))
    return BertForPretraining(BertConfig(**sizes), weights), batch

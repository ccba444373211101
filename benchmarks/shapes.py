"""On which models is everything measured?  Four of them, from one that a laptop trains in a minute to BERT-base."""

from tinyformer.commands.trace import SHAPES as SIZES

KINDS = {"nano": "gpt", "tiny": "bert", "mini": "bert", "base": "bert"}
SHAPES = {name: dict(SIZES[name], kind=kind) for name, kind in KINDS.items()}
SHAPES["nano-dropout"] = dict(SHAPES["nano"], dropout=0.1)
STEPS = {"nano": 15, "tiny": 15, "mini": 3, "base": 1, "nano-dropout": 15}                     # timed in each round


def configuration(shape):
    """The config of a model of this shape, with the exact GELU."""
    from tinyformer.models import BertConfig, GPTConfig

    sizes = {k: shape[k] for k in ("vocabulary", "layers", "heads", "width")}
    kind = GPTConfig if shape["kind"] == "gpt" else BertConfig
    return kind(**sizes, context=max(64, shape["length"]), dropout=shape.get("dropout", 0.0), activation="gelu")


def model_of(shape):
    """A model of this shape with random weights."""
    from tinyformer.models import GPT, BertForPretraining
    from tinyformer.rng import stream

    return (GPT if shape["kind"] == "gpt" else BertForPretraining)(configuration(shape), stream(0, "weights"))


def batch_of(shape):
    """Random ids; BERT is asked about 15 % of them."""
    import numpy as np

    from tinyformer.data.batches import PretrainingBatch, TextBatch

    rng = np.random.default_rng(0)
    size = (shape["batch"], shape["length"])
    ids = rng.integers(0, shape["vocabulary"], size)
    if shape["kind"] == "gpt":
        return TextBatch(ids=ids, targets=rng.integers(0, shape["vocabulary"], size))
    masked = np.sort(rng.choice(ids.size, int(0.15 * ids.size), replace=False))
    return PretrainingBatch(ids=ids, segments=np.zeros_like(ids), keep=np.ones(size, bool), positions=masked,
                            targets=ids.ravel()[masked], pair_labels=rng.integers(0, 2, size[0]))

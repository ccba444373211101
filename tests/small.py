"""Models and batches so small that every number of them can be checked."""

from types import SimpleNamespace

import numpy as np

from tinyformer.models import GPT, BertConfig, BertForPretraining, GPTConfig
from tinyformer.nn import Module

VOCABULARY = 13


def bert(spread: bool = True, dtype=np.float64, **changes) -> BertForPretraining:
    """A two-layer BERT of width 8; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0)
    model = BertForPretraining(BertConfig(**{**sizes, **changes}), np.random.default_rng(0))
    return _prepared(model, spread, dtype)


def gpt(spread: bool = True, dtype=np.float64, **changes) -> GPT:
    """A two-layer GPT of width 8; any field of its configuration can be changed."""
    sizes = dict(vocabulary=VOCABULARY, layers=2, heads=2, width=8, inner=12, context=9, dropout=0.0)
    return _prepared(GPT(GPTConfig(**{**sizes, **changes}), np.random.default_rng(0)), spread, dtype)


def _prepared(model: Module, spread: bool, dtype) -> Module:
    """In the wanted precision and, to be checked, away from where it starts: there every bias is 0, every gain 1."""
    model.to(dtype=dtype)
    rng = np.random.default_rng(1)
    for p in model.parameters() if spread else []:
        p.data += (0.3 * rng.normal(size=p.shape)).astype(dtype)
    return model


def pretraining_batch(rows: int = 3, length: int = 7, vocabulary: int = VOCABULARY, seed: int = 2) -> SimpleNamespace:
    """Pairs of sentences with padding at the end of every second one, and some positions to guess.

    ids, segments, keep (B, T); positions (M,) in the flattened batch, targets (M,); pair_labels (B,).
    """
    rng = np.random.default_rng(seed)
    keep = np.ones((rows, length), bool)
    keep[1::2, length - 2:] = False
    segments = np.broadcast_to(np.arange(length) >= length // 2, keep.shape).astype(np.int64)
    positions = np.flatnonzero((rng.random((rows, length)) < 0.4) & keep)
    return SimpleNamespace(
        ids=rng.integers(0, vocabulary, (rows, length)), segments=segments, keep=keep, positions=positions,
        targets=rng.integers(0, vocabulary, len(positions)), pair_labels=rng.integers(0, 2, rows),
        counts={"tokens": len(positions), "pairs": rows})


def text_batch(rows: int = 3, length: int = 7, vocabulary: int = VOCABULARY, seed: int = 2) -> SimpleNamespace:
    """Text and the same text one place further on: ids and targets (B, T), a few targets left out."""
    rng = np.random.default_rng(seed)
    text = rng.integers(0, vocabulary, (rows, length + 1))
    targets = text[:, 1:].copy()
    targets[0, :2] = -100
    return SimpleNamespace(ids=text[:, :-1], targets=targets, counts={"tokens": int((targets != -100).sum())})


def gradients(model: Module, loss) -> dict[str, np.ndarray]:
    """The gradient of loss(), a function of the model as it stands, by the names of the parameters."""
    for p in model.parameters():
        p.grad = None
    loss().backward()
    return {name: p.grad for name, p in model.named_parameters().items()}

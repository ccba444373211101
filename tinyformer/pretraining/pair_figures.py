"""Has BERT learned which sentence follows?  Accuracy on held-out pairs, for each kind of false sentence apart."""

import math

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.batches import MaskedBatches
from tinyformer.engine import no_grad
from tinyformer.errors import InputError

PAIRS = 2000                                  # sentence pairs of each kind: a standard error of about 1 %
SOURCES = {"topic": "pairs with negatives from another topic", "other": "pairs with negatives from other documents",
           "same": "pairs with negatives from the same document", "order": "sentence order"}


def pair_figures(prepared, count: int = PAIRS) -> dict[str, float]:
    """Accuracy on sentence pairs and its standard error, for each kind of negative apart.

    Negatives from other documents come from the training text where the held-out text is a single document.  A kind
    that cannot be had (a document too short to have a distant place) is left out.
    """
    found = {}
    kinds = {"nsp": ["other", "same"], "sop": ["order"], "none": []}[prepared.settings.objective]
    for kind in ["topic"] + kinds if prepared.held_out.pairs.twin else kinds:
        try:
            batches = prepared.held_out_batches() if kind == "order" else list(_pairs(prepared, count, kind))
        except InputError:
            continue
        share, error, number = balanced_accuracy(*_predictions(prepared.model, batches))
        if number:
            found |= {f"pair accuracy, {kind}": share, f"pair error, {kind}": error, f"pairs, {kind}": number}
    return found


def pairs_said(found: dict[str, float]) -> list[str]:
    """What the final line says of each kind that was measured."""
    return [f"{source} {found[f'pair accuracy, {kind}']:.4f} ± {found[f'pair error, {kind}']:.4f}"
            for kind, source in SOURCES.items() if f"pair accuracy, {kind}" in found]


def _pairs(prepared, count: int, kind: str):
    held_out, tokenizer, s = prepared.held_out, prepared.tokenizer, prepared.settings
    own = held_out.pairs.documents()
    if kind == "other" and len(own) == 1:
        held_out = MaskedBatches(own, tokenizer, batch_size=s.batch_size, max_length=s.max_length, seed=s.seed,
                                 donors=prepared.batches.pairs.documents())
    return held_out.pair_batches(count, kind)


def balanced_accuracy(labels: np.ndarray, predicted: np.ndarray) -> tuple[float, float, int]:
    """The mean of the accuracies on label 0 and label 1, its standard error, and the number of pairs (0: one lacks).

    Always saying the same is right in half, also where a text has few places to take negatives from.
    The error is half of sqrt(p0 (1 - p0) / n0 + p1 (1 - p1) / n1).
    """
    right = [predicted[labels == label] == label for label in (0, 1)]
    if not all(map(len, right)):
        return 0.0, 0.0, 0
    shares = [float(hits.mean()) for hits in right]
    variance = sum(p * (1 - p) / len(hits) for p, hits in zip(shares, right, strict=True))
    return sum(shares) / 2, math.sqrt(variance) / 2, len(labels)


def _predictions(model, batches) -> tuple[np.ndarray, np.ndarray]:
    """The labels of all pairs, and what the model says."""
    labels, predicted = [], []
    with no_grad():
        for batch in batches:
            logits = model.pair_logits(model(batch.ids, batch.segments, batch.keep))
            labels.append(batch.pair_labels)
            predicted.append(to_host(logits.data).argmax(-1))
    return np.concatenate(labels), np.concatenate(predicted)

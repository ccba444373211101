"""Has the model learned more than counting?  Its figures on held-out text, beside those of simple baselines."""

import math

import numpy as np

from tinyformer.backend import to_host
from tinyformer.data.batches import MaskedBatches
from tinyformer.data.counts import NeighbourTable, best_constant_accuracy, unigram_entropy
from tinyformer.data.seq2seq import share_in_source
from tinyformer.engine import no_grad
from tinyformer.errors import InputError
from tinyformer.train import evaluate

PAIRS = 2000                                  # sentence pairs of each kind: a standard error of about 1 %


def measure(prepared, pairs: int = PAIRS) -> dict[str, float]:
    """Loss and accuracy on the held-out text, and what counting would reach; empty where no text was held out."""
    if prepared.held_out is None:
        return {}
    kind = prepared.settings.model
    bert = kind == "bert"
    values = evaluate(prepared.model, prepared.held_out_batches())
    ids = prepared.held_out.pairs.ids if bert else prepared.held_out.ids
    size, name = len(prepared.tokenizer), {"bert": "mlm", "gpt": "lm"}.get(kind, kind)
    found = {"val loss": values[f"{name} loss"], "val accuracy": values[f"{name} accuracy"],
             "unigram entropy": unigram_entropy(ids, size), "constant accuracy": best_constant_accuracy(ids, size)}
    if bert:
        table = neighbour_table(prepared)
        found["neighbour accuracy"] = table.accuracy(prepared.held_out_batches())
        found |= pair_figures(prepared, pairs)
    if kind == "seq2seq":
        found["share in source"] = share_in_source(prepared.held_out_batches())
    return found


def neighbour_table(prepared) -> NeighbourTable:
    """Counts of the left and right neighbours over BERT's training text, taken document by document."""
    pairs = prepared.batches.pairs
    edges = [pairs.bounds[first] for first in pairs.first]
    return NeighbourTable([pairs.ids[a:b] for a, b in zip(edges, edges[1:], strict=False)], len(prepared.tokenizer))


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

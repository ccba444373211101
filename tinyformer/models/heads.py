"""How little do the ways to fine-tune differ?  In which positions are read, and with what.

| head                           | reads                               | and gives                                    |
|--------------------------------|-------------------------------------|----------------------------------------------|
| `TextClassifier`               | the first position, pooled          | a score for each of K classes, (B, K)        |
| `MultiLabelClassifier`         | the same                            | K scores, each of a yes or no, (B, K)        |
| `TokenTagger`                  | every position                      | a score for each of K tags, (B, T, K)        |
| `PairClassifier`, `PairScorer` | the first, of segments 0 and 1      | K classes (B, K), or one number (B,)         |
| `SpanFinder`                   | every position of the document      | a start and an end vector against each of    |
|                                |                                     | them: two scores, (B, T) and (B, T)          |

Below each stands the same pre-trained encoder, and between them one linear layer, the only new weights.  All have the
same members: `__call__` gives scores, `loss` and `measure` take a batch, `predict` what a user wants to see.
(Devlin et al. 2019, section 4 and figure 4; for GPT, which reads the last position, Radford et al. 2018, section 3.3.)
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyformer.backend import to_device, to_host
from tinyformer.engine import Tensor, no_grad
from tinyformer.models.bert import Bert
from tinyformer.models.gpt import GPT
from tinyformer.models.parts.finite import checked
from tinyformer.models.parts.loss_and_accuracy import measured
from tinyformer.models.parts.reader import Below
from tinyformer.nn import Linear, Module
from tinyformer.ops import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    dropout,
    embedding,
    masked_softmax,
    mean_squared_error,
    sigmoid,
    where,
)


class Head(Module):
    """What all share: an encoder below, dropout, and one linear layer on top; a subclass says what is read.

    `labels` are the names of the K classes or tags, () where there are none.
    """

    pooled = True                             # whether the encoder's pooler is part of the head
    outputs = 0                               # of the linear layer; 0: one for each label

    def __init__(self, encoder: Below, labels: Sequence[str], rng: np.random.Generator | None):
        if isinstance(encoder, GPT) and not self.pooled:
            raise TypeError(f"{type(self).__name__}: the encoder is a GPT, which sees no position's right side; "
                            "take a Bert (a GPT can carry heads that read one position, which are called pooled)")
        if isinstance(encoder, Bert) and self.pooled and encoder.pooler is None:
            raise ValueError(f"{type(self).__name__}: the encoder has no pooler, which this head reads; "
                             "take models.encoder_of(model, rng), which gives it a new one")
        if len(set(labels)) < len(labels) or not (labels or self.outputs):
            raise ValueError(f"{type(self).__name__}: labels are {list(labels)}; give each class a name of its own")
        self.config, self.labels = encoder.config, tuple(labels)
        self.encoder = encoder if self.pooled else _without_pooler(encoder)
        self.linear = Linear(self.config.width, self.outputs or len(self.labels), rng,
                             bias=not isinstance(encoder, GPT), std=self.config.init_std)
        self.linear.to(encoder.words.weight.device, encoder.words.weight.dtype)

    def loss(self, batch, counts: dict | None = None, rng=None) -> Tensor:
        """Mean cross-entropy over everything that has a label, in nats."""
        counts = counts or batch.counts
        return cross_entropy(self.logits(batch, rng), target=batch.labels, count=counts["labels"])

    def measure(self, batch) -> dict[str, tuple[float, int]]:
        """Loss and accuracy over everything that has a label, as sums and counts."""
        with no_grad():
            return measured("label", self.logits(batch), batch.labels)

    def hidden(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """The encoder's last hidden vectors, (B, T, C)."""
        if isinstance(self.encoder, GPT):                      # looks to the left only: padding at the right is unseen
            return self.encoder.hidden(ids, rng)
        return self.encoder(ids, segments, keep, rng)

    def summary(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """One vector for the whole sequence, (B, C): BERT's pooled first position, GPT's last."""
        hidden = self.hidden(ids, segments, keep, rng)         # (B, T, C)
        if not isinstance(self.encoder, GPT):
            return dropout(self.encoder.pool(hidden), rate=self.config.dropout, rng=rng)
        rows, length = ids.shape
        last = np.full(rows, length) if keep is None else to_host(keep).sum(-1)
        return embedding(hidden.reshape(-1, self.config.width), ids=np.arange(rows) * length + last - 1)

    def logits(self, batch, rng=None) -> Tensor:
        """The scores of a batch, as `__call__` gives them."""
        head: Any = self
        return head(batch.ids, batch.segments, batch.keep, rng)


class TextClassifier(Head):
    """Which of K classes is the text?  The pooled first position is compared with one vector for each class."""

    def __call__(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """ids, segments, keep (B, T) -> scores (B, K)."""
        return self.linear(self.summary(ids, segments, keep, rng))

    def predict(self, batch) -> np.ndarray:
        """The probability of each class, (B, K)."""
        with no_grad():
            return to_host(masked_softmax(checked(self.logits(batch))).data)


class MultiLabelClassifier(TextClassifier):
    """Which of K labels does the text have, none or several?  K questions of yes or no about the pooled first position.

    No label takes from another: a choice of one class has a softmax over all of them, this has a sigmoid for each.
    """

    def loss(self, batch, counts: dict | None = None, rng=None) -> Tensor:
        """Mean binary cross-entropy over texts and labels, in nats; a batch's labels (B, K) are 1 for yes, 0 for no."""
        counts = counts or batch.counts
        loss = binary_cross_entropy_with_logits(self.logits(batch, rng), target=batch.labels)
        return loss * (len(batch) / counts["labels"])

    def predict(self, batch) -> np.ndarray:
        """The probability of each label, (B, K)."""
        with no_grad():
            return to_host(sigmoid(checked(self.logits(batch))).data)

    def measure(self, batch) -> dict[str, tuple[float, int]]:
        """The loss of the texts, and how many of the K decisions on each are right, as sums and counts."""
        with no_grad():
            logits = self.logits(batch)
            loss = binary_cross_entropy_with_logits(logits, target=batch.labels).item()
        right = int(((to_host(logits.data) > 0) == (batch.labels > 0)).sum())
        return {"label loss": (loss * len(batch), len(batch)), "label accuracy": (right, batch.labels.size)}


class TokenTagger(Head):
    """Which of K tags has each word?  Every position is compared with one vector for each tag.

    A word's label stands at its first piece; the other pieces, [CLS] and [SEP] have none and are left out of the loss.
    """

    pooled = False

    def __call__(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """ids, segments, keep (B, T) -> scores (B, T, K)."""
        return self.linear(dropout(self.hidden(ids, segments, keep, rng), rate=self.config.dropout, rng=rng))

    def predict(self, batch) -> np.ndarray:
        """The number of the best tag at every position, (B, T); only those of first pieces mean anything."""
        with no_grad():
            return to_host(checked(self.logits(batch)).data).argmax(-1)


class PairClassifier(TextClassifier):
    """Which of K relations holds between two texts?  As one text, but the second stands in segment 1."""


class PairScorer(Head):
    """How much, from a scale, do two texts have in common?  The pooled first position gives one number."""

    outputs = 1

    def __call__(self, ids, segments=None, keep=None, rng=None) -> Tensor:
        """ids, segments, keep (B, T) -> scores (B,)."""
        return self.linear(self.summary(ids, segments, keep, rng)).reshape(-1)

    def loss(self, batch, counts: dict | None = None, rng=None) -> Tensor:
        """Mean squared error."""
        counts = counts or batch.counts
        return mean_squared_error(self.logits(batch, rng), target=batch.labels, count=counts["labels"])

    def predict(self, batch) -> np.ndarray:
        """The scores, (B,)."""
        with no_grad():
            return to_host(checked(self.logits(batch)).data)

    def measure(self, batch) -> dict[str, tuple[float, int]]:
        """The squared error as sum and count."""
        errors = self.predict(batch) - batch.labels
        return {"score loss": (float(errors @ errors), len(errors))}


class SpanFinder(Head):
    """Where does the answer begin, and where does it end?  Two vectors, each compared with every position.

    Softmax runs over the positions at which an answer may stand: those of the document, and [CLS] for "no answer".
    The start and the end are two questions with one answer each, so the loss is the mean of two cross-entropies.
    """

    pooled = False
    outputs = 2

    def __call__(self, ids, segments=None, keep=None, rng=None) -> tuple[Tensor, Tensor]:
        """ids, segments, keep (B, T) -> start scores (B, T) and end scores (B, T), of all positions."""
        scores = self.linear(self.hidden(ids, segments, keep, rng))            # (B, T, 2)
        return scores[..., 0], scores[..., 1]

    def spans(self, batch, rng=None) -> tuple[Tensor, Tensor]:
        """The start and end scores of a batch, minus infinity where no answer may stand, (B, T) each."""
        starts, ends = self.logits(batch, rng)
        allowed = to_device(batch.answerable, starts.device)
        never = to_device(np.full((), -np.inf, starts.dtype), starts.device)
        return where(starts, never, keep=allowed), where(ends, never, keep=allowed)

    def loss(self, batch, counts: dict | None = None, rng=None) -> Tensor:
        """The mean of the cross-entropies of the start and of the end, in nats."""
        counts = counts or batch.counts
        starts, ends = self.spans(batch, rng)
        return (cross_entropy(starts, target=batch.starts, count=counts["labels"]) +
                cross_entropy(ends, target=batch.ends, count=counts["labels"])) * 0.5

    def predict(self, batch) -> tuple[np.ndarray, np.ndarray]:
        """Start and end scores, (B, T) each, minus infinity where no answer may stand: see `data.answers`."""
        with no_grad():
            starts, ends = (checked(scores, masked=True) for scores in self.spans(batch))
        return to_host(starts.data), to_host(ends.data)

    def measure(self, batch) -> dict[str, tuple[float, int]]:
        """Loss, and how often both ends of the most probable span are right, as sums and counts."""
        with no_grad():
            starts, ends = self.spans(batch)
            loss = self.loss(batch, {"labels": 1}).item()
        right = ((to_host(starts.data).argmax(-1) == batch.starts) & (to_host(ends.data).argmax(-1) == batch.ends))
        return {"span loss": (loss, len(right)), "span accuracy": (int(right.sum()), len(right))}


def _without_pooler(encoder: Any) -> Any:
    """The same encoder, sharing every weight, without the layer that nobody reads here."""
    light = copy.copy(encoder)
    light.pooler = None
    return light

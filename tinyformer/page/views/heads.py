"""What does a fine-tuned model say of a text that is typed?  Classes, tags, a relation, a score, or an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyformer.page.asked import OfModel, asked
from tinyformer.page.served import Served
from tinyformer.page.view import View
from tinyformer.tasks.finished_run import finite
from tinyformer.tasks.task import labels_of

VIEW = View("Heads", serves=lambda served: served.task is not None)


@dataclass(frozen=True, kw_only=True)
class Parts(OfModel):
    """What is typed: one text, or two."""

    parts: tuple[str, ...] = asked("one text, or the two of a pair, or a question and its document", longest=8000)


@VIEW.function
def wanted(served: Served, request: OfModel) -> dict:
    """What is to be typed for this model: how many texts, and what they are called."""
    task, _ = _head(served)
    return {"names": list(task.texts[:task.takes[0]]), "says": task.takes[1], "labels": list(labels_of(served.model))}


@VIEW.function
def predict(served: Served, request: Parts) -> dict:
    """What the model says, as `predict` prints it, and for an answer the scores at every word of its document."""
    task, settings = _head(served)
    example = task.typed(request.parts, 1)
    rows = task.rows([example], served.tokenizer, labels_of(served.model), settings)
    said = finite(task.predict(served.model, [example], rows, served.tokenizer, settings))[0]
    cut = bool(rows.cut) and not task.windows
    words = scored_words(example.document, rows, task.outputs(served.model, rows)) if task.windows else None
    return {"said": said, "cut": cut, "most": settings.max_length, "words": words}


def _head(served: Served) -> tuple[Any, Any]:
    """Its task and the settings it was trained with, which the models of this view have."""
    return served.task, served.settings


def scored_words(document: str, rows: Sequence, outputs: Sequence) -> list[dict]:
    """The words of a document, each with its share of the start and of the end.

    A token's scores are those of the window that shows it best, and a word has those of its best token; shares are the
    softmax over all tokens.
    """
    spans, starts, ends = [], [], []
    for row, (start, end) in zip(rows, outputs, strict=True):
        window = row.window
        shown = np.flatnonzero(window.best_context)
        spans += window.offsets[shown].tolist()
        starts += np.asarray(start)[shown].tolist()
        ends += np.asarray(end)[shown].tolist()
    shares = [np.exp(scores - np.max(scores)) / np.exp(scores - np.max(scores)).sum() for scores in (starts, ends)]
    place, found = 0, []
    for word in document.split():
        first = document.index(word, place)
        place = first + len(word)
        at = [i for i, (a, b) in enumerate(spans) if a < place and b > first]
        found.append({"text": word, "from": first, "to": place,
                      "start": float(max((shares[0][i] for i in at), default=0)),
                      "end": float(max((shares[1][i] for i in at), default=0))})
    return found

"""Which of several classes does a text have?

The figures are those of GLUE's single sentences and pairs (Wang et al. 2019).
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinyformer.data.labelled import text_rows
from tinyformer.data.readers import TextExample, label_names
from tinyformer.metrics.classification import accuracy, f1, matthews
from tinyformer.models import TextClassifier
from tinyformer.tasks.collapse import same_of_everything
from tinyformer.tasks.task import TYPED, Task
from tinyformer.tasks.terminal_lines import heading, terminal_width, texts, wrapped


class Classify(Task):
    """One class for a text."""

    name, picture = "classify", "confusion.png"
    head: Any = TextClassifier
    figures: tuple[str, ...] = ("accuracy", "f1", "f1_macro", "matthews")
    parts: tuple[str, ...] = ("text", "label")

    def example(self, text, *, number):
        return TextExample(text, None, TYPED, number)

    def rows(self, examples, tokenizer, labels, options):
        return text_rows(examples, tokenizer, labels, options.max_length)

    def predict(self, model, examples, rows, tokenizer, options):
        found = []
        for p in self.outputs(model, rows):
            best = int(p.argmax())
            found.append({"label": model.labels[best], "probability": float(p[best]),
                          "probabilities": dict(zip(model.labels, p.tolist(), strict=True))})
        return found

    def scores(self, examples, predictions):
        truth, said = [e.label for e in examples], [p["label"] for p in predictions]
        classes = label_names(examples)
        found = {"accuracy": accuracy(truth, said), "f1_macro": f1(truth, said, "macro"),
                 "matthews": matthews(truth, said)}
        if len(classes) == 2:                                  # of the second of two, as 1 of 0 and 1
            found["f1"] = f1(truth, said, "binary", positive=classes[1])
        return found

    def constant(self, train, examples):
        """The commonest class."""
        commonest = Counter(e.label for e in train).most_common(1)[0][0]
        return [{"label": commonest}] * len(examples)

    def collapsed(self, examples, predictions):
        same = same_of_everything((p["label"] for p in predictions), (e.label for e in examples))
        return None if same is None else repr(same)

    def mistakes(self, examples, predictions, most=5):
        return wrong_labels([(self.texts_of(e), e.label, p["label"], p["probability"])
                             for e, p in zip(examples, predictions, strict=True)], most=most)

    def draw(self, examples, predictions, path):
        from tinyformer import plot
        names = list(dict.fromkeys([*predictions[0]["probabilities"], *(e.label for e in examples)]))
        counts = Counter((e.label, p["label"]) for e, p in zip(examples, predictions, strict=True))
        plot.confusion(names, np.array([[counts[true, said] for said in names] for true in names]), path)


def wrong_labels(items: Iterable[tuple[list[str], str, str, float | None]], *, most: int = 5,
                 width: int | None = None) -> str:
    """Examples with a wrong class: (its one text or two, true class, predicted class, confidence between 0 and 1).

    Those come first of which the model was surest; a confidence of None is not shown.
    """
    items, width = list(items), terminal_width(width)
    wrong = sorted((item for item in items if item[1] != item[2]), key=lambda item: -(item[3] or 0))
    sure = len(wrong) > 1 and any(item[3] is not None for item in wrong)
    out = [heading(len(wrong), len(items), "example", most, ", the surest first" if sure else "")]
    for parts, true, predicted, confidence in wrong[:most]:
        share = "" if confidence is None else f" ({confidence:.1%})"
        out += ["", *wrapped(f"true: {true}, predicted: {predicted}{share}", width, 2), *texts(parts, width)]
    return "\n".join(out)

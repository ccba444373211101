"""Which of several labels does a text have, any number of them at once?

Topics, feelings, kinds of abuse: each label is a question of its own, and is given where its probability reaches
--threshold.  The labels are those that the training file has.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from tinyformer.data.labelled import EncodedRows, text_rows
from tinyformer.data.readers import MultilabelExample, TextExample, label_names, read_label_sets
from tinyformer.errors import InputError
from tinyformer.metrics.label_sets import exact_sets, set_f1
from tinyformer.models import MultiLabelClassifier
from tinyformer.options import option
from tinyformer.tasks.collapse import same_of_everything
from tinyformer.tasks.finetuning_settings import Finetuning
from tinyformer.tasks.task import TYPED, Task
from tinyformer.tasks.terminal_lines import heading, terminal_width, texts, wrapped

HALF = 0.5                                    # a label more probable than not; and as often in training


@dataclass(frozen=True)
class MultilabelSettings(Finetuning):
    """Where the labels of a text stand, and when one is given."""

    columns: str | None = option(None, "where text and labels stand: text=comment,labels=topics, or, with a column of "
                                 "0 and 1 for each label, text=comment,labels=toxic+obscene (default: told by the "
                                 "header)")
    threshold: float = option(HALF, "the probability from which a label is given", least=0, most=1)


class Multilabel(Task):
    """Any number of K labels for a text."""

    name, head, figures = "multilabel", MultiLabelClassifier, ("f1_micro", "f1_macro", "exact_set")
    settings = MultilabelSettings
    parts, unseen, picture = ("text", "labels"), True, "labels.png"    # a rare label may be in the dev file alone

    def read(self, path, options, training=False, labelled=True):
        return read_label_sets(path, self.columns(options.columns, labelled), labelled, options.skip_bad_rows)

    def example(self, text, *, number):
        return MultilabelExample(text, None, TYPED, number)

    def labels(self, examples):
        names = label_names(examples)
        if not names:
            raise InputError(f"{examples[0].file}: no text has a label, so there is nothing to learn; is the column of "
                             "labels the right one?")
        return names

    def rows(self, examples, tokenizer, labels, options):
        """The texts as they are classified, with 1 for each label that a text has and 0 for the others, (K,)."""
        rows = text_rows([TextExample(e.text, None, e.file, e.line) for e in examples], tokenizer, (),
                         options.max_length)
        return EncodedRows((replace(row, label=np.array([label in (e.labels or ()) for label in labels], float))
                            for row, e in zip(rows, examples, strict=True)), rows.cut)

    def predict(self, model, examples, rows, tokenizer, options):
        return [said_of(dict(zip(model.labels, p.tolist(), strict=True)), options.threshold)
                for p in self.outputs(model, rows)]

    def scores(self, examples, predictions):
        truth, said = [e.labels for e in examples], [p["labels"] for p in predictions]
        labels = list(dict.fromkeys(chain(predictions[0]["probabilities"], *truth)))
        return {"f1_micro": set_f1(truth, said, labels, "micro"), "f1_macro": set_f1(truth, said, labels, "macro"),
                "exact_set": exact_sets(truth, said)}

    def constant(self, train, examples):
        """The labels that at least half of the training texts have; none where none is so frequent."""
        counts = Counter(chain(*(e.labels for e in train)))
        return [said_of({label: counts[label] / len(train) for label in label_names(train)}, HALF)] * len(examples)

    def collapsed(self, examples, predictions):
        same = same_of_everything((frozenset(p["labels"]) for p in predictions),
                                  (frozenset(e.labels) for e in examples))
        return None if same is None else listed(sorted(same))

    def mistakes(self, examples, predictions, most=5):
        return wrong_sets([(e.text, e.labels, p["labels"]) for e, p in zip(examples, predictions, strict=True)],
                          most=most)

    def draw(self, examples, predictions, path):
        from tinyformer.plot.label_sets import label_bars
        true, said = [set(e.labels) for e in examples], [set(p["labels"]) for p in predictions]
        names = list(dict.fromkeys(chain(predictions[0]["probabilities"], *(e.labels for e in examples))))
        found, missed, wrong = (Counter(chain(*sets)) for sets in zip(
            *((a & b, a - b, b - a) for a, b in zip(true, said, strict=True)), strict=True))
        label_bars({name: (found[name], missed[name], wrong[name]) for name in names}, path)


def said_of(probabilities: dict[str, float], threshold: float) -> dict:
    """A prediction: the labels whose probability reaches the threshold, and all probabilities."""
    return {"labels": [label for label, p in probabilities.items() if p >= threshold], "probabilities": probabilities}


def wrong_sets(items: Iterable[tuple[str, Iterable[str], Iterable[str]]], *, most: int = 5,
               width: int | None = None) -> str:
    """Texts whose labels are not all right, (text, true labels, predicted labels); those with the most wrong first."""
    sets, width = [(text, set(true), set(said)) for text, true, said in items], terminal_width(width)
    wrong = sorted((item for item in sets if item[1] != item[2]), key=lambda item: -len(item[1] ^ item[2]))
    out = [heading(len(wrong), len(sets), "text", most, ", the worst first")]
    for text, true, said in wrong[:most]:
        faults = [f"{word}: {listed(sorted(labels))}" for word, labels in (("missed", true - said),
                                                                           ("too many", said - true)) if labels]
        out += ["", *wrapped(f"true: {listed(sorted(true))}; {'; '.join(faults)}", width, 2), *texts([text], width)]
    return "\n".join(out)


def listed(labels: list[str]) -> str:
    """Labels in words."""
    return ", ".join(labels) or "no label"

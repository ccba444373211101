"""How does one model learn several tasks at once?  Each as a text for a text, in one mixture, with one loss: T5's way.

Every example names its task in front (as_text.py).  A task comes as often as it has examples; with a limit K one of e
examples is min(e, K) / sum of min(e, K) of what comes, so that a large one leaves room for the small.  Each is judged
by its own official figures, and all by their average, in which a task counts once.  (Raffel et al. 2020, sections 2.4
and 3.5.2.)
"""

from pathlib import Path
from statistics import mean
from typing import Any

from tinyformer.data.order import MixedOrder
from tinyformer.data.seq2seq import PairBatches
from tinyformer.tasks import as_text
from tinyformer.tasks.rewrite import Rewrite


class Several(Rewrite):
    """The answers of several tasks, written."""

    figures: Any                              # hang on the tasks
    blind = ("commonest", "the commonest answer")

    def __init__(self, written: str):
        self.names = as_text.names_of(written)
        own = as_text.figures_of(self.names)
        self.figures, self.beside = ("average", *own, "exact", "token_accuracy"), 1 + len(own)

    def read(self, path, options, training=False, labelled=True):
        """The examples of all tasks; without labels also a table of texts that somebody has put behind their names."""
        if not labelled and Path(path).is_file():
            return super().read(path, options, training, labelled)
        return as_text.read(path, self.names, training, options.skip_bad_rows)

    def rows(self, examples, tokenizer, labels, options):
        rows = super().rows(examples, tokenizer, labels, options)
        rows.groups = [getattr(example, "task", "") for example in examples]
        return rows

    def batches(self, rows, tokenizer, options):
        limit = options.mixing_limit
        order = MixedOrder(rows.groups, options.seed, limit) if limit else None
        return PairBatches(rows, tokenizer, batch_size=options.batch_size, max_length=options.max_length,
                           seed=options.seed, order=order)

    def scores(self, examples, predictions):
        """The average of the tasks, of which each is the mean of its official figures, and these."""
        own = as_text.scores(examples, [p["text"] for p in predictions])
        average = mean(mean(value for name, value in own.items() if name.partition(" ")[0] == task)
                       for task in dict.fromkeys(example.task for example in examples))
        found = super().scores(examples, predictions)
        del found["bleu"]                                      # of an answer in one word
        return {"average": average, **own, **found}

    def constant(self, train, examples):
        """What somebody writes who reads the name of the task alone: its commonest answer."""
        return as_text.commonest(train, examples)

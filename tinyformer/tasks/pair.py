"""In which relation do two texts stand?  The same words, an entailment, a question and its answer."""

from typing import Any

from tinyformer.data.labelled import pair_rows
from tinyformer.data.readers import PairExample
from tinyformer.models import PairClassifier
from tinyformer.tasks.classify import Classify
from tinyformer.tasks.task import TYPED


class Pair(Classify):
    """One class for two texts."""

    name = "pair"
    head: Any = PairClassifier
    parts = ("first", "second", "label")
    takes = (2, "two texts")
    texts = shown = ("first", "second")

    def example(self, first, second, *, number):
        return PairExample(first, second, None, TYPED, number)

    def rows(self, examples, tokenizer, labels, options):
        return pair_rows(examples, tokenizer, labels, options.max_length)

"""Which heads can a model be given?  One file each, and everything about a head stands in its own."""

from typing import Any

from tinyformer.errors import InputError
from tinyformer.opening import Table

TASKS = Table({
    "classify": "tinyformer.tasks.classify:Classify()",
    "multilabel": "tinyformer.tasks.multilabel:Multilabel()",
    "tag": "tinyformer.tasks.tag:Tag()",
    "pair": "tinyformer.tasks.pair:Pair()",
    "score": "tinyformer.tasks.score:Score()",
    "answer": "tinyformer.tasks.answer:Answer()",
    "rewrite": "tinyformer.tasks.rewrite:Rewrite()",
    "follow": "tinyformer.tasks.follow:Follow()",
})


def task_of(model) -> Any:
    """The task that a model has learned, by the head it carries; InputError for a model without one."""
    for task in TASKS.values():
        if task.carried_by(model):
            return task
    raise InputError(f"the model is a {type(model).__name__} and carries no head; finetune makes one that does")

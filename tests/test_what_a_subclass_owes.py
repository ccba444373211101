"""Does what lacks a part that its kind must have (a head, an objective, ...) say which, when that part is asked for?"""

import inspect

import pytest

from tinyformer.data.picture_batches import PictureBatches
from tinyformer.models.parts.reader import Reader
from tinyformer.page.expected import Writing
from tinyformer.pretraining.objective import Objective
from tinyformer.pretraining.preferences.method import Method
from tinyformer.tasks.task import Task

OWED = [(Task, name) for name in ("example", "rows", "predict", "scores", "constant", "collapsed")]
OWED += [(Objective, name) for name in ("read", "make_batches", "make_model")]
OWED += [(Method, "prepare"), (Method, "said")]
OWED += [(Reader, "vectors"), (Writing, "ask"), (PictureBatches, "make")]


@pytest.mark.parametrize("kind, name", OWED, ids=lambda value: getattr(value, "__name__", value))
def test_it_says_what_to_define(kind, name):
    class Half(kind):
        """What somebody has begun to write."""

    half = Half.__new__(Half)
    method = getattr(half, name)
    asked = inspect.signature(method).parameters.values()
    wanted = {p.name: None for p in asked if p.kind is p.KEYWORD_ONLY}
    with pytest.raises(NotImplementedError, match=f"Half must say .*: define {name}$"):
        method(*(None for p in asked if p.kind is p.POSITIONAL_OR_KEYWORD), **wanted)

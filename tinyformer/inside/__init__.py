"""A look inside: a model while it reads, the graph behind a tensor as a picture, and a training step as a table."""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.inside.look_inside import Look
    from tinyformer.inside.step_table import Trace
    from tinyformer.inside.stopwatch import trace

__getattr__, __dir__ = opens(__name__, look_inside="Look", step_table="Trace", stopwatch="trace")

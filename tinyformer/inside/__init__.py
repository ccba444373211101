"""A look inside: the graph behind a tensor as a picture, and a training step as a table."""

from typing import TYPE_CHECKING

from tinyformer.opening import opens

if TYPE_CHECKING:
    from tinyformer.inside.graph_of import graph_of

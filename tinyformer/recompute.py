"""How does a graph keep less?  It forgets what stood between, and computes that again when backward comes by.

Of the layers of a network backward needs everything that stands between their inputs and their outputs, which is most
of the memory of a step.  `recompute` runs a function without a graph and keeps its inputs alone.  When the gradient of
its result arrives, the function runs a second time, now with a graph, which that gradient goes through at once.  For
L layers of a positions each, L a numbers are kept and then, for one layer at a time, what stands between; the price is
one more forward pass, a third of a step.  (Chen et al. 2016, section 4.1; Griewank and Walther 2008, chapter 12.)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from tinyformer.engine import Node, Tensor, no_grad, nodes_behind, primitive


def recompute(function: Callable[..., Tensor], *inputs, **constants) -> Tensor:
    """function(*inputs, **constants), of whose graph nothing is kept but the inputs: backward runs it once more.

    The gradients are the same bit for bit, also those of leaves that the function mentions, such as weights.  Random
    generators among the arguments give the second time what they gave the first.  Whatever was computed before and
    needs a gradient must come in by position; ValueError, in backward, where the function got hold of it otherwise.
    """
    places = [place for place, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not places:                                             # in no_grad, or where nothing asks for a gradient
        return function(*inputs, **constants)
    rest = [None if place in places else x for place, x in enumerate(inputs)]
    states = [(g, _state(g)) for g in (*inputs, *constants.values()) if isinstance(g, np.random.Generator)]

    def run(tensors, again: bool) -> Tensor:
        given = list(rest)
        for place, tensor in zip(places, tensors, strict=True):
            given[place] = tensor
        with _as_before(states if again else []):
            return function(*given, **constants)

    return recomputed(*(inputs[place] for place in places), run=run)


@primitive(register=False)
def recomputed(xp, *arrays, run: Callable):
    """What `recompute` leaves in the graph: the result of a function, and its inputs."""
    with no_grad():
        out = run([Tensor(x, requires_grad=False) for x in arrays], again=False)

    def backward(dout):
        leaves, now = [Tensor(x) for x in arrays], Node(None, (), None, (), None).number
        result = run(leaves, again=True)
        if result.node is None or any(node.number < now for node in nodes_behind(result.node)):
            raise ValueError("recompute: the function uses a tensor that was computed outside of it and needs a "
                             "gradient; hand it over as one of the inputs, by position")
        result.backward(dout)
        return tuple(xp.zeros_like(leaf.data) if leaf.grad is None else leaf.grad for leaf in leaves)

    return out.data, backward


def _state(generator: np.random.Generator) -> tuple[dict, dict]:
    """All that decides what a generator gives next; those of one's own class may remember more than its bits."""
    return generator.bit_generator.state, dict(getattr(generator, "__dict__", {}))


@contextmanager
def _as_before(states: list) -> Iterator[None]:
    """Inside this block the generators give what they gave then; afterwards they stand where they stood."""
    later = [(generator, _state(generator)) for generator, _ in states]
    _put(states)
    try:
        yield
    finally:
        _put(later)


def _put(states: list) -> None:
    for generator, (bits, more) in states:
        generator.bit_generator.state = bits
        getattr(generator, "__dict__", {}).update(more)

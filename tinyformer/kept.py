"""What does a graph keep in memory until it runs backwards?  The arrays that its backwards mention, and no others.

Python holds what a function mentions in the function's closure, where it can be looked at.
"""

from types import FunctionType
from typing import Any

from tinyformer.backend import is_array
from tinyformer.engine import Tensor, nodes_behind


def kept_by(backward) -> list[tuple[str, Any]]:
    """Every array that a backward keeps, with the name by which it is mentioned, also in functions that it uses."""
    found, seen, waiting = [], set(), [("backward", backward)]
    while waiting:
        name, thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if is_array(thing):
            found.append((name, thing))
        elif isinstance(thing, list | tuple):
            waiting += [(name, part) for part in thing]
        elif isinstance(thing, FunctionType):
            waiting += [("a default", value) for value in thing.__defaults__ or ()]
            cells = [cell.cell_contents for cell in thing.__closure__ or ()]
            waiting += zip(thing.__code__.co_freevars, cells, strict=True)
    return found


def memory(array):
    """The array that the memory belongs to: a view keeps all of it alive, however little it shows."""
    while getattr(array, "base", None) is not None and is_array(array.base):
        array = array.base
    return array


def bytes_kept(result: Tensor) -> dict[str, int]:
    """How many bytes the graph behind `result` keeps until its backward has run, by the names of the ops.

    Memory that several ops keep counts once, for the first of them, and that of leaves, such as weights, not at all:
    it is there anyway.
    """
    nodes = nodes_behind(result.node)
    leaves = [parent for node in nodes for parent in node.parents if isinstance(parent, Tensor)]
    seen, found = {id(memory(leaf.data)) for leaf in leaves}, {}
    for node in nodes:
        for _, array in kept_by(node.backward):
            if id(own := memory(array)) not in seen:
                seen.add(id(own))
                found[node.op.name] = found.get(node.op.name, 0) + own.nbytes
    return found

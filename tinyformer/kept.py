"""What does a graph keep in memory until it runs backwards?  The arrays that its backwards mention, and no others.

Python holds what a function mentions in the function's closure, where it can be looked at.
"""

from types import FunctionType
from typing import Any

from tinyformer.backend import is_array
from tinyformer.engine import Node, Tensor, nodes_behind


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
    nodes, found = nodes_behind(result.node), {}
    for node, (kept, _) in zip(nodes, bytes_kept_by(nodes), strict=True):
        if kept:
            found[node.op.name] = found.get(node.op.name, 0) + kept
    return found


def bytes_kept_by(nodes: list[Node]) -> list[tuple[int, int]]:
    """For each of these nodes the bytes that it keeps, as above, and those of all arrays that its backward reads."""
    leaves = [parent for node in nodes for parent in node.parents if isinstance(parent, Tensor)]
    seen, found = {id(memory(leaf.data)) for leaf in leaves}, []
    for node in nodes:
        arrays = {id(array): array for _, array in kept_by(node.backward)}
        owners = {id(memory(array)): memory(array) for array in arrays.values()}
        found.append((sum(own.nbytes for key, own in owners.items() if key not in seen),
                      sum(array.nbytes for array in arrays.values())))
        seen |= owners.keys()
    return found
